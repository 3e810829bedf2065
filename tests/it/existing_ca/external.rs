//! An authority that only signs requests.

use super::{issue_and_verify, refused};
use crate::harness::TestZone;
use crate::harness::authorities_elsewhere::{AuthoritiesElsewhere, CA, CA_OF_LEAVES, certificate, subjects};
use crate::support::{Refusal, Tree};

/// A root and an intermediate that sign what they get, and the zone that has asked.
pub(super) fn asked(options: &[&str]) -> (AuthoritiesElsewhere, TestZone) {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    elsewhere.root("root", &[]);
    elsewhere.below("root", "issuing", &[CA]);
    elsewhere.join("chain.crt", &["issuing.crt", "root.crt"]);
    elsewhere.write_private("passphrase", b"a passphrase of somebody\n");
    let told = elsewhere.init(&zone, &[&["--external"], options].concat()).expect_code(0);
    told.expect_error_with(&[
        "wrote the requests",
        "ca/peer.csr",
        "pathlen:0",
        "openssl x509 -req",
        "cfssl sign",
        "--continue",
    ]);
    (elsewhere, zone)
}

pub(super) fn sign_both(elsewhere: &AuthoritiesElsewhere, zone: &TestZone) {
    for plane in ["peer", "client"] {
        elsewhere.sign("issuing", &zone.file(&format!("ca/{plane}.csr")), &format!("{plane}.crt"), &[]);
    }
}

pub(super) const ALL: [&str; 4] = ["--continue", "peer.crt", "client.crt", "chain.crt"];

#[test]
fn requests_signed_by_openssl_make_a_zone_without_a_root_key() {
    let (elsewhere, zone) = asked(&[]);
    sign_both(&elsewhere, &zone);
    elsewhere.init(&zone, &ALL).expect_code(0);
    assert_eq!(subjects(&zone.file("ca/root.crt")), ["root"]);
    assert!(!zone.file("ca/root.key").exists());
    issue_and_verify(&zone, &elsewhere, "root.crt");
    let served = ["node1.example.zone", "example.zone client CA", "issuing"];
    assert_eq!(subjects(&zone.file("nodes/node1/pki/current/server.crt")), served);
    assert_eq!(subjects(&zone.file("clients/admin/current/ca.crt")), ["root"]);
    // What was asked for is what was got.
    let peer = certificate(&zone.file("ca/peer.crt"));
    assert_eq!((peer.path_length(), peer.permitted_dns().len()), (Some(0), 3));
    let before = Tree::of(&zone.path());
    elsewhere.init(&zone, &ALL).expect_code(0).expect_error_with(&["nothing is left to do"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init --continue");
    elsewhere.init(&zone, &["--external"]).expect_refusal(73, &["has its CAs already"]);
}

#[test]
fn requests_signed_by_cfssl() {
    let (elsewhere, zone) = asked(&[]);
    let config = r#"{"signing": {"default": {"expiry": "80000h"}, "profiles": {"zone": {
        "usages": ["cert sign", "crl sign"], "expiry": "70000h", "copy_extensions": true,
        "ca_constraint": {"is_ca": true, "max_path_len": 0, "max_path_len_zero": true}}}}}"#;
    std::fs::write(elsewhere.file("cfssl.json"), config).expect("a configuration");
    for plane in ["peer", "client"] {
        let request = zone.file(&format!("ca/{plane}.csr"));
        let signs = "sign -ca issuing.crt -ca-key issuing.key -config cfssl.json -profile zone";
        elsewhere.cfssl(&format!("{signs} {}", request.display()), plane);
    }
    elsewhere.init(&zone, &ALL).expect_code(0);
    assert_eq!(
        certificate(&zone.file("ca/client.crt")).permitted_dns(),
        ["example.zone", "localhost", "node1"]
    );
    issue_and_verify(&zone, &elsewhere, "root.crt");
}

#[test]
fn the_authority_may_be_given_with_the_requests() {
    let (elsewhere, zone) = asked(&["--ca-cert", "chain.crt"]);
    sign_both(&elsewhere, &zone);
    elsewhere.init(&zone, &["--continue", "client.crt", "peer.crt"]).expect_code(0);
    issue_and_verify(&zone, &elsewhere, "root.crt");
    // It is checked as any other.
    elsewhere.below("root", "leaves", &[CA_OF_LEAVES]);
    refused(&elsewhere, &["--external", "--ca-cert", "leaves.crt"], 65, &["allows 0 CAs below it"]);
}

