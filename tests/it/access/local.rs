//! One machine with three node directories: everything is brought by the command itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{assert_same, read, renewed, stand_in, there, with_command, zone};
use crate::harness::{outcome, program};
use crate::support::{Refusal, Tree, replace_in};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

#[test]
fn what_is_new_is_brought_and_no_file_is_left_on_the_way() {
    let zone = zone();
    for row in renewed(&zone, &["--all"]) {
        let is_node = NODES.contains(&row["holder"].as_str().expect("a name"));
        assert_eq!(row["served"], if is_node { "delivered" } else { "not-asked" }, "{row}");
    }
    NODES.iter().for_each(|node| assert_same(&zone, node));
    let described = read(&there(&zone, "node1").join("pki/current/zone.toml"));
    assert!(!String::from_utf8(described).expect("text").contains("access"), "nodes are not told");
    let key = there(&zone, "node1").join("pki/current/peer.key");
    assert_eq!(fs::metadata(key).expect("a key").permissions().mode() & 0o777, 0o600);
    let all = Tree::of(zone.around());
    let bundles: Vec<_> =
        all.paths().filter(|path| path.to_string_lossy().contains(".bundle")).collect::<Vec<_>>();
    assert!(bundles.is_empty(), "{bundles:?}");
    // It is the first one, and the node knows the zone from now on.
    let plan =
        outcome(crate::harness::zone_etcd(["plan", "--config"]).arg(there(&zone, "node1").join("node.json")));
    assert!(plan.expect_code(0).stdout.contains("node1.example.zone"));

    let before = read(&there(&zone, "node2").join("pki/current/peer.crt"));
    let rows = renewed(&zone, &["node1", "--role", "server"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_same(&zone, "node1");
    assert_eq!(read(&there(&zone, "node2").join("pki/current/peer.crt")), before, "nobody asked for it");
    let log = String::from_utf8(read(&zone.file("bundles.jsonl"))).expect("text");
    assert_eq!(log.lines().count(), 4, "{log}");
}

#[test]
fn what_a_node_has_is_not_made_again() {
    let zone = zone();
    renewed(&zone, &["node1"]);
    let (there, log) = (Tree::of(&there(&zone, "node1")), read(&zone.file("bundles.jsonl")));
    let told = zone.run(&["pki", "renew", "node1", "--due"]).expect_code(0);
    assert!(told.stderr.contains("nothing to renew"), "{}", told.stderr);
    Tree::of(&super::there(&zone, "node1")).assert_same_as(&there, "nothing was due");
    assert_eq!(read(&zone.file("bundles.jsonl")), log);

    // One that lost what it was given last gets that again.
    let directory = super::there(&zone, "node1");
    fs::remove_dir_all(&directory).expect("the node directory");
    zone.run(&["pki", "renew", "node1", "--due"]).expect_code(0).expect_error_with(&["has what it lacked"]);
    assert_same(&zone, "node1");
    assert_eq!(read(&zone.file("bundles.jsonl")), log, "it is the very same bundle");
}

#[test]
fn a_list_is_brought_when_something_is_revoked() {
    let zone = zone();
    renewed(&zone, &["--all"]);
    let list = |node| read(&there(&zone, node).join("pki/current/client.crl"));
    let before = list("node2");
    zone.run(&["pki", "revoke", "client/health"]).expect_code(0);
    assert_ne!(list("node2"), before);
    NODES.iter().for_each(|node| assert_same(&zone, node));

    // The node that is revoked gets none, and no new certificates by the way.
    let revoked = Tree::of(&there(&zone, "node3"));
    zone.run(&["pki", "revoke", "node3"]).expect_code(0);
    let before = list("node1");
    renewed(&zone, &["--all", "--due"]);
    assert_eq!(list("node1"), before);
    Tree::of(&there(&zone, "node3")).assert_same_as(&revoked, "it is revoked");
}

#[test]
fn a_node_without_the_list_gets_it_later() {
    let zone = zone();
    renewed(&zone, &["--all"]);
    let (directory, away) = (there(&zone, "node2"), zone.around().join("away"));
    fs::rename(&directory, &away).expect("the directory is away");
    fs::write(&directory, "in the way").expect("a file");
    let told = zone.run(&["pki", "revoke", "client/health"]).expect_code(69);
    assert!(told.stderr.contains("node2 has the old lists still"), "{}", told.stderr);
    assert!(told.stderr.contains("next: bring them the lists"), "{}", told.stderr);
    assert!(told.stderr.contains("zone-etcd pki revoke client/health --zone"), "{}", told.stderr);
    assert_same(&zone, "node3");
    fs::remove_file(&directory).expect("the file");
    fs::rename(&away, &directory).expect("it is back");
    zone.run(&["pki", "revoke", "client/health"]).expect_code(0);
    assert_same(&zone, "node2");
}

/// The node whose certificate it is serves on, and is to refuse it before anybody else.
#[test]
fn the_holder_of_a_certificate_gets_the_list_first() {
    let zone = zone();
    renewed(&zone, &["--all"]);
    let serial = crate::revocation::serial(&zone, "nodes/node2/pki/current/client.crt");
    let told = zone.run(&["pki", "revoke", &serial]).expect_code(0);
    assert!(told.stderr.contains("node2 is a member still"), "{}", told.stderr);
    NODES.iter().for_each(|node| assert_same(&zone, node));
    let log = String::from_utf8(read(&zone.file("bundles.jsonl"))).expect("text");
    let order: Vec<bool> = log.lines().skip(3).map(|line| line.contains("node2.example.zone")).collect();
    assert_eq!(order, [true, false, false], "{log}");
    // It may start with it, since its member does without.
    let local = there(&zone, "node2").join("node.json");
    let told = outcome(crate::harness::zone_etcd(["check", "--config"]).arg(local));
    assert!(told.stdout.contains("it lists this node's own client.crt"), "{}", told.stdout);
    assert_ne!(told.code, 65, "{}{}", told.stdout, told.stderr);
}

/// Its bundle cannot be made, so it has the old list, and the same command ends that once it has certificates
/// again.
#[test]
fn a_member_whose_certificates_are_not_whole_here_is_not_forgotten() {
    let zone = zone();
    renewed(&zone, &["--all"]);
    let serial = crate::revocation::serial(&zone, "nodes/node2/pki/current/client.crt");
    fs::remove_file(zone.file("nodes/node2/pki/current/server.key")).expect("a key");
    zone.run(&["pki", "revoke", &serial])
        .expect_code(69)
        .expect_error_with(&["node2 has the old lists still", "pki issue node2 --reinstate"]);
    NODES.iter().filter(|node| **node != "node2").for_each(|node| assert_same(&zone, node));
    zone.run(&["pki", "issue", "node2", "--reinstate"]).expect_code(0);
    zone.run(&["pki", "revoke", &serial]).expect_code(0);
    NODES.iter().for_each(|node| assert_same(&zone, node));
}

/// Two nodes that `[access]` leads to one directory are not mixed up.
#[test]
fn a_directory_of_another_node_is_refused() {
    let zone = with_command("PLACE/stand-in {name}", "");
    let script = stand_in(&zone, &format!("shift; exec {} \"$@\"", program().display()));
    let description = zone.file("zone.toml");
    replace_in(&description, "PLACE/stand-in", &script.display().to_string());
    replace_in(&description, "nodes-there/{name}", "nodes-there/one");
    renewed(&zone, &["node1"]);
    let before = Tree::of(&zone.file("nodes/node2/pki/current"));
    zone.run(&["pki", "renew", "node2", "--format", "json"]).expect_code(65).expect_error_with(&[
        "error: node2: standard input is for node2.example.zone",
        "this is node1.example.zone: that is active here",
        "generation 1 is in use again, as before",
    ]);
    Tree::of(&zone.file("nodes/node2/pki/current")).assert_same_as(&before, "it was put back");
    zone.run(&["pki", "renew", "--client", "nobody"]).expect_refusal(64, &["nobody"]);
}
