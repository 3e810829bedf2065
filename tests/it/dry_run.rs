//! `--dry-run` where no member runs: what would be done is told, and nothing is.

use serde_json::Value;

use crate::harness::{Outcome, TestZone};
use crate::support::{Tree, three_members_issued};

fn zone() -> TestZone {
    let zone = three_members_issued();
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    zone
}

/// Runs it, and sees that the zone directory stays byte for byte as it was.
#[track_caller]
fn dry(zone: &TestZone, arguments: &[&str]) -> Outcome {
    let before = Tree::of(&zone.path());
    let told = zone.run(&[arguments, &["--dry-run"]].concat());
    Tree::of(&zone.path()).assert_same_as(&before, &arguments.join(" "));
    told
}

#[track_caller]
fn listed(zone: &TestZone, arguments: &[&str]) -> Value {
    let told = dry(zone, &[arguments, &["--format", "json"]].concat()).expect_code(0);
    serde_json::from_str(&told.stdout).expect("JSON")
}

/// The steps of one kind, with their nodes.
fn steps<'l>(listed: &'l Value, kind: &str) -> Vec<(Option<&'l str>, &'l str)> {
    let steps = listed["steps"].as_array().expect("steps").iter().filter(|step| step["step"] == kind);
    steps.map(|step| (step["node"].as_str(), step["what"].as_str().expect("text"))).collect()
}

#[test]
fn a_revocation_is_listed_as_it_is_carried_out() {
    let zone = zone();
    let listed = listed(&zone, &["pki", "revoke", "client/backup"]);
    let changes = steps(&listed, "change");
    let told = zone.run(&["pki", "revoke", "client/backup", "--format", "json"]).expect_code(0);
    let revoked: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let serial = revoked[0]["serial"].as_str().expect("a number");
    assert!(changes[0].1.contains(serial), "{changes:?}");
    assert_eq!(changes[1].0, Some("client/backup"), "{changes:?}");
    let aside = zone.file("clients/backup.revoked-1");
    assert!(changes[1].1.contains(&aside.display().to_string()) && aside.exists(), "{changes:?}");
}

#[test]
fn a_node_that_is_revoked_leaves_first() {
    let zone = zone();
    let told = dry(&zone, &["pki", "revoke", "node1"]).expect_code(0).stdout;
    let steps: Vec<&str> = told.split("\n\n").nth(1).expect("steps").lines().skip(1).collect();
    assert!(steps[0].contains("its member leaves"), "{told}");
    assert!(told.ends_with("\nnothing was changed\n"), "{told}");
}

#[test]
fn gates_that_are_closed_say_the_exit_code() {
    let zone = zone();
    let told = dry(&zone, &["pki", "revoke", "client/none"]).expect_code(66);
    assert!(told.stdout.contains("closed  there is nothing to revoke for client/none"), "{}", told.stdout);
    zone.run(&["pki", "revoke", "node2"]).expect_code(0);
    let told = dry(&zone, &["pki", "renew", "node1", "node2"]).expect_code(65);
    assert!(told.stdout.contains("closed  node2 was revoked"), "{}", told.stdout);
    assert!(told.stdout.contains("change  node1"), "the others are listed: {}", told.stdout);
    dry(&zone, &["pki", "rotate-ca"]).expect_code(64);
    dry(&zone, &["restart", "--node", "node1"]).expect_code(69);
}

#[test]
fn renewals_are_listed_by_holder_with_what_is_due() {
    let zone = zone();
    let listed_all = listed(&zone, &["pki", "renew", "--all", "--role", "server"]);
    let changes = steps(&listed_all, "change");
    let nodes: Vec<&str> = changes.iter().filter_map(|(node, _)| *node).collect();
    assert_eq!(nodes, ["node1", "node2", "node3"], "{changes:?}");
    assert!(changes.iter().all(|(_, what)| what.ends_with(": server")), "{changes:?}");
    let told = zone.run(&["pki", "renew", "--all", "--role", "server", "--format", "json"]).expect_code(0);
    let renewed: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let holders = renewed.as_array().expect("rows").iter().map(|row| row["holder"].as_str().expect("a name"));
    assert_eq!(holders.collect::<Vec<_>>(), nodes);
    assert!(steps(&listed(&zone, &["pki", "renew", "--all", "--due"]), "change").is_empty());
}

#[test]
fn a_rotation_that_is_carried_in_files_is_listed() {
    let zone = zone();
    let out = zone.around().join("out");
    let out = out.to_str().expect("a path");
    let listed = listed(&zone, &["pki", "rotate-ca", "--out", out, "--no-encryption"]);
    let bundles = steps(&listed, "deliver");
    assert_eq!(bundles.iter().filter(|(node, _)| *node == Some("node2")).count(), 3, "{bundles:?}");
    assert!(bundles.iter().all(|(_, what)| what.contains(out)), "{bundles:?}");
    assert!(!zone.around().join("out").exists());
}
