//! What is not revoked, and what is not taken for it.

use super::{revoked, zone};
use crate::harness::outcome;
use crate::support::{Refusal, Tree};

#[test]
fn what_this_zone_has_not_issued() {
    let zone = zone();
    let before = Tree::of(&zone.path());
    for (target, code) in [
        ("client/nobody", 66),
        ("node9", 66),
        ("0123456789abcdef0123456789abcdef01234567", 66),
        ("client/", 64),
    ] {
        zone.run(&["pki", "revoke", target]).expect_refusal(code, &[]);
    }
    zone.run(&["pki", "revoke", "client/backup", "--reason", "boredom"])
        .expect_code(64)
        .expect_error_with(&["unspecified, keyCompromise"]);
    Tree::of(&zone.path()).assert_same_as(&before, "calls that were refused");
}

#[test]
fn what_is_revoked_already() {
    let zone = zone();
    revoked(&zone, &["client/backup"]);
    let before = Tree::of(&zone.path());
    zone.run(&["pki", "revoke", "client/backup"])
        .expect_code(0)
        .expect_error_with(&["client/backup is revoked already; the lists were compared"]);
    Tree::of(&zone.path()).assert_same_as(&before, "a second revocation");
}

/// The key of a revoked certificate gets no other.
#[test]
fn a_key_that_a_node_made_and_that_was_revoked() {
    let zone = crate::activation::zone();
    let directory = zone.around().join("n1");
    let csr = |arguments: &[&str]| {
        let mut command = crate::harness::zone_etcd(["pki", "csr", "--node-dir"]);
        let text = outcome(command.arg(&directory).args(arguments)).expect_code(0).stdout;
        let file = zone.around().join("node1.csr");
        std::fs::write(&file, text).expect("a file");
        file
    };
    let sign = |file, options: &[&str]| {
        let mut command = zone.command(&["pki", "sign"]);
        outcome(command.arg(file).arg("--out").arg(zone.around().join("out")).args(options))
    };
    sign(csr(&["--node", "node1.example.zone"]), &[]).expect_code(0);
    zone.run(&["pki", "revoke", "node1"]).expect_code(0);
    // The others have their lists, whatever this one lacks.
    crate::revocation::revoked(&zone, &["client/health"]);
    let revoked = ["node1 was revoked, and gets no certificates", "--reinstate"];
    sign(csr(&[]), &[]).expect_refusal(65, &revoked);
    sign(csr(&[]), &["--reinstate"])
        .expect_refusal(65, &["peer has a key whose certificate was revoked", "--new-keys"]);
    zone.run(&["pki", "issue", "node1"]).expect_refusal(65, &revoked);
    zone.run(&["pki", "issue", "node1", "--reinstate"])
        .expect_refusal(66, &["no request for the peer", "--new-keys"]);
    sign(csr(&["--new-keys"]), &[]).expect_refusal(65, &revoked);
    // New ones are no replacement of keys that are good: nobody has to say that this is meant.
    sign(csr(&[]), &["--reinstate"]).expect_code(0);
}
