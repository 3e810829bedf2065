//! What was interrupted is finished by the same command, and what the log has lost is revoked all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::{list, serial, zone};
use crate::harness::{TestZone, outcome, program};
use crate::support::{Refusal, Tree};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn lists_of_nodes(zone: &TestZone) -> Vec<PathBuf> {
    NODES.iter().map(|node| zone.file(&format!("nodes/{node}/pki/current/client.crl"))).collect()
}

/// As a full disk, or a kill, leaves it: recorded and listed, and no node has the list.
#[test]
fn nodes_that_did_not_get_the_list() {
    let zone = zone();
    let nodes = Tree::of(&zone.file("nodes"));
    zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
    fs::remove_dir_all(zone.file("nodes")).expect("the nodes");
    nodes.write_to(&zone.file("nodes"));
    let wanted = fs::read(zone.file("ca/client.crl")).expect("a list");
    for path in lists_of_nodes(&zone) {
        assert_ne!(fs::read(path).expect("a list"), wanted);
    }
    let told = zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
    assert!(told.stderr.contains("client/backup is revoked already"), "{}", told.stderr);
    for path in lists_of_nodes(&zone) {
        assert_eq!(fs::read(path).expect("a list"), wanted);
    }
    let before = Tree::of(&zone.path());
    zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
    Tree::of(&zone.path()).assert_same_as(&before, "a third time");
}

/// The lists are there, and the files of the client are in their place still.
#[test]
fn a_client_that_was_not_put_aside() {
    let zone = zone();
    let clients = Tree::of(&zone.file("clients/backup"));
    zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
    fs::remove_dir_all(zone.file("clients/backup.revoked-1")).expect("the client");
    clients.write_to(&zone.file("clients/backup"));
    zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
    assert!(!zone.file("clients/backup").exists());
    assert!(zone.file("clients/backup.revoked-1/current/client.key").exists());
}

/// A log that was put back from a copy, or has lost its end, does not know of the certificate that is in use.
#[test]
fn a_certificate_that_the_log_has_lost() {
    for target in ["client/backup", "serial"] {
        let zone = zone();
        let serial = serial(&zone, "clients/backup/current/client.crt");
        let log = fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
        let kept: Vec<&str> = log.lines().filter(|line| !line.contains("client/backup")).collect();
        fs::write(zone.file("issued.jsonl"), kept.join("\n") + "\n").expect("the log");
        let found = zone.run(&["pki", "check"]).expect_code(65).stdout;
        assert!(
            found.contains("client/backup") && found.contains("issued.jsonl does not have it"),
            "{found}"
        );
        let target = if target == "serial" { &serial } else { target };
        zone.run(&["pki", "revoke", target]).expect_code(0);
        assert!(list(&zone, "client").contains(&serial), "{target}");
        zone.run(&["pki", "issue", "--client", "backup"]).expect_refusal(65, &["client/backup was revoked"]);
    }
}

/// The generations that had it are gone as well; its bundle is recorded.
#[test]
fn a_certificate_that_only_the_record_of_a_bundle_has() {
    let zone = zone();
    let serial = serial(&zone, "nodes/node2/pki/current/client.crt");
    let out = zone.around().join("out");
    outcome(zone.command(&["bundle", "node2", "--no-encryption"]).arg("--out").arg(out)).expect_code(0);
    fs::remove_dir_all(zone.file("nodes/node2")).expect("its directory");
    let log = fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    let kept: Vec<&str> = log.lines().filter(|line| !line.contains("node2")).collect();
    fs::write(zone.file("issued.jsonl"), kept.join("\n") + "\n").expect("the log");
    // A file is carried to it, so nobody knows from here which list it uses.
    zone.run(&["pki", "revoke", "node2"]).expect_code(0);
    assert!(list(&zone, "client").contains(&serial));
    zone.run(&["pki", "issue", "node2"]).expect_refusal(65, &["node2 was revoked"]);
}

