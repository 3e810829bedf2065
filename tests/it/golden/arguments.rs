//! The exact command line of etcd, for each supported line of versions and each kind of zone.

use super::compare;
use super::zones::{KINDS, VERSIONS, with_placeholders, zone};
use crate::support::{Refusal, Tree};

#[test]
fn the_command_line_is_the_golden_one() {
    for version in VERSIONS {
        for (kind, nodes) in KINDS {
            let zone = zone(nodes, version);
            let before = Tree::of(&zone.path());
            // Of translated nodes, each kind has a command line of its own.
            let members = if kind == "translated" { ["node1", "node2"].as_slice() } else { &["node1"] };
            for node in members {
                let plan = zone.run(&["plan", "--node", node, "--format", "argv"]).expect_code(0);
                let suffix = if members.len() > 1 { format!("-{node}") } else { String::new() };
                compare(
                    &format!("{version}/{kind}{suffix}.argv"),
                    &with_placeholders(&plan.stdout, &zone, version),
                );
            }
            Tree::of(&zone.path()).assert_same_as(&before, "plan");
        }
    }
}

/// Nothing of what a command line follows from differs from node to node but its own addresses.
#[test]
fn every_node_has_the_same_initial_cluster() {
    for (_, nodes) in KINDS {
        let zone = zone(nodes, "3.7.3");
        let names = if nodes.contains("node3.rack2") {
            ["node1", "node2", "node3.rack2"]
        } else {
            ["node1", "node2", "node3"]
        };
        let shared = names.map(|node| {
            let plan = zone.run(&["plan", "--node", node, "--format", "argv"]).expect_code(0).stdout;
            let lines: Vec<String> = plan
                .lines()
                .filter(|line| line.starts_with("--initial-cluster"))
                .map(str::to_owned)
                .collect();
            assert_eq!(lines.len(), 3, "cluster, token and state: {lines:?}");
            lines
        });
        assert!(shared[0] == shared[1] && shared[1] == shared[2], "{shared:#?}");
    }
}

/// The same, as variables: each line is one that a shell takes, and no flag is lost.
#[test]
fn the_environment_says_the_same() {
    let zone = zone(KINDS[1].1, "3.7.3");
    let arguments = zone.run(&["plan", "--node", "node1", "--format", "argv"]).expect_code(0).stdout;
    let variables = zone.run(&["plan", "--node", "node1", "--format", "env"]).expect_code(0).stdout;
    let script = format!("set -a\n{variables}\nexec env");
    let mut shell = std::process::Command::new("sh");
    let shown = crate::harness::outcome(shell.args(["-c", &script]).env_clear().env("PATH", "/usr/bin:/bin"))
        .expect_code(0);
    for argument in arguments.lines().skip(1) {
        let (name, value) = argument.trim_start_matches("--").split_once('=').expect("a flag with its value");
        let line = format!("ETCD_{}={value}", name.to_uppercase().replace('-', "_"));
        assert!(shown.stdout.lines().any(|shown| shown == line), "no {line} in:\n{}", shown.stdout);
    }
}

/// Rather than a line that a shell reads in one way and systemd in another.
#[test]
fn a_value_that_no_line_can_have_is_refused() {
    let place = crate::harness::TestZone::empty();
    let directory = place.around().join("a\nb");
    let at = |arguments: &[&str]| {
        crate::harness::outcome(crate::harness::zone_etcd(arguments).arg("--zone").arg(&directory))
    };
    at(&["init", "--name", "example.zone", "--node", "node1=10.0.1.1"]).expect_code(0);
    at(&["plan", "--node", "node1", "--format", "env"])
        .expect_refusal(78, &["ETCD_DATA_DIR has control characters", "--format argv"]);
}
