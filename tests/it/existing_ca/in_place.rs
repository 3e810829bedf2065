//! A root CA that was made elsewhere, by OpenSSL, and put into `ca/` by hand.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::harness::authorities_elsewhere::certificate;
use crate::harness::{TestZone, outcome};
use crate::support::{Refusal, Tree};

const ZONE: &str = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\n";

fn openssl(arguments: &[&str], directory: &Path) {
    outcome(Command::new("openssl").args(arguments).current_dir(directory)).expect_code(0);
}

/// A zone with a description and a root CA that OpenSSL made.
fn zone_with_root() -> TestZone {
    zone_with_root_for(&[])
}

/// The same with further extensions.
fn zone_with_root_for(extensions: &[&str]) -> TestZone {
    let zone = TestZone::described(ZONE);
    std::fs::DirBuilder::new().mode(0o700).create(zone.file("ca")).expect("ca/");
    let request =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3000"];
    // `openssl verify -x509_strict` wants it of a CA, and `req -x509` leaves it out.
    let usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    let further: Vec<&str> = extensions.iter().flat_map(|extension| ["-addext", *extension]).collect();
    let files =
        ["-subj", "/O=Example Corporation/CN=Corporate Root", "-keyout", "root.key", "-out", "root.crt"];
    openssl(&[request.as_slice(), &usage, &further, &files].concat(), &zone.file("ca"));
    std::fs::set_permissions(zone.file("ca/root.key"), PermissionsExt::from_mode(0o600)).expect("a mode");
    zone
}

#[test]
fn the_plane_cas_are_made_below_it() {
    let zone = zone_with_root();
    let root = ["ca/root.crt", "ca/root.key"]
        .map(|file| std::fs::read(zone.file(file)).expect("a file of the root"));
    zone.run(&["init"]).expect_code(0).expect_error_with(&["made the CAs peer, client"]);
    let after = ["ca/root.crt", "ca/root.key"]
        .map(|file| std::fs::read(zone.file(file)).expect("a file of the root"));
    assert!(root == after, "the root is as it was");
    for stem in ["peer", "client"] {
        let plane = certificate(&zone.file(&format!("ca/{stem}.crt")));
        assert_eq!(plane.issuer(), "CN=Corporate Root, O=Example Corporation");
        assert_eq!(plane.path_length(), Some(0));
    }
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
    // Another implementation goes the whole way, too.
    let ca = zone.file("ca");
    let server = zone.file("nodes/node1/pki/current/server.crt").display().to_string();
    openssl(
        &[
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-CAfile",
            "root.crt",
            "-untrusted",
            "client.crt",
            &server,
        ],
        &ca,
    );
    let peer = zone.file("nodes/node1/pki/current/peer.crt").display().to_string();
    openssl(
        &[
            "verify",
            "-x509_strict",
            "-purpose",
            "sslclient",
            "-CAfile",
            "root.crt",
            "-untrusted",
            "peer.crt",
            &peer,
        ],
        &ca,
    );
}

#[test]
fn one_plane_ca_that_is_lost_is_made_again() {
    let zone = zone_with_root();
    zone.run(&["init"]).expect_code(0);
    let client = std::fs::read(zone.file("ca/client.crt")).expect("a certificate");
    for file in ["peer.crt", "peer.key", "peer.crl"] {
        std::fs::remove_file(zone.file("ca").join(file)).expect("removed");
    }
    zone.run(&["init"]).expect_code(0).expect_error_with(&["made the peer CA"]);
    assert_eq!(std::fs::read(zone.file("ca/client.crt")).expect("a certificate"), client);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn half_a_root_is_refused() {
    for missing in ["root.crt", "root.key"] {
        let zone = zone_with_root();
        std::fs::remove_file(zone.file("ca").join(missing)).expect("removed");
        let before = Tree::of(&zone.path());
        zone.run(&["init"]).expect_refusal(66, &[missing, "put the file back"]);
        Tree::of(&zone.path()).assert_same_as(&before, "init");
    }
}

#[test]
fn a_root_whose_key_others_can_read_is_refused() {
    let zone = zone_with_root();
    std::fs::set_permissions(zone.file("ca/root.key"), PermissionsExt::from_mode(0o644)).expect("a mode");
    let before = Tree::of(&zone.path());
    zone.run(&["init"]).expect_refusal(77, &["ca/root.key", "chmod 600"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init");
}

#[test]
fn an_encrypted_key_takes_its_passphrase_and_stays_encrypted() {
    let zone = zone_with_root();
    openssl(
        &["pkcs8", "-topk8", "-in", "root.key", "-out", "encrypted.key", "-passout", "pass:secret"],
        &zone.file("ca"),
    );
    std::fs::rename(zone.file("ca/encrypted.key"), zone.file("ca/root.key")).expect("renamed");
    std::fs::set_permissions(zone.file("ca/root.key"), PermissionsExt::from_mode(0o600)).expect("a mode");
    let before = Tree::of(&zone.path());
    let init = |passphrase: &str| {
        let file = zone.around().join(passphrase);
        std::fs::write(&file, passphrase).expect("a passphrase");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("a mode");
        outcome(zone.command(&["init"]).arg("--ca-passphrase-file").arg(file))
    };
    init("wrong").expect_refusal(77, &["ca/root.key", "the passphrase is wrong"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init");
    let key = std::fs::read(zone.file("ca/root.key")).expect("a key");
    init("secret").expect_code(0).expect_error_with(&["made the CAs peer, client"]);
    assert!(std::fs::read(zone.file("ca/root.key")).expect("a key") == key, "the key is as it was");
}

/// The CAs below would be made, and etcd would serve nobody with what they issue.
#[test]
fn one_that_go_refuses_above_others() {
    let zone = zone_with_root_for(&["extendedKeyUsage=serverAuth"]);
    let before = Tree::of(&zone.file("ca"));
    zone.run(&["init"]).expect_refusal(
        65,
        &[
            "CN=Corporate Root",
            "extendedKeyUsage without clientAuth",
            "have it issued again with extendedKeyUsage",
        ],
    );
    Tree::of(&zone.file("ca")).assert_same_as(&before, "init");
}
