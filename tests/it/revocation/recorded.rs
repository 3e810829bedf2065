//! What is recorded and listed, and what becomes of those who held it.

use std::fs;

use super::{list, revoked, serial, zone};
use crate::harness::TestZone;
use crate::support::{Refusal, Tree};

#[test]
fn a_client_is_listed_recorded_and_put_aside() {
    let zone = zone();
    let serial = serial(&zone, "clients/backup/current/client.crt");
    let rows = revoked(&zone, &["client/backup", "--reason", "keycompromise"]);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["serial"], &rows[0]["holder"]),
        (&serial.to_lowercase().into(), &"client/backup".into())
    );
    assert_eq!((&rows[0]["role"], &rows[0]["reason"]), (&"client".into(), &"keyCompromise".into()));
    // Nobody is there to be asked.
    let members = rows[0]["members"].as_array().expect("members");
    assert!(members.len() == 3 && members.iter().all(|member| member["reception"] == "unknown"), "{rows:?}");

    let text = list(&zone, "client");
    assert!(text.contains(&format!("Serial Number: {serial}")) && text.contains("Key Compromise"), "{text}");
    assert!(text.contains("X509v3 CRL Number: \n                2"), "{text}");
    assert!(list(&zone, "peer").contains("No Revoked Certificates"));
    let given = fs::read(zone.file("ca/client.crl")).expect("a list");
    for node in ["node1", "node2", "node3"] {
        let has = fs::read(zone.file(&format!("nodes/{node}/pki/current/client.crl"))).expect("a list");
        assert_eq!(has, given, "{node} has the list");
    }
    let log = fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    assert!(log.lines().last().expect("a line").contains("\"revoked\":{\"at\":"), "{log}");

    // Nobody renews it, and who wants another says so.
    assert!(!zone.file("clients/backup").exists());
    assert!(zone.file("clients/backup.revoked-1/current/client.key").exists(), "nothing is deleted");
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    assert!(!zone.file("clients/backup").exists());
    zone.run(&["pki", "issue", "--client", "backup"]).expect_refusal(65, &["client/backup was revoked"]);
    zone.run(&["pki", "issue", "--client", "backup", "--reinstate"]).expect_code(0);
    assert_ne!(super::serial(&zone, "clients/backup/current/client.crt"), serial);
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn a_client_that_is_always_there_has_another_certificate_at_once() {
    let zone = zone();
    let before = serial(&zone, "clients/admin/current/client.crt");
    revoked(&zone, &["client/admin"]);
    assert_ne!(serial(&zone, "clients/admin/current/client.crt"), before);
    assert!(list(&zone, "client").contains(&before));
}

#[test]
fn a_node_loses_every_certificate_that_it_has() {
    let zone = zone();
    let told = zone.run(&["pki", "revoke", "node2"]).expect_code(0);
    assert!(told.stderr.contains("so that of node2 is in the cluster still"), "{}", told.stderr);
    for (role, plane) in [("peer", "peer"), ("server", "client"), ("gateway", "client"), ("client", "client")]
    {
        let serial = serial(&zone, &format!("nodes/node2/pki/current/{role}.crt"));
        assert!(list(&zone, plane).contains(&serial), "{role}");
    }
    // It gets nothing by the way when somebody else is revoked.
    let before = serial(&zone, "nodes/node2/pki/current/peer.crt");
    revoked(&zone, &["client/backup"]);
    assert_eq!(serial(&zone, "nodes/node2/pki/current/peer.crt"), before);
    zone.run(&["run", "--node", "node2"])
        .expect_refusal(65, &["node2 was revoked", "its peer certificate with the serial number"]);
    assert_eq!(serial(&zone, "nodes/node2/pki/current/peer.crt"), before);
    // What is made for it again is another certificate.
    let told = zone.run(&["pki", "issue", "node2", "--reinstate"]).expect_code(0);
    assert!(told.stderr.contains("issued 4 certificates"), "{}", told.stderr);
    assert_ne!(serial(&zone, "nodes/node2/pki/current/peer.crt"), before);
}

/// It goes on serving, and is to refuse what was revoked as the others do. Its own certificates stay as they
/// are.
#[test]
fn the_node_whose_certificate_was_revoked_has_the_list_too() {
    let zone = zone();
    let current =
        |file: &str| fs::read(zone.file(&format!("nodes/node2/pki/current/{file}"))).expect("a file");
    let before = ["client.crt", "client.key", "server.crt", "peer.key"].map(current);
    revoked(&zone, &[&serial(&zone, "nodes/node2/pki/current/client.crt")]);
    assert_eq!(current("client.crl"), fs::read(zone.file("ca/client.crl")).expect("the list"));
    assert!(["client.crt", "client.key", "server.crt", "peer.key"].map(current) == before);
}

#[test]
fn one_certificate_by_its_number_in_any_form() {
    for form in [str::to_lowercase, str::to_owned, with_colons as fn(&str) -> String] {
        let zone = zone();
        let serial = serial(&zone, "nodes/node1/pki/current/gateway.crt");
        let rows = revoked(&zone, &[&form(&serial)]);
        assert_eq!((rows.len(), &rows[0]["role"]), (1, &"gateway".into()));
        assert!(list(&zone, "client").contains(&serial));
    }
}

fn with_colons(serial: &str) -> String {
    let pairs: Vec<&str> = (0..serial.len() / 2).map(|index| &serial[2 * index..2 * index + 2]).collect();
    pairs.join(":")
}

/// A list only grows, and its number with it.
#[test]
fn what_was_listed_stays_listed() {
    let zone = zone();
    let first = serial(&zone, "clients/backup/current/client.crt");
    let second = serial(&zone, "clients/health/current/client.crt");
    revoked(&zone, &["client/backup"]);
    revoked(&zone, &["client/health", "--reason", "superseded"]);
    let text = list(&zone, "client");
    assert!(text.contains(&first) && text.contains(&second) && text.contains("Superseded"), "{text}");
    assert!(text.contains("X509v3 CRL Number: \n                3"), "{text}");
}

/// Recorded and not listed: the next call puts it on the list, whatever it is asked for.
#[test]
fn what_an_interruption_left_out_is_listed_by_the_next_call() {
    let zone = zone();
    let old = fs::read(zone.file("ca/client.crl")).expect("a list");
    let serial = serial(&zone, "clients/backup/current/client.crt");
    revoked(&zone, &["client/backup"]);
    restore(&zone, &old);
    assert!(!list(&zone, "client").contains(&serial));
    revoked(&zone, &["client/backup"]);
    assert!(list(&zone, "client").contains(&serial));
    restore(&zone, &old);
    revoked(&zone, &["client/health"]);
    assert!(list(&zone, "client").contains(&serial));
    let done = Tree::of(&zone.path());
    assert!(done.paths().all(|path| !path.to_string_lossy().contains(".staged")), "nothing is left over");
}

fn restore(zone: &TestZone, list: &[u8]) {
    fs::write(zone.file("ca/client.crl"), list).expect("the old list");
}
