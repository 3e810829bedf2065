//! The key that bundles for a node may be sealed to, on its way with the requests.

use std::fs;

use store::requests::{RequestFile, RequestFileError};
use zone_pki::CertificateRequest;

use super::{request, requests_of, sign};
use crate::activation::{node_directory, zone};
use crate::support::Refusal;

#[test]
fn is_that_of_the_node_and_stays() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let text = fs::read_to_string(requests_of(&zone, "node1", &directory)).expect("the requests");
    let key = fs::read_to_string(directory.join("delivery.key")).expect("a key");
    let public = key.lines().next().and_then(|line| line.strip_prefix("# public key: ")).expect("a key");
    let file = RequestFile::parse(&text).expect("requests");
    assert_eq!(file.recipient.as_deref(), Some(public));
    assert!(!text.contains("AGE-SECRET-KEY"), "{text}");
    request(&directory, &["--new-keys"]).expect_code(0);
    assert_eq!(fs::read_to_string(directory.join("delivery.key")).expect("a key"), key);
}

/// Versions that do not know the line read a request as everything from its role to the end of its block; and
/// files of theirs, which have no such line, are read.
#[test]
fn is_no_obstacle_to_older_versions() {
    let zone = zone();
    let text = fs::read_to_string(requests_of(&zone, "node1", &node_directory(&zone, "n1"))).expect("them");
    assert!(text.lines().nth(4).expect("a line").starts_with("recipient: age1"), "{text}");
    for block in text.split("\nrole: ").skip(1) {
        let (_, block) = block.split_once('\n').expect("lines");
        CertificateRequest::from_pem(block.as_bytes()).expect("a request");
    }
    let old: String =
        text.lines().filter(|line| !line.starts_with("recipient")).map(|l| format!("{l}\n")).collect();
    let (old, new) =
        (RequestFile::parse(&old).expect("requests"), RequestFile::parse(&text).expect("requests"));
    assert_eq!((&old.recipient, &old.requests), (&None, &new.requests));
    // What people compare covers it: it could be changed on the way.
    assert_ne!(old.fingerprint(), new.fingerprint());
    sign(&zone, &super::written(&zone, "old.csr", &old.render()), &[]).expect_code(0);
    assert_eq!(RequestFile::parse(&new.render()).expect("requests"), new);
}

#[test]
fn is_one_key_or_refused() {
    let zone = zone();
    let text = fs::read_to_string(requests_of(&zone, "node1", &node_directory(&zone, "n1"))).expect("them");
    let line = text.lines().find(|line| line.starts_with("recipient: ")).expect("a line").to_owned();
    let bad = text.replace(&line, "recipient: age1garbage");
    sign(&zone, &super::written(&zone, "bad.csr", &bad), &[])
        .expect_refusal(65, &["line 5 names no key to seal bundles to"]);
    let twice = text.replace("role: server\n", &format!("role: server\n{line}\n"));
    assert!(matches!(RequestFile::parse(&twice), Err(RequestFileError::TwoRecipients { line: 5.. })));
    let secret = text.replace(&line, "recipient: AGE-SECRET-KEY-1QQQQ");
    let told = sign(&zone, &super::written(&zone, "secret.csr", &secret), &[]).expect_code(65);
    assert!(told.stderr.contains("private key") && !told.stderr.contains("QQQQ"), "{}", told.stderr);
}

/// Sealed to it are the bundles that etcd has for the node from then on.
#[test]
fn the_signing_host_records_the_key() {
    let zone = zone();
    let directory = node_directory(&zone, "n1");
    let file = requests_of(&zone, "node1", &directory);
    zone.run(&["access", "recipient", "node1"]).expect_code(66);
    sign(&zone, &file, &[]).expect_code(0);
    let text = std::fs::read_to_string(&file).expect("the requests");
    let key = text.lines().find_map(|line| line.strip_prefix("recipient: ")).expect("its key");
    assert_eq!(zone.run(&["access", "recipient", "node1"]).expect_code(0).stdout.trim(), key);
}
