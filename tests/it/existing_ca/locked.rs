//! Keys of CAs made elsewhere that are under a passphrase, or are to be.

use super::external::{ALL, asked, sign_both};
use super::{issue_and_verify, refused};
use crate::ca_keys::states;
use crate::harness::TestZone;
use crate::harness::authorities_elsewhere::AuthoritiesElsewhere;
use crate::support::Refusal;

/// A root by openssl whose key is under the passphrase in the file `passphrase`.
fn locked_root() -> AuthoritiesElsewhere {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("root", &[]);
    elsewhere.write_private("passphrase", b"a passphrase of somebody\n");
    elsewhere.write_private("wrong", b"the passphrase of another\n");
    elsewhere.openssl("pkcs8 -topk8 -v2 aes-256-cbc -in root.key -out locked.key -passout file:passphrase");
    elsewhere
}

const GIVEN: [&str; 4] = ["--ca-cert", "root.crt", "--ca-key", "locked.key"];

#[test]
fn a_key_that_comes_locked_stays_locked() {
    let (elsewhere, zone) = (locked_root(), TestZone::empty());
    elsewhere.init(&zone, &[&GIVEN[..], &["--ca-passphrase-file", "passphrase"]].concat()).expect_code(0);
    assert_eq!(states(&zone), "root locked, peer clear, client clear");
    // Its key is not needed for what the planes issue.
    issue_and_verify(&zone, &elsewhere, "root.crt");
    let key = zone.file("ca/root.key").display().to_string();
    elsewhere.openssl(&format!("pkey -in {key} -passin file:passphrase -noout"));
}

#[test]
fn all_are_locked_if_that_is_asked_for() {
    let (elsewhere, zone) = (locked_root(), TestZone::empty());
    let lock = ["--lock", "--ca-passphrase-file", "passphrase"];
    elsewhere.init(&zone, &[&GIVEN[..], &lock].concat()).expect_code(0);
    assert_eq!(states(&zone), "root locked, peer locked, client locked");
}

#[test]
fn without_the_right_passphrase_nothing_is_written() {
    let elsewhere = locked_root();
    refused(
        &elsewhere,
        &[&GIVEN[..], &["--ca-passphrase-file", "wrong"]].concat(),
        77,
        &["locked.key", "passphrase"],
    );
    refused(&elsewhere, &GIVEN, 66, &["passphrase"]);
}

#[test]
fn keys_for_requests_are_locked_from_the_start() {
    let with = ["--ca-passphrase-file", "passphrase"];
    let (elsewhere, zone) = asked(&[&["--lock"][..], &with].concat());
    assert_eq!(states(&zone), "root absent, peer locked, client locked");
    sign_both(&elsewhere, &zone);
    elsewhere.init(&zone, &ALL).expect_refusal(66, &["passphrase"]);
    elsewhere.init(&zone, &[&with[..], &ALL].concat()).expect_code(0);
    assert_eq!(states(&zone), "root absent, peer locked, client locked");
}
