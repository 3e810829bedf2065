//! `access grants`, where nothing is asked of etcd.

use super::{certificate, json};
use crate::harness::TestZone;

fn zone() -> TestZone {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.1\"\n[[node]]\nname \
         = \"n17\"\naddress = \"10.0.1.17\"\nmember = false\n",
    );
    zone.run(&["init"]).expect_code(0);
    zone
}

#[test]
fn grants_are_lines_for_etcdctl() {
    let zone = zone();
    let printed = zone.run(&["access", "grants", "n17"]).expect_code(0);
    assert_eq!(
        printed.stdout,
        "etcdctl role add zone-etcd-node-n17.example.zone\n\
         etcdctl role grant-permission zone-etcd-node-n17.example.zone readwrite \
         /zone-etcd/answer/n17.example.zone\n\
         etcdctl role grant-permission zone-etcd-node-n17.example.zone read \
         /zone-etcd/delivery/n17.example.zone/ --prefix=true\n\
         etcdctl user add n17.example.zone --no-password\n\
         etcdctl user grant-role n17.example.zone zone-etcd-node-n17.example.zone\n"
    );
    assert_eq!(printed.stderr, "");
    let printed = zone.run(&["access", "grants"]).expect_code(0);
    assert_eq!(printed.stdout.lines().count(), 10);
    assert!(printed.stderr.contains("cannot name the key of the operation lock"), "{}", printed.stderr);
}

#[test]
fn grants_for_a_program() {
    let zone = zone();
    let printed = json(&zone.run(&["access", "grants", "-o", "json"]).expect_code(0).stdout);
    let of = |key: &str, right: &str, is_prefix: bool| {
        let (key, right) = (key.to_owned(), right.to_owned());
        serde_json::json!({"key": key, "right": right, "prefix": is_prefix})
    };
    assert_eq!(
        printed["grants"][0]["permissions"],
        serde_json::json!([
            of("\0zone-etcd/operation", "readwrite", false),
            of("/zone-etcd/answer/node1.example.zone", "readwrite", false),
            of("/zone-etcd/delivery/node1.example.zone/", "read", true),
        ])
    );
    assert_eq!(printed["grants"][1]["user"], "n17.example.zone");
    assert_eq!(printed["grants"][1]["permissions"].as_array().map(Vec::len), Some(2));
    assert_eq!(printed["withdrawn"], serde_json::json!([]));
}

/// One that was revoked is to have nothing.
#[test]
fn grants_leave_out_who_was_revoked() {
    let zone = zone();
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "revoke", "n17"]);
    let printed = zone.run(&["access", "grants"]).expect_code(0);
    assert!(!printed.stdout.contains("n17"), "{}", printed.stdout);
    assert!(
        printed.stderr.contains("left out, since they were revoked: n17.example.zone"),
        "{}",
        printed.stderr
    );
    let printed = json(&zone.run(&["access", "grants", "-o", "json"]).expect_code(0).stdout);
    assert_eq!(printed["withdrawn"], serde_json::json!(["n17.example.zone"]));
    zone.run(&["pki", "issue", "n17", "--reinstate"]).expect_code(0);
    let printed = zone.run(&["access", "grants"]).expect_code(0);
    assert!(printed.stdout.contains("etcdctl user add n17.example.zone"), "{}", printed.stdout);
}

/// A common name has 64 characters at most, and etcd takes it for the user.
#[test]
fn grants_are_for_the_name_in_the_certificate() {
    let long = format!("n17{}", "a".repeat(60));
    let text = std::fs::read_to_string(zone().file("zone.toml")).expect("zone.toml");
    let zone = TestZone::described(&text.replace("\"n17\"", &format!("\"{long}\"")));
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let printed = json(&zone.run(&["access", "grants", "-o", "json"]).expect_code(0).stdout);
    let grant = &printed["grants"][1];
    let full = format!("{long}.example.zone");
    assert_eq!(grant["node"].as_str(), Some(full.as_str()));
    assert_eq!(grant["role"], format!("zone-etcd-node-{full}"));
    let issued = certificate(&zone.file(&format!("nodes/{long}/pki/current/client.crt")));
    assert_eq!(grant["user"].as_str(), issued.common_name());
    assert_ne!(grant["user"].as_str(), Some(full.as_str()));
}
