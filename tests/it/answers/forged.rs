//! What any client can write under the name of a node.

use model::formats::SignedAnswer;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, DetachedJws, KeyAlgorithm, PrivateKey};

use super::{answer_of, node_keys, now, refused, signed};
use crate::harness::TestZone;
use crate::support::three_members_issued;

const NODE: &str = "node1.example.zone";

/// A value with any text, header and key.
fn made(
    (text, typ): (&str, &str),
    times: (i64, i64),
    certificate: &Certificate,
    key: &PrivateKey,
) -> Vec<u8> {
    let jws = DetachedJws::sign_with_key(key, typ, times, text.as_bytes()).expect("a signature");
    let value = json!({ "answer": text, "certificate": certificate.pem(), "signature": jws.to_string() });
    serde_json::to_vec(&value).expect("JSON")
}

/// A text, signed as an answer is, at the time that it says.
pub(super) fn signed_text(text: &str, (certificate, key): &(Certificate, PrivateKey)) -> Vec<u8> {
    let at = text.split("\"at\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a time");
    let at = OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).expect("a time");
    let times = (at.unix_timestamp(), at.unix_timestamp() + 60);
    made((text, SignedAnswer::SIGNATURE_TYPE), times, certificate, key)
}

fn text_of(node: &str, at: OffsetDateTime) -> String {
    serde_json::to_string(&answer_of(node, at)).expect("JSON")
}

#[track_caller]
fn expect(zone: &TestZone, value: &[u8], why: &str) {
    let told = refused(zone, "node1", value, Duration::ZERO);
    assert!(told.starts_with(why), "{told}");
}

/// A value of the node itself, changed in one place.
fn changed(zone: &TestZone, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let value = signed(&answer_of(NODE, now()), &node_keys(zone, "node1"));
    let mut value: Value = serde_json::from_slice(&value).expect("JSON");
    change(&mut value);
    serde_json::to_vec(&value).expect("JSON")
}

/// The certificate is no secret: whoever saw it can write it beside a signature of their own.
#[test]
fn by_another_key() {
    let zone = three_members_issued();
    let (certificate, _) = node_keys(&zone, "node1");
    let own = PrivateKey::generate(KeyAlgorithm::P256).expect("a key");
    let value = signed(&answer_of(NODE, now()), &(certificate, own));
    expect(&zone, &value, "its signature is not taken: it is not by this key, or not over this document");
}

#[test]
fn with_a_text_that_was_changed() {
    let zone = three_members_issued();
    let value = changed(&zone, |value| {
        let text = value["answer"].as_str().expect("a text").replace("\"sequence\":7", "\"sequence\":9");
        value["answer"] = text.into();
    });
    expect(&zone, &value, "its signature is not taken: it is not by this key, or not over this document");
}

/// What another node has signed, of itself or of this one.
#[test]
fn of_another_node() {
    let zone = three_members_issued();
    let (one, two) = (node_keys(&zone, "node1"), node_keys(&zone, "node2"));
    let why = "its certificate is that of node2.example.zone";
    expect(&zone, &signed(&answer_of("node2.example.zone", now()), &two), why);
    expect(&zone, &signed(&answer_of(NODE, now()), &two), why);
    expect(&zone, &signed(&answer_of("node2.example.zone", now()), &one), "it is said of node2.example.zone");
}

#[test]
fn of_another_zone() {
    let (zone, other) = (three_members_issued(), TestZone::init("example.zone", &["node1=10.0.0.1"]));
    other.run(&["pki", "issue", "--all"]).expect_code(0);
    let value = signed(&answer_of(NODE, now()), &node_keys(&other, "node1"));
    expect(&zone, &value, "its certificate is not taken: ");
    let text = text_of(NODE, now()).replace("\"zone\":\"example.zone\"", "\"zone\":\"other.zone\"");
    let value = signed_text(&text, &node_keys(&zone, "node1"));
    expect(&zone, &value, "it is said of the zone other.zone");
}

#[test]
fn with_a_certificate_that_was_revoked() {
    let zone = three_members_issued();
    let keys = node_keys(&zone, "node1");
    let value = signed(&answer_of(NODE, now()), &keys);
    zone.run(&["pki", "revoke", &keys.0.serial_hex()]).expect_code(0);
    let why = format!("its certificate with the serial number {} was revoked", keys.0.serial_hex());
    expect(&zone, &value, &why);
    // Also as long as it is only recorded, which is what an interruption leaves.
    let unlisted = three_members_issued();
    for file in ["ca", "nodes"] {
        std::fs::remove_dir_all(unlisted.file(file)).expect("removed");
        crate::support::Tree::of(&zone.file(file)).write_to(&unlisted.file(file));
    }
    let log = std::fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    std::fs::write(unlisted.file("issued.jsonl"), log).expect("the log");
    let before = three_members_issued();
    std::fs::copy(before.file("ca/client.crl"), unlisted.file("ca/client.crl")).expect("the list");
    expect(&unlisted, &value, &why);
}

/// It signs certificate requests, handshakes and answers: one is not the other.
#[test]
fn as_something_else_or_at_no_time() {
    let zone = three_members_issued();
    let (certificate, key) = node_keys(&zone, "node1");
    let text = text_of(NODE, now());
    let iat = now().unix_timestamp();
    let of = |typ: &str, times| made((&text, typ), times, &certificate, &key);
    expect(&zone, &of("zone+jws", (iat, iat + 60)), "the header of its signature lacks \"typ\":");
    let typ = SignedAnswer::SIGNATURE_TYPE;
    expect(&zone, &of(typ, (iat, iat)), "the header of its signature lacks a time in `exp` that is after");
    expect(&zone, &of(typ, (iat - 7200, iat)), "it says another time than its signature");
}

/// One that is kept back and put there again is as old as it says; one of a clock that is ahead would stay
/// the newest.
#[test]
fn from_the_future() {
    let zone = three_members_issued();
    let keys = node_keys(&zone, "node1");
    let value = signed(&answer_of(NODE, now() + Duration::minutes(4)), &keys);
    super::judged(&zone, "node1", &value, Duration::ZERO).expect("a clock may be somewhat ahead");
    let value = signed(&answer_of(NODE, now() + Duration::minutes(6)), &keys);
    expect(&zone, &value, "it was signed at 20");
}

#[test]
fn of_any_size_and_form() {
    let zone = three_members_issued();
    let large = changed(&zone, |value| value["more"] = "x".repeat(64 * 1024).into());
    expect(&zone, &large, &format!("it has {} bytes, of at most 65536", large.len()));
    expect(&zone, b"", "it is not a signed answer: ");
    expect(&zone, b"[1, 2, 3]", "it is not a signed answer: ");
    expect(&zone, b"{\"answer\":\"{}\"}", "it is not a signed answer: missing field `certificate`");
    let none = changed(&zone, |value| value["certificate"] = "".into());
    expect(&zone, &none, "it has no certificate that can be read: ");
    let two = changed(&zone, |value| {
        let pem = value["certificate"].as_str().expect("a text").repeat(2);
        value["certificate"] = pem.into();
    });
    expect(&zone, &two, "it has 2 certificates, of which one is read");
    let unsigned = changed(&zone, |value| value["signature"] = "eyJhbGciOiJub25lIn0..".into());
    expect(&zone, &unsigned, "its signature is not taken: its algorithm \"none\" is not one of");
    let no_text = signed_text("{\"version\":1,\"at\":\"2026-01-01T00:00:00Z\"}", &node_keys(&zone, "node1"));
    expect(&zone, &no_text, "what was signed is not an answer: missing field `node`");
}
