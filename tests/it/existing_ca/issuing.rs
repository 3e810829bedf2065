//! A root or an intermediate above the zone's plane CAs: what is copied, served and trusted.

use std::os::unix::fs::PermissionsExt;

use super::issue_and_verify;
use crate::harness::TestZone;
use crate::harness::authorities_elsewhere::{AuthoritiesElsewhere, CA, certificate, subjects};
use crate::support::{Refusal, Tree};

/// A root, an intermediate below it, and both certificates in `chain.crt`.
pub(super) fn root_and_intermediate() -> AuthoritiesElsewhere {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("root", &[]);
    elsewhere.below("root", "issuing", &["basicConstraints=critical,CA:TRUE,pathlen:1"]);
    elsewhere.join("chain.crt", &["issuing.crt", "root.crt"]);
    elsewhere
}

#[test]
fn below_an_intermediate_by_openssl_the_chain_is_served_and_the_root_is_trusted() {
    let (elsewhere, zone) = (root_and_intermediate(), TestZone::empty());
    elsewhere.init(&zone, &["--ca-cert", "chain.crt", "--ca-key", "issuing.key"]).expect_code(0);
    assert_eq!(subjects(&zone.file("ca/root.crt")), ["issuing"]);
    assert_eq!(subjects(&zone.file("ca/chain.crt")), ["root"]);
    let mode = std::fs::metadata(zone.file("ca/root.key")).expect("the key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(elsewhere.file("issuing.key").exists(), "it was copied");
    issue_and_verify(&zone, &elsewhere, "root.crt");
    let served = ["node1.example.zone", "example.zone client CA", "issuing"];
    assert_eq!(subjects(&zone.file("nodes/node1/pki/current/server.crt")), served);
    for directory in ["nodes/node1/pki", "clients/admin"] {
        assert_eq!(subjects(&zone.file(directory).join("current/ca.crt")), ["root"], "{directory}");
    }
    // Members trust their plane alone.
    let trusted = subjects(&zone.file("nodes/node1/pki/current/peer-ca.crt"));
    assert_eq!(trusted, ["example.zone peer CA"]);
}

#[test]
fn an_intermediate_without_its_root_is_trusted_itself_with_a_warning() {
    let (elsewhere, zone) = (root_and_intermediate(), TestZone::empty());
    let told = elsewhere.init(&zone, &["--ca-cert", "issuing.crt", "--ca-key", "issuing.key"]).expect_code(0);
    told.expect_error_with(&["warning: the chain in", "ends with CN=issuing", "CN=root"]);
    assert!(!zone.file("ca/chain.crt").exists());
    issue_and_verify(&zone, &elsewhere, "root.crt");
    assert_eq!(subjects(&zone.file("clients/admin/current/ca.crt")), ["issuing"]);
}

#[test]
fn a_self_signed_root_is_not_served_and_has_no_chain() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    // As kubeadm lays out its etcd CA: one, self-signed, without path length.
    std::fs::create_dir_all(elsewhere.file("pki/etcd")).expect("a directory");
    let usage = "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign";
    elsewhere.root_for("pki/etcd/ca", &[], &[usage]);
    let options = ["--ca-cert", "pki/etcd/ca.crt", "--ca-key", "pki/etcd/ca.key"];
    elsewhere.init(&zone, &options).expect_code(0);
    assert!(!zone.file("ca/chain.crt").exists() && !zone.file("ca/given.json").exists());
    issue_and_verify(&zone, &elsewhere, "pki/etcd/ca.crt");
    let served = ["node1.example.zone", "example.zone client CA"];
    assert_eq!(subjects(&zone.file("nodes/node1/pki/current/server.crt")), served);
}

