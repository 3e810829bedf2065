//! A member moves whose node has a directory of its own: what changes is carried there as a bundle.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::loopback_zone;
use crate::harness::supervised::Supervised;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn directory(zone: &TestZone, node: &str) -> PathBuf {
    zone.around().join("machines").join(node)
}

/// Makes a bundle and activates it in the node's own directory.
#[track_caller]
fn carry(zone: &TestZone, node: &str) {
    let out = zone.around().join("carried");
    let mut bundle = zone.command(&["bundle", node, "--no-encryption"]);
    outcome(bundle.arg("--out").arg(&out)).expect_code(0);
    let fingerprint = zone.root_fingerprint();
    let mut activate = zone_etcd(["activate"]);
    activate.arg(out.join(format!("{node}.bundle"))).args(["--root-fingerprint", &fingerprint, "--node-dir"]);
    outcome(activate.arg(directory(zone, node)).stdin(Stdio::null())).expect_code(0);
}

/// A command on the machine of a node.
fn on(zone: &TestZone, node: &str, arguments: &[&str]) -> Outcome {
    let mut command = zone_etcd(arguments);
    outcome(command.arg("--config").arg(directory(zone, node).join("node.json")))
}

#[test]
fn long_by_a_bundle_and_a_restart_on_the_node() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        std::fs::create_dir(zone.around().join("machines")).expect("a directory");
        let mut members: Vec<Supervised> = Vec::new();
        for node in NODES {
            carry(&zone, node);
            let parent = std::process::id().to_string();
            let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
            run.arg(directory(&zone, node).join("node.json"));
            members.push(Supervised::start(run, zone.around().to_owned(), node));
        }
        for member in &members {
            member.wait_for_line(&["\"serving client traffic securely\""]);
        }
        // On the node, which knows its own name; and it is not asked to restart others.
        let told = on(&zone, "node3", &["restart", "--format", "json"]).expect_code(0);
        let report: Value = serde_json::from_str(&told.stdout).expect("JSON");
        assert_eq!((&report["node"], &report["pid_after"]), (&"node3".into(), &members[2].pid().into()));
        zone.run(&["restart", "--node", "node3"]).expect_code(69).expect_error_with(&["does not run here"]);

        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let text = text.replace("= 2389", "= 2489").replace("= 2390", "= 2490");
        std::fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        zone.run(&["member", "update", "node2"]).expect_code(75).expect_error_with(&[
            "does not serve where zone.toml says yet",
            "bundle node2 --out DIR --no-encryption",
            "zone-etcd activate DIR/node2.bundle",
            "zone-etcd restart",
            "zone-etcd member update node2",
        ]);
        carry(&zone, "node2");
        on(&zone, "node2", &["restart"]).expect_code(0);
        let done = zone.run(&["member", "update", "node2"]).expect_code(0);
        assert!(
            done.stderr.contains("zone-etcd bundle node1 node3 --out DIR --no-encryption"),
            "{}",
            done.stderr
        );
        assert!(done.stderr.contains("zone-etcd activate DIR/NODE.bundle"), "{}", done.stderr);
        zone.run(&["status"]).expect_code(0);
        // The others go by their data: the founding of the new description is not theirs.
        for node in ["node1", "node3"] {
            let stale = on(&zone, node, &["restart"]).expect_code(0);
            assert!(stale.stdout.contains(node), "{}", stale.stdout);
            let place = usize::from(node == "node3") * 2;
            let said = members[place].stderr();
            assert!(said.contains("a bundle that was made since tells this node"), "{said}");
            carry(&zone, node);
            on(&zone, node, &["restart"]).expect_code(0);
            let said = members[place].stderr();
            assert!(!said.contains("warning"), "{said}");
        }
        zone.run(&["status"]).expect_code(0);

        // A name more: its member shows certificates without it. There is no zone directory on its machine.
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let text = text.replace("name = \"node2\"", "name = \"node2\"\nsans = [\"also.example.zone\"]");
        std::fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        let told = zone.run(&["member", "update", "node2"]).expect_code(75).expect_error_with(&[
            "does not serve as zone.toml says",
            "bundle node2 --out DIR --no-encryption",
            "zone-etcd activate DIR/node2.bundle",
            "zone-etcd member update node2",
        ]);
        assert!(!told.stderr.contains("check"), "{}", told.stderr);
        carry(&zone, "node2");
        zone.run(&["member", "update", "node2"]).expect_code(0);
    });
}
