//! Bundles that people carry while the members run.

use std::fs::File;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// Carries the bundle of a node to its directory, and the answer back.
#[track_caller]
fn carry(zone: &TestZone, node: &str) {
    let carried = |end: &str| zone.around().join(format!("carried/{node}.{end}"));
    let root = std::fs::read(zone.file("ca/root.crt")).expect("the root");
    let root = zone_pki::Certificate::from_pem(&root).expect("a certificate").fingerprint_sha256();
    let mut command = zone_etcd(["activate", "--format", "json", "--node-dir"]);
    command.arg(zone.around().join(node)).args(["--root-fingerprint", &zone_pki::hex::encode(&root)]);
    command.arg(carried("bundle")).stdout(File::create(carried("answer")).expect("a file"));
    assert!(command.status().expect("it runs").success());
}

#[track_caller]
fn renew(zone: &TestZone, arguments: &[&str]) -> Outcome {
    let mut command = zone.command(&["pki", "renew"]);
    outcome(command.args(arguments).arg("--out").arg(zone.around().join("carried")))
}

/// How far each has come, and whether it is in use.
#[track_caller]
fn served(zone: &TestZone, code: i32) -> Vec<String> {
    let told = renew(zone, &["--all", "--continue", "--format", "json"]).expect_code(code);
    let rows: Vec<Value> = serde_json::from_str(&told.stdout).expect("JSON");
    let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
    rows.iter().map(|row| format!("{} {}", text(row, "state"), text(row, "served"))).collect()
}

#[test]
fn what_was_carried_is_seen_in_use() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        renew(&zone, &["--all", "--no-encryption"]).expect_code(0);
        NODES.iter().for_each(|node| carry(&zone, node));
        assert_eq!(served(&zone, 0), ["done delivered"; 3], "no member runs");
        let parent = std::process::id().to_string();
        let start = |node: &&str| {
            let mut command = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
            command.arg(zone.around().join(node).join("node.json"));
            Running::start(&mut command, zone.around(), node)
        };
        let mut members: Vec<Running> = NODES.iter().map(start).collect();
        for port in [2379, 2389, 2399] {
            wait_for_quorum(&etcdctl(&zone, &format!("https://127.0.0.1:{port}")));
        }
        assert_eq!(served(&zone, 0), ["done proved"; 3]);

        let told = renew(&zone, &["node1", "node2", "--no-encryption"]).expect_code(0);
        assert!(told.stdout.contains("in its bundle"), "{}", told.stdout);
        carry(&zone, "node2");
        assert_eq!(served(&zone, 0), ["open open", "done proved", "done proved"]);
        // It went back after it had answered.
        let mut back = zone_etcd(["activate", "--rollback", "--node-dir"]);
        outcome(back.arg(zone.around().join("node2"))).expect_code(0);
        assert_eq!(served(&zone, 65), ["open open", "done delivered", "done proved"]);
        call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["put", "a", "b"]).expect_code(0);
        assert!(members.iter_mut().all(Running::is_alive));
    });
}
