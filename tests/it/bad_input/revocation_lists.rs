//! Revocation lists: etcd refuses every connection when one of them is damaged, and takes any that it can
//! parse.

use std::fs;

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, hex};

use super::{issued_zone, refused_by};
use crate::harness::{TestZone, outcome};
use crate::support::{Refusal, Tree};

const READERS: [&[&str]; 4] =
    [&["plan", "--node", "node1"], &["pki", "check"], &["pki", "list"], &["pki", "issue", "--all"]];

/// Every command that reads the CAs names the list and the command that makes it again.
#[track_caller]
fn refused(list: Option<&[u8]>, code: i32, texts: &[&str]) {
    for plane in ["peer", "client"] {
        let (zone, etcd) = issued_zone();
        let path = zone.file(&format!("ca/{plane}.crl"));
        match list {
            Some(bytes) => fs::write(&path, bytes).expect("a list"),
            None => fs::remove_file(&path).expect("removed"),
        }
        let file = format!("ca/{plane}.crl");
        let next = format!("zone-etcd pki revoke --rebuild-lists --zone {}", zone.path().display());
        let texts: Vec<&str> = texts.iter().copied().chain([&*file, &*next]).collect();
        refused_by(&zone, &etcd, &READERS, code, &texts);
    }
}

#[test]
fn an_empty_or_missing_one() {
    refused(Some(b""), 65, &["cannot be used", "it is empty"]);
    refused(None, 66, &["cannot read"]);
}

#[test]
fn refuses_garbage_and_pem() {
    refused(Some(b"garbage"), 65, &["cannot be used", "it is not a revocation list in DER"]);
    refused(Some(b"-----BEGIN X509 CRL-----\n"), 65, &["cannot be used", "it is PEM"]);
}

fn list_by(zone: &TestZone, stem: &str) -> Vec<u8> {
    let read = |end: &str| fs::read(zone.file(&format!("ca/{stem}.{end}"))).expect("a file of the CA");
    let now = OffsetDateTime::now_utc();
    let authority = Authority::load(&read("crt"), &read("key"), now).expect("the CA");
    authority.revocation_list(&[], 7, now, now + Duration::days(1)).expect("a list")
}

/// A list of the other plane, or of another zone whose CA has the same name, says nothing of this plane's
/// certificates.
#[test]
fn refuses_a_list_of_another_ca() {
    let (zone, etcd) = issued_zone();
    let other = TestZone::init("example.zone", &["node1=127.0.0.1:22380:22379"]);
    for (list, text) in [
        (list_by(&zone, "client"), "it is not of "),
        (list_by(&other, "peer"), "its signature is not by the key of "),
    ] {
        fs::write(zone.file("ca/peer.crl"), list).expect("a list");
        refused_by(&zone, &etcd, &READERS, 65, &["ca/peer.crl cannot be used", text, "--rebuild-lists"]);
    }
}

/// The first bundle of a member gives the right to bootstrap, once: with lists that no etcd could use it is
/// not spent.
#[test]
fn a_bundle_with_an_unusable_list_spends_no_right() {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1:22380:22379"]);
    fs::write(zone.file("ca/peer.crl"), "garbage").expect("garbage");
    let out = zone.around().join("out");
    let bundle = || {
        let mut command = zone.command(&["bundle", "--no-encryption"]);
        outcome(command.arg("--out").arg(&out))
    };
    let before = Tree::of(&zone.path());
    bundle().expect_refusal(65, &["ca/peer.crl cannot be used", "--rebuild-lists"]);
    Tree::of(&zone.path()).assert_same_as(&before, "nothing is recorded");
    assert!(!out.exists(), "no bundle is made");
    zone.run(&["pki", "revoke", "--rebuild-lists"]).expect_code(0);
    let told = bundle().expect_code(0);
    assert!(told.stderr.contains("may bootstrap the cluster"), "{}", told.stderr);
}

/// The number of every revoked certificate is in `issued.jsonl`, so a list that is lost is made again with
/// all of them, signed, and on every node that is kept here.
#[test]
fn rebuilds_a_list_from_what_is_recorded() {
    let (zone, _etcd) = issued_zone();
    let serial = |holder: &str| -> String {
        let log = fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
        let mut entries =
            log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let entry = entries.rfind(|entry| entry["node"] == holder).expect("an entry");
        entry["serial"].as_str().expect("a serial number").to_owned()
    };
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    let revoked = serial("client/backup");
    zone.run(&["pki", "revoke", "client/backup", "--reason", "keyCompromise"]).expect_code(0);
    fs::write(zone.file("ca/client.crl"), "garbage").expect("garbage");
    // What would revoke another one finds it first, and records nothing.
    let recorded = fs::read(zone.file("issued.jsonl")).expect("the log");
    zone.run(&["pki", "revoke", "client/health"]).expect_refusal(65, &["ca/client.crl", "--rebuild-lists"]);
    assert_eq!(fs::read(zone.file("issued.jsonl")).expect("the log"), recorded);

    let peer = fs::read(zone.file("ca/peer.crl")).expect("a list");
    let told = zone.run(&["pki", "revoke", "--rebuild-lists"]).expect_code(0);
    assert!(told.stderr.contains("ca/client.crl lists 2 certificates"), "{}", told.stderr);
    let list = fs::read(zone.file("ca/client.crl")).expect("a list");
    let parsed = zone_pki::RevocationList::from_der(&list).expect("a list");
    assert!(parsed.lists_serial(&hex::decode(&revoked).expect("hexadecimal")));
    assert!(parsed.number().expect("a number") > 2, "it follows on the one that is lost");
    assert_eq!(fs::read(zone.file("ca/peer.crl")).expect("a list"), peer, "a sound list stays");
    assert_eq!(fs::read(zone.file("nodes/node1/pki/current/client.crl")).expect("a list"), list);
    assert_eq!(fs::read(zone.file("ca/client.crl.unusable-1")).expect("it is kept"), b"garbage");
    zone.run(&["pki", "check"]).expect_code(0);
    // With sound lists there is nothing to do.
    let told = zone.run(&["pki", "revoke", "--rebuild-lists"]).expect_code(0);
    assert!(told.stderr.contains("nothing to rebuild"), "{}", told.stderr);
    zone.run(&["pki", "revoke"]).expect_code(64);
    zone.run(&["pki", "revoke", "client/health", "--rebuild-lists"]).expect_code(64);
}

/// Each list has a number above those before it (RFC 5280, 5.2.3), however soon it follows: a node refuses
/// one that goes back.
#[test]
fn a_list_that_is_made_again_twice_at_once_has_a_higher_number() {
    let (zone, _etcd) = issued_zone();
    for client in ["app", "backup"] {
        zone.run(&["pki", "issue", "--client", client]).expect_code(0);
    }
    let rebuilt = || {
        fs::write(zone.file("ca/client.crl"), "garbage").expect("a file");
        zone.run(&["pki", "revoke", "--rebuild-lists"]).expect_code(0);
    };
    let number = || {
        let list = fs::read(zone.file("ca/client.crl")).expect("a list");
        zone_pki::RevocationList::from_der(&list).expect("a list").number().expect("a number")
    };
    rebuilt();
    let first = number();
    for client in ["client/app", "client/backup"] {
        let told = zone.run(&["pki", "revoke", client]);
        assert!(matches!(told.code, 0 | 69), "{}", told.stderr);
    }
    let second = number();
    assert!(second > first, "{second} follows {first}");
    rebuilt();
    assert!(number() > second, "{} follows {second}", number());
}
