//! `pki list`, for people and for programs.

use super::{certificate, json};
use crate::harness::TestZone;

#[test]
fn for_a_program_every_certificate_has_its_facts() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1", "node2=10.0.1.2", "node3=10.0.1.3"]);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let listed = json(&zone.run(&["pki", "list", "--format", "json"]).expect_code(0).stdout);
    let rows = listed.as_array().expect("a list");
    let find = |role: &str, node: &str| {
        let found = rows.iter().find(|row| row["role"] == role && row["node"] == node);
        found.unwrap_or_else(|| panic!("no {role} of {node}"))
    };
    assert_eq!(rows.len(), 3 + 3 * 4 + 2, "CAs, four roles a node, two clients");
    for (role, node, path) in [
        ("root CA", "ca", "ca/root.crt"),
        ("peer CA", "ca", "ca/peer.crt"),
        ("peer", "node1", "nodes/node1/pki/current/peer.crt"),
        ("node-client", "node1", "nodes/node1/pki/current/client.crt"),
        ("client", "client/admin", "clients/admin/current/client.crt"),
    ] {
        let (row, certificate) = (find(role, node), certificate(&zone.file(path)));
        assert_eq!(row["issued"], true);
        assert_eq!(row["serial"], certificate.serial_hex());
        assert_eq!(row["subject"], certificate.subject());
        assert_eq!(row["issuer"], certificate.issuer());
        assert_eq!(row["sha256"], zone_pki::hex::encode(&certificate.fingerprint_sha256()));
        assert_eq!(row["names"].as_array().map(Vec::len), Some(certificate.names().len()));
    }
    assert_eq!(find("peer", "node1")["days_left"], 364);
    assert_eq!(find("root CA", "ca")["days_left"], 3649);
    let missing = find("peer", "node2");
    assert_eq!(missing["issued"], false);
    assert!(missing["serial"].is_null() && missing["days_left"].is_null());
}

#[test]
fn for_people_it_has_columns() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    let listed = zone.run(&["pki", "list"]).expect_code(0).stdout;
    let mut lines = listed.lines();
    let headings = lines.next().expect("headings");
    for heading in ["role", "node", "days left", "subject", "issuer", "names"] {
        assert!(headings.contains(heading), "no {heading} in {headings}");
    }
    let column = headings.find("subject").expect("the column");
    for line in lines {
        assert!(
            line[column..].starts_with("CN=") || line[column..].starts_with("OU="),
            "not aligned: {line}"
        );
        assert_eq!(line, line.trim_end(), "blanks at the end");
    }
    assert!(listed.contains("node1 node1.example.zone 10.0.1.1 localhost 127.0.0.1 ::1"), "{listed}");
}
