//! Back to the generation before, and forth again.

use std::fs;
use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, Certificate, RevocationReason, Revoked};

use super::{activate, activated, add_to_description, bundle, json, node_directory, roll_back, zone};
use crate::harness::TestZone;
use crate::support::Refusal;

/// Three bundles, one after the other.
fn three(zone: &TestZone, directory: &Path) {
    activated(zone, &bundle(zone, "node1"), directory);
    add_to_description(zone, "[etcd]\nheartbeat = \"200ms\"\nelection = \"2s\"\n");
    activate(&bundle(zone, "node1"), directory, &[]).expect_code(0);
    add_to_description(zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    activate(&bundle(zone, "node1"), directory, &[]).expect_code(0);
}

fn current(directory: &Path) -> String {
    fs::read_link(directory.join("pki/current")).expect("a link").display().to_string()
}

#[test]
fn each_rollback_goes_one_further_back() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    roll_back(&directory, &[]).expect_refusal(66, &["there is no"]);
    three(&zone, &directory);
    assert_eq!(current(&directory), "gen-3");

    let told = json(&roll_back(&directory, &["--format", "json"]).expect_code(0));
    assert_eq!((told["result"].as_str(), told["generation"].as_u64()), (Some("rolled-back"), Some(2)));
    assert_eq!((told["previous"].as_u64(), told["restart_needed"].as_bool()), (Some(3), Some(false)));
    assert_eq!(current(&directory), "gen-2");

    let told = json(&roll_back(&directory, &["--format", "json"]).expect_code(0));
    assert_eq!((told["generation"].as_u64(), told["restart_needed"].as_bool()), (Some(1), Some(true)));
    assert_eq!(told["restart_reasons"][0], "[etcd] changed");

    roll_back(&directory, &[]).expect_refusal(66, &["no generation before 1"]);
    assert_eq!(current(&directory), "gen-1");
}

#[test]
fn a_bundle_that_was_active_is_switched_to_again() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    three(&zone, &directory);
    roll_back(&directory, &[]).expect_code(0);
    let newest = zone.around().join("out/node1.bundle");
    let told = json(&activate(&newest, &directory, &["--format", "json"]).expect_code(0));
    assert_eq!((told["result"].as_str(), told["generation"].as_u64()), (Some("activated"), Some(3)));
    assert!(!directory.join("pki/gen-4").exists(), "no copy was made");
}

#[test]
fn a_damaged_generation_is_not_gone_back_to() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    three(&zone, &directory);
    fs::write(directory.join("pki/gen-2/peer.crt"), "").expect("it is damaged");
    roll_back(&directory, &[]).expect_refusal(65, &["peer.crt"]);
    assert_eq!(current(&directory), "gen-3");
}

/// Makes the zone's list of the client plane again, with this certificate in it.
fn revoke(zone: &TestZone, certificate: &Path) {
    let now = OffsetDateTime::now_utc();
    let read = |path: &Path| fs::read(path).expect("a file");
    let leaf = Certificate::from_pem(&read(certificate)).expect("a certificate");
    let authority =
        Authority::load(&read(&zone.file("ca/client.crt")), &read(&zone.file("ca/client.key")), now);
    let revoked =
        Revoked { serial: leaf.serial().to_vec(), at: now, reason: RevocationReason::KeyCompromise };
    let list = authority.expect("the CA").revocation_list(&[revoked], 2, now, now + Duration::days(30));
    fs::write(zone.file("ca/client.crl"), list.expect("a list")).expect("the list");
}

/// The other members would refuse the node, and it would let in who was revoked.
#[test]
fn what_was_revoked_since_is_not_gone_back_to() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    revoke(&zone, &directory.join("pki/gen-1/server.crt"));
    zone.run(&["pki", "issue", "node1", "--reinstate"]).expect_code(0);
    add_to_description(&zone, "[pki]\nserver_names = [\"etcd.example.zone\"]\n");
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
    let refused = [
        "gen-1 is of no use any more",
        "server.crt: client.crl of generation 2 lists it",
        "zone-etcd bundle",
    ];
    roll_back(&directory, &[]).expect_refusal(65, &refused);
    assert_eq!(current(&directory), "gen-2");
}
