//! Revocation lists only grow on a node: what was refused here is not let in again by a bundle or by a step
//! back.

use std::fs;
use std::path::{Path, PathBuf};

use zone_pki::RevocationList;

use super::{activate, activated, bundle, node_directory, roll_back, zone};
use crate::harness::TestZone;
use crate::support::{Refusal, Tree, copy_of};

fn list_in_use(directory: &Path) -> RevocationList {
    let der = fs::read(directory.join("pki/current/client.crl")).expect("a list");
    RevocationList::from_der(&der).expect("a list")
}

fn revoke(zone: &TestZone, client: &str) {
    let told = zone.run(&["pki", "revoke", client]);
    // Files are carried, so the members may have the old lists still.
    assert!(told.code == 0 || told.code == 69, "{}", told.stderr);
}

/// Makes bundles with numbers that the node does not have yet.
fn renew(zone: &TestZone, times: usize) {
    for _ in 0..times {
        bundle(zone, "node1");
        zone.run(&["pki", "renew", "node1"]).expect_code(0);
    }
}

fn zone_with_clients() -> TestZone {
    let zone = zone();
    for client in ["app", "backup"] {
        zone.run(&["pki", "issue", "--client", client]).expect_code(0);
    }
    zone
}

/// A zone that has revoked a client, its directory as it was before, and a node directory that has the list.
fn forgotten() -> (TestZone, TestZone, PathBuf) {
    let zone = zone_with_clients();
    let restored = copy_of(&zone);
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    revoke(&zone, "client/app");
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
    (zone, restored, directory)
}

/// The zone directory was put back from a copy of the day before, and has forgotten the revocation.
#[test]
fn a_bundle_of_a_restored_zone_directory_lets_nobody_in_again() {
    let (_zone, restored, directory) = forgotten();
    let in_use = list_in_use(&directory);
    assert_eq!(in_use.len(), 2, "the certificate, and the probe of the list");
    renew(&restored, 2);
    let old = bundle(&restored, "node1");

    let before = Tree::of(&directory);
    let serial: String = in_use.entries()[0].serial.iter().map(|byte| format!("{byte:02x}")).collect();
    activate(&old, &directory, &[]).expect_refusal(
        65,
        &[
            "would let in again who was revoked",
            "client.crl has the number 1, and the one in use has 2",
            &format!("client.crl does not list {serial}"),
            "--accept-older-crl",
        ],
    );
    Tree::of(&directory).assert_same_as(&before, "a list that goes back");

    activate(&old, &directory, &["--accept-older-crl"]).expect_code(0);
    assert!(list_in_use(&directory).is_empty(), "the operator has said so");
}

/// Each of two copies has revoked somebody else: the numbers are the same.
#[test]
fn a_list_of_the_same_number_without_a_certificate_is_refused() {
    let zone = zone_with_clients();
    let copy = copy_of(&zone);
    let directory = node_directory(&zone, "n1");
    revoke(&zone, "client/app");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    revoke(&copy, "client/backup");
    renew(&copy, 1);
    let refused = activate(&bundle(&copy, "node1"), &directory, &[]).expect_refusal(65, &["does not list"]);
    assert!(!refused.stderr.contains("has the number"), "{}", refused.stderr);
}

#[test]
fn the_newest_lists_stay_when_certificates_go_back() {
    let zone = zone_with_clients();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    revoke(&zone, "client/app");
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
    revoke(&zone, "client/backup");
    let newest = bundle(&zone, "node1");
    activate(&newest, &directory, &[]).expect_code(0);
    for generation in [2, 1] {
        let told = roll_back(&directory, &[]).expect_code(0);
        told.expect_error_with(&[&format!("generation {generation} is in use again")]);
        let list = list_in_use(&directory);
        assert_eq!((list.len(), list.number()), (4, Some(3)), "generation {generation}");
    }
    activate(&newest, &directory, &[]).expect_code(0);
    assert_eq!(list_in_use(&directory).len(), 4);
}

/// A list that the CAs of the generation before have not signed could not be verified there by anybody.
#[test]
fn a_step_back_that_no_list_fits_is_refused() {
    let zone = zone_with_clients();
    let directory = node_directory(&zone, "n1");
    activated(&zone, &bundle(&zone, "node1"), &directory);
    revoke(&zone, "client/app");
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
    let other = zone_with_clients();
    revoke(&other, "client/app");
    let foreign = fs::read(other.file("ca/client.crl")).expect("a list");
    // As a rotation that this node has missed a step of leaves it.
    let path = fs::read_link(directory.join("pki/current")).expect("a link");
    fs::write(directory.join("pki").join(path).join("client.crl"), foreign).expect("a list");
    roll_back(&directory, &[]).expect_refusal(65, &["client.crl", "zone-etcd bundle node1"]);
}

/// The way forward for a zone directory that was put back from a copy: what the nodes refuse, it takes over.
#[test]
fn a_restored_zone_directory_takes_over_what_a_node_refuses() {
    let (_zone, restored, directory) = forgotten();
    let in_use = list_in_use(&directory);

    let kept = directory.join("pki/current/client.crl").display().to_string();
    restored
        .run(&["pki", "revoke", "--adopt-list", &kept])
        .expect_code(0)
        .expect_error_with(&["2 more are on the zone's client.crl now", "1 of them are not in issued.jsonl"]);
    restored.run(&["pki", "issue", "--client", "app"]).expect_refusal(65, &["client/app was revoked"]);
    renew(&restored, 2);
    activate(&bundle(&restored, "node1"), &directory, &[]).expect_code(0);
    assert_eq!(list_in_use(&directory).missing_of(&in_use).count(), 0);
    // A file is carried to the node, so nobody knows from here which list it uses.
    restored
        .run(&["pki", "revoke", "--adopt-list", &kept])
        .expect_code(69)
        .expect_error_with(&["has everything that it lists"]);

    let other = zone_with_clients();
    other.run(&["pki", "revoke", "--adopt-list", &kept]).expect_refusal(65, &["is of another zone"]);
}

/// What a damaged list had is known from the generation before.
#[test]
fn a_damaged_list_lets_nobody_in_again() {
    let (zone, restored, directory) = forgotten();
    renew(&zone, 1);
    activate(&bundle(&zone, "node1"), &directory, &[]).expect_code(0);
    renew(&restored, 3);
    let old = bundle(&restored, "node1");
    fs::write(directory.join("pki/current/client.crl"), "garbage").expect("garbage");
    activate(&old, &directory, &[]).expect_refusal(65, &["would let in again who was revoked"]);
}
