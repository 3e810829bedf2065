//! What was revoked stays revoked, whatever has become of the certificates since and whoever signs now.

use std::fs;

use store::zone_directory::{CaPassphrase, RotationScope, ZoneDirectory, prepare_next, switch};
use time::{Duration, OffsetDateTime};

use super::zone;
use crate::harness::clock::turn;
use crate::harness::{Outcome, TestZone, outcome};
use crate::support::Refusal;

fn later(zone: &TestZone, arguments: &[&str]) -> Outcome {
    let mut command = zone.command(arguments);
    outcome(turn(&mut command, Duration::days(250)))
}

/// How many certificates were issued to a holder.
fn issued_to(zone: &TestZone, holder: &str) -> usize {
    let log = fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    let of_holder = format!("\"node\":\"{holder}\"");
    log.lines().filter(|line| line.contains(&of_holder) && !line.contains("\"revoked\"")).count()
}

/// Its certificates are past two thirds of their life: reason enough for anybody else to get new ones.
#[test]
fn a_node_gets_nothing_when_its_certificates_are_due() {
    for lost in [None, Some("nodes/node2/pki/current/server.crt"), Some("nodes/node2")] {
        let zone = zone();
        zone.run(&["pki", "revoke", "node2"]).expect_code(0);
        if let Some(lost) = lost {
            let path = zone.file(lost);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("it is lost");
        }
        let before = issued_to(&zone, "node2.example.zone");
        let [out, kit] = ["out", "kit"].map(|name| zone.around().join(name).display().to_string());
        for of_all in [
            &["pki", "renew", "--all", "--due"][..],
            &["pki", "renew", "--all"],
            &["pki", "issue", "--all"],
            &["bundle", "--no-encryption", "--out", &out],
        ] {
            let told = later(&zone, of_all).expect_code(0);
            assert!(told.stderr.contains("left out, because revoked: node2"), "{of_all:?}: {}", told.stderr);
        }
        assert!(!zone.around().join("out/node2.bundle").exists());
        for of_it in [
            &["pki", "issue", "node2"][..],
            &["pki", "issue", "node2.example.zone", "node3"],
            &["pki", "renew", "node2"],
            &["pki", "renew", "node2", "--due"],
            &["bundle", "node2", "--no-encryption", "--out", &out],
            &["pki", "export", "node2", "--layout", "pem", "--out", &kit],
            &["run", "--node", "node2"],
        ] {
            // Without its directory, what its member may have forgotten is told first.
            if of_it[0] == "run" && lost == Some("nodes/node2") {
                continue;
            }
            later(&zone, of_it).expect_refusal(
                65,
                &["node2 was revoked, and gets no certificates", "pki issue node2 --reinstate"],
            );
        }
        assert_eq!(issued_to(&zone, "node2.example.zone"), before, "{lost:?}");

        later(&zone, &["pki", "issue", "node2", "--reinstate"]).expect_code(0);
        assert_eq!(issued_to(&zone, "node2.example.zone"), before + 4);
        let log = fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
        assert_eq!(log.matches("\"reinstated\":true").count(), 4, "{log}");
        // It was said once, and holds until the next revocation.
        later(&zone, &["pki", "renew", "node2"]).expect_code(0);
        zone.run(&["pki", "issue", "--all", "--reinstate"]).expect_code(64);
    }
}

/// Another CA is a reason to issue to everybody else.
#[test]
fn nobody_revoked_gets_a_certificate_of_a_new_ca() {
    let zone = zone();
    zone.run(&["pki", "revoke", "node2"]).expect_code(0);
    let before = issued_to(&zone, "node2.example.zone");
    let directory =
        ZoneDirectory::open(&zone.path(), CaPassphrase::new(None, None).expect("none")).expect("a zone");
    let now = OffsetDateTime::now_utc();
    let held = directory.lock().expect("the lock");
    for step in [prepare_next, switch] {
        let authorities = held.authorities(now).expect("the CAs");
        step(&directory, &authorities, RotationScope::Planes, now).expect("a step");
    }
    drop(held);
    let told = zone.run(&["pki", "issue", "--all"]).expect_code(0);
    assert!(told.stderr.contains("left out, because revoked: node2"), "{}", told.stderr);
    zone.run(&["pki", "issue", "node2"]).expect_refusal(65, &["node2 was revoked"]);
    assert_eq!(issued_to(&zone, "node2.example.zone"), before);
}

/// A list need not name what has expired, and who holds it is to have no other.
#[test]
fn a_node_whose_certificates_have_expired_is_revoked_too() {
    let zone = zone();
    let after = |arguments: &[&str]| outcome(turn(&mut zone.command(arguments), Duration::days(400)));
    after(&["pki", "revoke", "node2"]).expect_code(0);
    after(&["pki", "issue", "node2"]).expect_refusal(65, &["node2 was revoked"]);
}

/// `zone.toml` tells which node a short name means, and after it is gone the zone's name does.
#[test]
fn a_node_that_is_no_more_described_is_revoked_by_either_name() {
    for name in ["node3", "node3.example.zone", "NODE3"] {
        let zone = zone();
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let third = text.rfind("[[node]]").expect("the third node");
        fs::write(zone.file("zone.toml"), &text[..third]).expect("zone.toml");
        zone.run(&["pki", "revoke", name]).expect_code(0);
        fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        zone.run(&["pki", "issue", "node3"]).expect_refusal(65, &["node3 was revoked"]);
    }
}

/// A certificate that was replaced before it was revoked says nothing of its holder.
#[test]
fn the_serial_number_of_a_replaced_certificate_revokes_no_holder() {
    let zone = zone();
    let old = super::serial(&zone, "nodes/node2/pki/current/server.crt");
    zone.run(&["pki", "renew", "node2"]).expect_code(0);
    zone.run(&["pki", "revoke", &old]).expect_code(0);
    zone.run(&["pki", "renew", "node2"]).expect_code(0);
    let new = super::serial(&zone, "nodes/node2/pki/current/server.crt");
    zone.run(&["pki", "revoke", &new]).expect_code(0);
    zone.run(&["pki", "renew", "node2"]).expect_refusal(65, &["its server certificate", "--reinstate"]);
    zone.run(&["pki", "renew", "node2", "--reinstate"]).expect_code(0);
}

/// The mark of a certificate repeats what was recorded of it, and that it was issued to a holder that was let
/// in again lets nobody in.
#[test]
fn a_holder_that_was_let_in_again_is_revoked_as_any_other() {
    let zone = zone();
    zone.run(&["pki", "revoke", "node2"]).expect_code(0);
    zone.run(&["pki", "issue", "node2", "--reinstate"]).expect_code(0);
    // The marks are in the order of the serial numbers, which are random: of the certificates before and
    // after a renewal.
    for _ in 0..6 {
        zone.run(&["pki", "renew", "node2"]).expect_code(0);
        zone.run(&["pki", "revoke", "node2"]).expect_code(0);
        let told = zone.run(&["pki", "issue", "node2"]).expect_refusal(65, &["node2 was revoked"]);
        assert_eq!(told.stderr.matches("was revoked at").count(), 4, "each role: {}", told.stderr);
        zone.run(&["pki", "issue", "node2", "--reinstate"]).expect_code(0);
    }
}