#[test]
fn a_root_and_an_intermediate_by_cfssl() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    let write = |name: &str, text: &str| std::fs::write(elsewhere.file(name), text).expect("a file");
    let subject = |name: &str| format!(r#"{{"CN": "{name}", "key": {{"algo": "ecdsa", "size": 256}}}}"#);
    write("root.json", &subject("root"));
    write("issuing.json", &subject("issuing"));
    write(
        "cfssl.json",
        r#"{"signing": {"default": {"usages": ["cert sign", "crl sign"], "expiry": "80000h",
            "ca_constraint": {"is_ca": true, "max_path_len": 1}}}}"#,
    );
    // cfssl gives its roots five years, and the chain is cut to that.
    elsewhere.cfssl("gencert -initca root.json", "root");
    elsewhere.cfssl("gencert -ca root.crt -ca-key root.key -config cfssl.json issuing.json", "issuing");
    elsewhere.join("chain.crt", &["issuing.crt", "root.crt"]);
    elsewhere.init(&zone, &["--ca-cert", "chain.crt", "--ca-key", "issuing.key"]).expect_code(0);
    issue_and_verify(&zone, &elsewhere, "root.crt");
    let key = std::fs::read_to_string(zone.file("ca/root.key")).expect("the key");
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"), "PKCS#8, whatever cfssl writes");
}

#[test]
fn every_kind_of_key() {
    let kinds = [
        "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        "-algorithm ED25519",
    ];
    for kind in kinds {
        let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
        elsewhere.key("root", kind);
        elsewhere.root("root", &[]);
        elsewhere.init(&zone, &["--ca-cert", "root.crt", "--ca-key", "root.key"]).expect_code(0);
        issue_and_verify(&zone, &elsewhere, "root.crt");
        // It signs the leaves and the revocation list itself.
        let zone = TestZone::empty();
        elsewhere.init(&zone, &["--client-ca", "root.crt", "--client-ca-key", "root.key"]).expect_code(0);
        issue_and_verify(&zone, &elsewhere, "root.crt");
    }
}

#[test]
fn the_same_again_is_nothing_to_do_and_another_is_refused() {
    let (elsewhere, zone) = (root_and_intermediate(), TestZone::empty());
    let options = ["--ca-cert", "chain.crt", "--ca-key", "issuing.key"];
    elsewhere.init(&zone, &options).expect_code(0);
    let before = Tree::of(&zone.path());
    elsewhere.init(&zone, &options).expect_code(0).expect_error_with(&["nothing is left to do"]);
    let other = ["--ca-cert", "root.crt", "--ca-key", "root.key"];
    elsewhere.init(&zone, &other).expect_refusal(73, &["ca/root.crt is there already", "another CA"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init");
}

#[test]
fn a_short_name_that_is_not_permitted_above_is_left_out() {
    let (elsewhere, zone) = (AuthoritiesElsewhere::new(), TestZone::empty());
    elsewhere.root("root", &["nameConstraints=critical,permitted;DNS:example.zone,permitted;DNS:localhost"]);
    elsewhere.init(&zone, &["--ca-cert", "root.crt", "--ca-key", "root.key"]).expect_code(0);
    issue_and_verify(&zone, &elsewhere, "root.crt");
    let names = certificate(&zone.file("nodes/node1/pki/current/server.crt")).names().to_string();
    assert_eq!(names, "example.zone,localhost,node1.example.zone,127.0.0.1,::1");
    assert_eq!(certificate(&zone.file("ca/client.crt")).permitted_dns(), ["example.zone", "localhost"]);
}

/// The chain above may be completed later: the files of every holder follow, and no certificate is issued for
/// it.
#[test]
fn a_chain_that_changes_is_noticed_and_served() {
    let (elsewhere, zone) = (root_and_intermediate(), TestZone::empty());
    elsewhere.below("issuing", "unused", &[CA]);
    elsewhere.init(&zone, &["--ca-cert", "issuing.crt", "--ca-key", "issuing.key"]).expect_code(0);
    issue_and_verify(&zone, &elsewhere, "root.crt");
    let serial = certificate(&zone.file("nodes/node1/pki/current/server.crt")).serial_hex();
    std::fs::copy(elsewhere.file("root.crt"), zone.file("ca/chain.crt")).expect("the chain");
    zone.run(&["pki", "check"]).expect_code(65).expect_error_with(&[]);
    issue_and_verify(&zone, &elsewhere, "root.crt");
    assert_eq!(subjects(&zone.file("nodes/node1/pki/current/ca.crt")), ["root"]);
    assert_eq!(certificate(&zone.file("nodes/node1/pki/current/server.crt")).serial_hex(), serial);
}