#[test]
fn asking_again_finds_the_same_requests() {
    let (elsewhere, zone) = asked(&[]);
    let before = Tree::of(&zone.path());
    let told = elsewhere.init(&zone, &["--external"]).expect_code(0);
    told.expect_error_with(&["these requests were written before", "ca/client.csr"]);
    let other = ["--external", "--ca-cert", "chain.crt"];
    elsewhere.init(&zone, &other).expect_refusal(73, &["made for another authority", "--continue"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init --external");
}

#[test]
fn a_zone_that_waits_says_so() {
    let (_elsewhere, zone) = asked(&[]);
    let before = Tree::of(&zone.path());
    for command in [&["init"][..], &["plan", "--node", "node1"], &["pki", "issue", "--all"], &["pki", "list"]]
    {
        zone.run(command).expect_refusal(66, &["wait for their certificates", "ca/peer.csr", "--continue"]);
    }
    Tree::of(&zone.path()).assert_same_as(&before, "a command");
}

#[test]
fn certificates_that_are_not_what_was_asked_for() {
    let (elsewhere, zone) = asked(&[]);
    sign_both(&elsewhere, &zone);
    let before = Tree::of(&zone.path());
    let refuse = |options: &[&str], code: i32, texts: &[&str]| {
        elsewhere.init(&zone, &[&["--continue"], options].concat()).expect_refusal(code, texts);
        Tree::of(&zone.path()).assert_same_as(&before, "init --continue");
    };
    refuse(&["peer.crt", "chain.crt"], 66, &["no certificate is for the key of", "ca/client.csr"]);
    refuse(&["peer.crt", "client.crt"], 66, &["the issuer of", "CN=issuing"]);
    // The same names over another key.
    elsewhere.below("issuing", "foreign", &[CA_OF_LEAVES]);
    refuse(
        &["foreign.crt", "client.crt", "chain.crt"],
        66,
        &["no certificate is for the key of", "ca/peer.csr"],
    );

    let sign_as = |extensions: &str, file: &str| {
        std::fs::write(elsewhere.file("extensions"), extensions).expect("extensions");
        let request = zone.file("ca/peer.csr").display().to_string();
        elsewhere.openssl(&format!(
            "x509 -req -in {request} -CA issuing.crt -CAkey issuing.key -days 900 -extfile extensions -out \
             {file}"
        ));
    };
    sign_as("basicConstraints=CA:FALSE", "leaf.crt");
    refuse(&["leaf.crt", "client.crt", "chain.crt"], 65, &["is not a certificate authority"]);
    sign_as("basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign", "silent.crt");
    refuse(&["silent.crt", "client.crt", "chain.crt"], 65, &["keyCertSign"]);
    sign_as(
        "basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:other.zone",
        "other.crt",
    );
    refuse(&["other.crt", "client.crt", "chain.crt"], 78, &["node1.example.zone of node1", "other.zone"]);
    refuse(&["peer.crt", "other.crt", "client.crt", "chain.crt"], 65, &["two certificates are for"]);
    // Free of constraints is possible, and said.
    sign_as("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign", "free.crt");
    let told = elsewhere.init(&zone, &["--continue", "free.crt", "client.crt", "chain.crt"]).expect_code(0);
    told.expect_error_with(&["warning:", "has no name constraints"]);
}

#[test]
fn a_call_that_was_interrupted_at_any_file_goes_on() {
    let (elsewhere, zone) = asked(&[]);
    sign_both(&elsewhere, &zone);
    elsewhere.init(&zone, &ALL).expect_code(0);
    let written = ["root.crt", "chain.crt", "given.json", "peer.crl", "client.crl", "peer.crt", "client.crt"];
    for kept in 0..written.len() {
        for file in &written[kept..] {
            std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
        }
        zone.run(&["pki", "list"]).expect_refusal(66, &["wait for their certificates"]);
        elsewhere.init(&zone, &ALL).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(65).expect_error_with(&[]);
    }
    issue_and_verify(&zone, &elsewhere, "root.crt");
}

#[test]
fn an_interrupted_call_is_not_continued_with_another_chain() {
    let (elsewhere, zone) = asked(&[]);
    sign_both(&elsewhere, &zone);
    // What a call with another intermediate of the same root has left.
    std::fs::copy(elsewhere.file("root.crt"), zone.file("ca/root.crt")).expect("the root");
    elsewhere.below("root", "other", &[CA]);
    std::fs::copy(elsewhere.file("other.crt"), zone.file("ca/chain.crt")).expect("the chain");
    let texts = ["ca/chain.crt is there already", "other certificates", "mv "];
    elsewhere.init(&zone, &ALL).expect_refusal(73, &texts);
    zone.run(&["pki", "list"]).expect_refusal(66, &["wait for their certificates"]);
}

#[test]
fn nothing_was_asked_for() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("root", &[]);
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    let before = Tree::of(&zone.path());
    elsewhere
        .init(&zone, &["--continue", "root.crt"])
        .expect_refusal(66, &["there is no", "ca/peer.csr", "--external"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init --continue");
}
