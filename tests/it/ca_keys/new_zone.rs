//! `init --lock`: keys that are never on the disk in the clear.

use super::{passphrase_file, states, without_terminal};
use crate::harness::{TestZone, outcome};
use crate::support::Tree;

fn init(zone: &TestZone, lock: &str) {
    let file = passphrase_file(zone, "passphrase", "correct horse\n");
    let mut command = zone.command(&["init", "--name", "example.zone", "--node", "node1=10.0.1.10", lock]);
    outcome(command.arg("--ca-passphrase-file").arg(file)).expect_code(0);
}

#[test]
fn all_keys_are_locked_from_the_start() {
    let zone = TestZone::empty();
    init(&zone, "--lock");
    assert_eq!(states(&zone), "root locked, peer locked, client locked");
    // The keys that clients have are in the clear, and those of the CAs nowhere.
    for stem in ["root", "peer", "client"] {
        assert!(super::key(&zone, stem).starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    }
}

#[test]
fn only_those_that_are_named() {
    let zone = TestZone::empty();
    init(&zone, "--lock=root");
    assert_eq!(states(&zone), "root locked, peer clear, client clear");
    without_terminal(&zone, &["pki", "issue", "--all"]).expect_code(0);
}

#[test]
fn without_a_passphrase_no_ca_is_made() {
    let zone = TestZone::empty();
    let arguments = ["init", "--name", "example.zone", "--node", "node1=10.0.1.10", "--lock"];
    without_terminal(&zone, &arguments).expect_code(66).expect_error_with(&["no terminal"]);
    assert!(Tree::of(&zone.path()).paths().all(|path| path.extension().is_none_or(|kind| kind != "key")));
    init(&zone, "--lock");
}
