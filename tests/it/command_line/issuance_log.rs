//! `issued.jsonl`: one line for each certificate, and no certificate in use without one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use zone_pki::Certificate;

use crate::harness::TestZone;
use crate::support::{Tree, replace_in};

fn lines(zone: &TestZone) -> Vec<Value> {
    let text = std::fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

#[test]
fn every_certificate_has_its_line() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1", "node2=10.0.1.2", "node3=10.0.1.3"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "issue", "--client", "apiserver"]).expect_code(0);
    replace_in(&zone.file("zone.toml"), "10.0.1.1", "10.0.1.9");
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let lines = lines(&zone);
    assert_eq!(lines.len(), 2 + 12 + 1 + 2, "init's clients, all nodes, one client, two roles again");
    let by_serial: BTreeMap<&str, &Value> =
        lines.iter().map(|line| (line["serial"].as_str().expect("a serial"), line)).collect();
    assert_eq!(by_serial.len(), lines.len(), "serials are unique");
    let mut seen = BTreeSet::new();
    for path in Tree::of(&zone.path()).paths() {
        let is_leaf =
            ["peer.crt", "server.crt", "gateway.crt", "client.crt"].iter().any(|name| path.ends_with(name));
        if !is_leaf || path.starts_with("ca") {
            continue;
        }
        let pem = std::fs::read(zone.path().join(path)).expect("a file");
        let certificate = Certificate::from_pem(&pem).expect("a certificate");
        let serial = certificate.serial_hex();
        let line =
            by_serial.get(serial.as_str()).unwrap_or_else(|| panic!("{} is not in the log", path.display()));
        assert_eq!(line["subject"], certificate.subject());
        assert_eq!(line["issuer"], certificate.issuer());
        assert_eq!(line["key_sha256"], zone_pki::hex::encode(&certificate.subject_public_key_sha256()));
        seen.insert(serial);
    }
    assert_eq!(seen.len(), lines.len(), "and every line has its certificate, while all generations are kept");
    let roles: BTreeSet<&str> = lines.iter().filter_map(|line| line["role"].as_str()).collect();
    assert_eq!(roles, BTreeSet::from(["client", "gateway", "node-client", "peer", "server"]));
    let of = |node: &str| lines.iter().filter(|line| line["node"] == node).count();
    assert_eq!((of("node1.example.zone"), of("node2.example.zone"), of("client/apiserver")), (6, 4, 1));
}

#[test]
fn it_is_only_appended_to() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    let before = std::fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let after = std::fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
    assert!(after.starts_with(&before) && after.len() > before.len());
}

/// A line that was cut off when the machine lost its power costs that line alone.
#[test]
fn a_torn_line_does_not_swallow_the_next() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    let path = zone.file("issued.jsonl");
    let text = std::fs::read_to_string(&path).expect("the log");
    std::fs::write(&path, format!("{text}{{\"serial\":\"12")).expect("a torn line");
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let text = std::fs::read_to_string(&path).expect("the log");
    let readable = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert_eq!((text.lines().count(), readable), (7, 6));
}