/// Files are carried to these nodes: as long as no member was tried, nobody knows which list it uses.
#[test]
fn a_list_that_is_carried_is_not_known_to_be_in_use() {
    let zone = zone();
    let out = zone.around().join("out");
    outcome(zone.command(&["bundle", "--no-encryption"]).arg("--out").arg(out)).expect_code(0);
    let told = zone.run(&["pki", "revoke", "client/backup"]).expect_code(69);
    for node in NODES {
        let unknown = format!("whether {node} uses the new list is not known");
        assert!(told.stderr.contains(&unknown), "{}", told.stderr);
    }
    assert!(
        told.stderr.contains("zone-etcd bundle node1 node2 node3 --out DIR --no-encryption"),
        "{}",
        told.stderr
    );
}

/// What is proposed works as typed, and seals to whom the last files were sealed.
#[test]
fn the_bundles_that_are_proposed_are_sealed_as_the_last_ones() {
    let zone = zone();
    let (out, passphrase) = (zone.around().join("out"), zone.around().join("FILE"));
    fs::write(&passphrase, "correct horse battery\n").expect("a passphrase");
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).expect("its mode");
    let keys = NODES.map(|node| format!("{node}={}", age::x25519::Identity::generate().to_public()));
    let recipients: Vec<&str> = keys.iter().flat_map(|key| ["--recipient", key.as_str()]).collect();
    let by_passphrase = ["--passphrase-file", passphrase.to_str().expect("UTF-8")];
    for (seal, client) in
        [(&recipients[..], "backup"), (&by_passphrase[..], "apiserver"), (&["--no-encryption"][..], "other")]
    {
        zone.run(&["pki", "issue", "--client", client]).expect_code(0);
        outcome(zone.command(&["bundle"]).args(seal).arg("--out").arg(&out)).expect_code(0);
        let told = zone.run(&["pki", "revoke", &format!("client/{client}")]).expect_code(69);
        let start = told.stderr.find("zone-etcd bundle").expect("a command");
        let proposed = told.stderr[start..].lines().next().expect("a line");
        // The command stands alone: a shell takes it as it is.
        let program = program();
        let typed = proposed.replacen("zone-etcd", &program.to_string_lossy(), 1);
        outcome(Command::new("sh").args(["-c", &typed]).current_dir(zone.around())).expect_code(0);
        let sealed: Vec<serde_json::Value> = fs::read_to_string(zone.file("bundles.jsonl"))
            .expect("the log")
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let [.., before, last] = &sealed[..] else { panic!("no bundles") };
        assert_eq!((&before["seal"], &last["node"]), (&last["seal"], &"node3.example.zone".into()));
        let earlier = sealed.iter().rev().filter(|record| record["node"] == last["node"]).nth(1);
        assert_eq!(earlier.expect("the one before")["sealed_to"], last["sealed_to"], "{proposed}");
        fs::remove_dir_all(zone.around().join("DIR")).expect("what was made");
    }
}

/// The log of bundles of a large zone is larger than anything that is read whole.
#[test]
fn a_node_whose_bundle_is_in_a_long_log_is_not_forgotten() {
    let zone = zone();
    let out = zone.around().join("out");
    outcome(zone.command(&["bundle", "--no-encryption"]).arg("--out").arg(out)).expect_code(0);
    let path = zone.file("bundles.jsonl");
    let log = fs::read(&path).expect("the log");
    let line = [vec![b' '; 1023], vec![b'\n']].concat();
    fs::write(&path, [line.repeat(65 << 10), log].concat()).expect("the log");
    zone.run(&["pki", "revoke", "client/backup"])
        .expect_code(69)
        .expect_error_with(&["whether node2 uses the new list is not known"]);
}

/// What is taken over goes the same ways as what is revoked, and is as little known to be in use.
#[test]
fn a_list_that_is_taken_over_is_carried_too() {
    let zone = zone();
    let copy = TestZone::empty();
    Tree::of(&zone.path()).write_to(&copy.path());
    zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
    let out = copy.around().join("out");
    outcome(copy.command(&["bundle", "--no-encryption"]).arg("--out").arg(out)).expect_code(0);
    let list = zone.file("ca/client.crl").display().to_string();
    let told = copy.run(&["pki", "revoke", "--adopt-list", &list]).expect_code(69);
    assert!(told.stderr.contains("whether node1 uses the new list is not known"), "{}", told.stderr);
    assert!(
        told.stderr.contains("zone-etcd bundle node1 node2 node3 --out DIR --no-encryption"),
        "{}",
        told.stderr
    );
}
