//! A member moves whose node the signing host reaches: the other nodes are told as well.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::isolation::isolated;
use crate::harness::members::loopback_zone;
use crate::harness::programs::write_program;
use crate::harness::supervised::Supervised;
use crate::harness::{Outcome, TestZone, outcome, program, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn directory(node: &str) -> PathBuf {
    std::env::temp_dir().join("nodes").join(node)
}

#[track_caller]
fn running() -> (TestZone, Vec<Supervised>) {
    let place = std::env::temp_dir().join("nodes");
    std::fs::create_dir(&place).expect("a directory");
    let reach = place.join("reach");
    let script =
        format!("#!/bin/sh\n[ ! -e $0.not.$1 ] || exit 255\nshift\nexec {} \"$@\"\n", program().display());
    write_program(&reach, script);
    let (reach, place) = (reach.display(), place.display());
    let zone = loopback_zone(
        3,
        &format!("[access]\ncommand = \"{reach} {{name}}\"\nnode_dir = \"{place}/{{name}}\"\n"),
    );
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "renew", "--all"]).expect_code(0);
    let start = |node: &&str| {
        let parent = std::process::id().to_string();
        let mut run = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        run.arg(directory(node).join("node.json"));
        Supervised::start(run, zone.around().to_owned(), node)
    };
    let members: Vec<Supervised> = NODES.iter().map(start).collect();
    for member in &members {
        member.wait_for_line(&["\"serving client traffic securely\""]);
    }
    (zone, members)
}

fn check(node: &str) -> Outcome {
    outcome(zone_etcd(["check", "--config"]).arg(directory(node).join("node.json")))
}

fn move_node2(zone: &TestZone) {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let text = text.replace("= 2389", "= 2489").replace("= 2390", "= 2490");
    std::fs::write(zone.file("zone.toml"), text).expect("zone.toml");
}

#[test]
fn the_others_know_where_it_is_when_the_command_ends() {
    isolated(|| {
        let (zone, members) = running();
        let pids: Vec<u32> = members.iter().map(Supervised::pid).collect();
        for node in NODES {
            check(node).expect_code(0);
        }
        move_node2(&zone);
        let told = zone.run(&["member", "update", "node2", "--format", "json"]).expect_code(0);
        for node in NODES {
            let told = check(node);
            assert_eq!(told.code, 0, "{node}: {}{}", told.stdout, told.stderr);
        }
        let report: Value = serde_json::from_str(&told.stdout).expect("JSON");
        assert_eq!(report["others_told"], json!(["node1", "node3"]));
        assert_eq!(report["others_left"], json!([]));
        assert_eq!([pids[0], pids[2]], [members[0].pid(), members[2].pid()], "no other was restarted");
    });
}

#[test]
fn one_that_is_not_reached_is_told_by_the_same_command() {
    isolated(|| {
        let (zone, _members) = running();
        move_node2(&zone);
        let not_reached = std::env::temp_dir().join("nodes/reach.not.node1");
        std::fs::write(&not_reached, "").expect("a mark");
        let told = zone.run(&["member", "update", "node2"]).expect_code(69);
        told.expect_error_with(&["node2 has moved, and node1 does not know of it", "member update node2"]);
        check("node3").expect_code(0);
        check("node1").expect_code(69);
        std::fs::remove_file(&not_reached).expect("the mark");
        zone.run(&["member", "update", "node2"]).expect_code(0);
        check("node1").expect_code(0);
    });
}

/// Each is told by its own move of where the others are at that moment, and all in the end of where all are.
#[test]
fn several_move_and_all_know_of_all() {
    isolated(|| {
        let (zone, members) = running();
        move_node2(&zone);
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let text = text.replace("= 2399", "= 2499").replace("= 2400", "= 2500");
        std::fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        let told = zone.run(&["member", "update", "node2", "node3", "--format", "json"]).expect_code(0);
        for node in NODES {
            let told = check(node);
            assert_eq!(told.code, 0, "{node}: {}{}", told.stdout, told.stderr);
        }
        let reports: Value = serde_json::from_str(&told.stdout).expect("JSON");
        let reports = reports.as_array().expect("reports");
        assert_eq!(reports[0]["others_told"], json!([]), "they are told once, with the last");
        assert_eq!(reports[1]["others_told"].as_array().map(Vec::len), Some(2));
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [1, 2, 2]);
    });
}
