//! The files of a CA in the forms in which people have them.

use std::os::unix::fs::PermissionsExt;

use super::{issue_and_verify, refused};
use crate::harness::TestZone;
use crate::harness::authorities_elsewhere::AuthoritiesElsewhere;

const ROOT: [&str; 4] = ["--ca-cert", "ca.crt", "--ca-key", "ca.key"];

fn one_ca() -> AuthoritiesElsewhere {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("ca", &[]);
    elsewhere
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_do_no_harm() {
    let (elsewhere, zone) = (one_ca(), TestZone::empty());
    std::fs::copy(elsewhere.file("ca.crt"), elsewhere.file("as-it-was.crt")).expect("copied");
    for file in ["ca.crt", "ca.key"] {
        let text = std::fs::read_to_string(elsewhere.file(file)).expect("PEM").replace('\n', "\r\n");
        std::fs::write(elsewhere.file(file), format!("\u{feff}{text}")).expect("written");
    }
    elsewhere.init(&zone, &ROOT).expect_code(0);
    issue_and_verify(&zone, &elsewhere, "as-it-was.crt");
}

#[test]
fn der_is_named_with_the_command_that_makes_pem_of_it() {
    let elsewhere = one_ca();
    elsewhere.openssl("x509 -in ca.crt -outform DER -out der.crt");
    elsewhere.openssl("pkey -in ca.key -outform DER -out der.key");
    std::fs::set_permissions(elsewhere.file("der.key"), PermissionsExt::from_mode(0o600)).expect("a mode");
    refused(
        &elsewhere,
        &["--ca-cert", "der.crt", "--ca-key", "ca.key"],
        65,
        &["it is DER", "openssl x509 -inform DER"],
    );
    refused(
        &elsewhere,
        &["--ca-cert", "ca.crt", "--ca-key", "der.key"],
        65,
        &["it is DER", "openssl pkey -inform DER"],
    );
}

#[test]
fn keys_that_are_not_the_one_key() {
    let elsewhere = one_ca();
    elsewhere.root("other", &[]);
    elsewhere.join("several.key", &["ca.key", "other.key"]);
    std::fs::set_permissions(elsewhere.file("several.key"), PermissionsExt::from_mode(0o600))
        .expect("a mode");
    let refused =
        |key: &str, texts: &[&str]| refused(&elsewhere, &["--ca-cert", "ca.crt", "--ca-key", key], 65, texts);
    refused("other.key", &["is the key of another certificate", "CN=ca"]);
    refused("several.key", &["more than one private key"]);
}

#[test]
fn files_that_are_swapped_missing_or_open_to_others() {
    let elsewhere = one_ca();
    refused(
        &elsewhere,
        &["--ca-cert", "ca.key", "--ca-key", "ca.key"],
        65,
        &["a private key where a certificate should be"],
    );
    refused(&elsewhere, &["--ca-cert", "/nowhere/ca.crt", "--ca-key", "ca.key"], 66, &["/nowhere/ca.crt"]);
    refused(
        &elsewhere,
        &["--ca-cert", "ca.crt", "--ca-key", "/nowhere/ca.key"],
        66,
        &["/nowhere/ca.key", "--external"],
    );
    std::fs::set_permissions(elsewhere.file("ca.key"), PermissionsExt::from_mode(0o644)).expect("a mode");
    refused(&elsewhere, &ROOT, 77, &["others can use", "chmod 600"]);
}

#[test]
fn subjects_that_cannot_be_written_again_are_to_sign_requests() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.key("ca", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    elsewhere.openssl("req -x509 -new -key ca.key -out ca.crt -days 3650 -subj /DC=com/DC=example/CN=ca");
    refused(&elsewhere, &ROOT, 65, &["repeats an attribute", "init --external"]);
}
