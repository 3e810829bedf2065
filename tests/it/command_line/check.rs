//! `pki check`: each thing that can be wrong is found and named, and exit is 65.

use std::os::unix::fs::PermissionsExt;

use super::json;
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{Tree, append};

fn zone() -> TestZone {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1", "node2=10.0.1.2", "node3=10.0.1.3"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone
}

/// Asserts that the check finds this of this holder and role, and says how to fix it; then that this fixes
/// it.
#[track_caller]
fn found(zone: &TestZone, holder: &str, role: &str, text: &str) {
    let before = Tree::of(&zone.path());
    let listed = zone.run(&["pki", "check", "--format", "json"]).expect_code(65);
    Tree::of(&zone.path()).assert_same_as(&before, "pki check");
    let findings = json(&listed.stdout);
    let findings = findings.as_array().expect("a list");
    let is_it = |row: &&serde_json::Value| {
        row["node"] == holder
            && row["role"] == role
            && row["finding"].as_str().is_some_and(|said| said.contains(text))
    };
    let finding = findings
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no `{text}` of {role} of {holder} in {findings:#?}"));
    let table = zone.run(&["pki", "check"]).expect_code(65);
    assert!(
        table.stdout.lines().any(|line| line.starts_with(holder) && line.contains(text)),
        "{}",
        table.stdout
    );
    let next = finding["next"].as_str().expect("a next step");
    if next.starts_with("zone-etcd ") {
        // To the letter, the zone with it.
        let arguments: Vec<&str> = next.split(' ').skip(1).collect();
        outcome(&mut zone_etcd(arguments)).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(0);
    } else {
        assert!(!next.is_empty());
    }
}

#[test]
fn nothing() {
    let zone = zone();
    let checked = zone
        .run(&["pki", "check"])
        .expect_code(0)
        .expect_error_with(&["every certificate of example.zone is in order"]);
    assert_eq!(checked.stdout, "");
    assert_eq!(zone.run(&["pki", "check", "--format", "json"]).expect_code(0).stdout.trim(), "[]");
}

#[test]
fn a_certificate_that_is_missing() {
    let zone = zone();
    std::fs::remove_file(zone.file("nodes/node2/pki/current/gateway.crt")).expect("removed");
    found(&zone, "node2", "gateway", "missing");
    append(&zone.file("zone.toml"), "\n[pki]\nclients = [\"apiserver\"]\n");
    found(&zone, "client/apiserver", "client", "missing");
}

#[test]
fn a_key_that_is_missing() {
    let zone = zone();
    std::fs::remove_file(zone.file("nodes/node2/pki/current/server.key")).expect("removed");
    found(&zone, "node2", "server", "server.key");
}

#[test]
fn a_key_that_is_not_of_its_certificate() {
    let zone = zone();
    let current = zone.file("nodes/node1/pki/current");
    std::fs::copy(current.join("server.key"), current.join("peer.key")).expect("copied");
    found(&zone, "node1", "peer", "peer.key is not the key of peer.crt");
}

#[test]
fn a_key_that_others_can_read() {
    let zone = zone();
    let key = zone.file("clients/admin/current/client.key");
    std::fs::set_permissions(key, PermissionsExt::from_mode(0o644)).expect("a mode");
    found(&zone, "client/admin", "client", "its mode is 0644");
}

#[test]
fn a_certificate_that_is_damaged() {
    let zone = zone();
    std::fs::write(zone.file("nodes/node3/pki/current/client.crt"), "garbage").expect("the damage");
    found(&zone, "node3", "node-client", "unusable: client.crt");
}

#[test]
fn certificates_of_another_ca() {
    let zone = zone();
    for file in ["peer.crt", "peer.key", "peer.crl"] {
        std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
    }
    zone.run(&["init"]).expect_code(0);
    let listed = zone.run(&["pki", "check"]).expect_code(65).stdout;
    let of_peers =
        listed.lines().filter(|line| line.contains("peer") && line.contains("issued by another CA")).count();
    assert_eq!(of_peers, 3, "{listed}");
    assert!(!listed.contains("server  issued by another CA"), "{listed}");
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn trust_files_that_are_stale() {
    for file in ["peer.crl", "client.crl", "peer-ca.crt", "client-ca.crt", "ca.crt"] {
        let zone = zone();
        let path = zone.file("nodes/node1/pki/current").join(file);
        let mut bytes = std::fs::read(&path).expect("a trust file");
        bytes.push(b'\n');
        std::fs::write(&path, bytes).expect("written");
        found(&zone, "node1", "trust", "differ from the zone's");
    }
    let zone = zone();
    std::fs::remove_file(zone.file("nodes/node1/pki/current/peer.crl")).expect("removed");
    found(&zone, "node1", "trust", "differ from the zone's");
}

#[test]
fn a_ca_key_that_others_can_read() {
    for stem in ["root", "peer", "client"] {
        let zone = zone();
        let key = zone.file(&format!("ca/{stem}.key"));
        std::fs::set_permissions(key, PermissionsExt::from_mode(0o640)).expect("a mode");
        found(&zone, "ca", &format!("{stem} CA"), "its mode is 0640");
    }
}

#[test]
fn a_ca_key_that_is_not_of_its_certificate() {
    let zone = zone();
    let key = std::fs::read(zone.file("ca/peer.key")).expect("a key");
    std::fs::write(zone.file("ca/client.key"), key).expect("written");
    found(&zone, "ca", "client CA", "not the key of the certificate");
}

#[test]
fn everything_at_once() {
    let zone = zone();
    std::fs::remove_file(zone.file("nodes/node1/pki/current/peer.crt")).expect("removed");
    std::fs::write(zone.file("nodes/node2/pki/current/server.crt"), "").expect("emptied");
    std::fs::write(zone.file("clients/health/current/client.key"), "").expect("emptied");
    let findings = json(&zone.run(&["pki", "check", "--format", "json"]).expect_code(65).stdout);
    let holders: Vec<&str> =
        findings.as_array().expect("a list").iter().filter_map(|row| row["node"].as_str()).collect();
    assert_eq!(holders, ["node1", "node2", "client/health"]);
}
