//! Nodes that make their own keys are asked for others, and no key comes here.

use super::{read, renewed, there, zone};
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::Tree;

/// node1 has keys of its own, and certificates for them.
fn with_own_keys() -> TestZone {
    let zone = zone();
    let directory = there(&zone, "node1");
    let mut request = zone_etcd(["pki", "csr", "--node", "node1.example.zone", "--node-dir"]);
    let requests = outcome(request.arg(&directory)).expect_code(0).stdout;
    let file = zone.around().join("node1.csr");
    std::fs::write(&file, requests).expect("a file");
    let mut sign = zone.command(&["pki", "sign", "--replace-keys"]);
    outcome(sign.arg("--out").arg(zone.around().join("out")).arg(&file)).expect_code(0);
    let root = zone_pki::Certificate::from_pem(&read(&zone.file("ca/root.crt"))).expect("the root");
    let mut activate = zone_etcd(["activate", "--root-fingerprint"]);
    activate.arg(zone_pki::hex::encode(&root.fingerprint_sha256())).arg("--node-dir").arg(&directory);
    outcome(activate.arg(zone.around().join("out/node1.bundle"))).expect_code(0);
    zone
}

#[test]
fn its_keys_are_new_and_stay_there() {
    let zone = with_own_keys();
    let current = |file: &str| read(&there(&zone, "node1").join("pki/current").join(file));
    let before = current("peer.key");
    let rows = renewed(&zone, &["node1"]);
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(rows.iter().all(|row| row["served"] == "delivered"), "{rows:?}");
    assert_ne!(current("peer.key"), before, "the key is new");
    assert_eq!(current("peer.crt"), read(&zone.file("nodes/node1/pki/current/peer.crt")));
    let here = Tree::of(&zone.file("nodes/node1/pki/current"));
    assert!(!here.paths().any(|path| path.extension().is_some_and(|end| end == "key")), "{here:?}");

    zone.run(&["pki", "revoke", "client/health"]).expect_code(0);
    assert_eq!(current("client.crl"), read(&zone.file("nodes/node1/pki/current/client.crl")));
}

#[test]
fn requests_of_another_are_not_signed() {
    let zone = with_own_keys();
    let program = crate::harness::program().display().to_string();
    let script = super::stand_in(&zone, &format!("{program} \"$@\" | sed s/node1.example/node2.example/"));
    crate::support::replace_in(&zone.file("zone.toml"), &program, &script.display().to_string());
    let before = Tree::of(&zone.file("nodes"));
    zone.run(&["pki", "renew", "node1"]).expect_code(65).expect_error_with(&[
        "node1 has not answered as `zone-etcd pki csr` answers",
        "its requests are those of another node",
    ]);
    Tree::of(&zone.file("nodes")).assert_same_as(&before, "nothing was signed");
}
