//! Nodes to which people carry bundles, and from which they carry the answers.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{read, there};
use crate::harness::{Outcome, TestZone, outcome, program};
use crate::support::{Refusal, three_members_issued};

fn zone() -> TestZone {
    let zone = three_members_issued();
    fs::create_dir(zone.around().join("nodes-there")).expect("a directory");
    zone
}

fn renew(zone: &TestZone, arguments: &[&str]) -> Outcome {
    let mut command = zone.command(&["pki", "renew"]);
    outcome(command.args(arguments).arg("--out").arg(zone.around().join("carried")))
}

/// Types the line for a node, where its bundle is.
#[track_caller]
fn type_there(zone: &TestZone, told: &str, node: &str) -> Outcome {
    let start = format!("  {node}: ");
    let line = told.lines().find_map(|line| line.strip_prefix(&start)).expect("the line for the node");
    let directory = format!(" --node-dir {} --format", there(zone, node).display());
    let line = line.replace(" --format", &directory);
    let mut shell = Command::new("sh");
    let path = format!("{}:/usr/bin:/bin", program().parent().expect("a directory").display());
    outcome(shell.args(["-c", &line]).current_dir(zone.around().join("carried")).env("PATH", path))
}

fn states(zone: &TestZone, code: i32) -> Vec<(String, String)> {
    let told = renew(zone, &["--all", "--continue", "--format", "json"]).expect_code(code);
    let rows: Vec<Value> = serde_json::from_str(&told.stdout).expect("JSON");
    let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
    rows.iter().map(|row| (text(row, "node"), text(row, "state"))).collect()
}

fn each(states: [&str; 3]) -> Vec<(String, String)> {
    ["node1", "node2", "node3"].into_iter().zip(states).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

#[test]
fn step_by_step() {
    let zone = zone();
    let told = renew(&zone, &["--all", "--no-encryption"]).expect_code(0);
    assert!(told.stdout.contains("in its bundle"), "{}", told.stdout);
    assert!(told.stderr.contains("--continue --zone"), "{}", told.stderr);
    assert_eq!(states(&zone, 0), each(["open"; 3]));
    type_there(&zone, &told.stderr, "node1").expect_code(0);
    type_there(&zone, &told.stderr, "node3").expect_code(0);
    assert_eq!(states(&zone, 0), each(["done", "open", "done"]));
    let left = renew(&zone, &["--all", "--continue"]).expect_code(0);
    assert!(left.stderr.contains("  node2: ") && !left.stderr.contains("  node1: "), "{}", left.stderr);
    type_there(&zone, &left.stderr, "node2").expect_code(0);
    assert_eq!(states(&zone, 0), each(["done"; 3]));
    let told = renew(&zone, &["--all", "--continue"]).expect_code(0);
    assert!(told.stderr.contains("all of them have what is new"), "{}", told.stderr);
    super::assert_same(&zone, "node2");

    // The next renewal of one of them: what it answered before is no answer to that.
    let told = renew(&zone, &["node1", "--no-encryption"]).expect_code(0);
    assert!(!told.stderr.contains("--root-fingerprint"), "it knows the zone: {}", told.stderr);
    assert_eq!(states(&zone, 0), each(["open", "done", "done"]));
    type_there(&zone, &told.stderr, "node1").expect_code(0);
    assert_eq!(states(&zone, 0), each(["done"; 3]));
}

#[test]
fn an_answer_has_to_be_of_its_node_and_its_bundle() {
    let zone = zone();
    let told = renew(&zone, &["--all", "--no-encryption"]).expect_code(0).stderr;
    type_there(&zone, &told, "node1").expect_code(0);
    let answer = |node: &str| zone.around().join("carried").join(format!("{node}.answer"));
    let right = String::from_utf8(read(&answer("node1"))).expect("text");
    fs::write(answer("node2"), &right).expect("a file");
    renew(&zone, &["node2", "--continue"]).expect_code(65).expect_error_with(&[
        "node2.answer is no answer to its bundle",
        "it is the answer of node1.example.zone",
        "next: on node2, see what this says",
    ]);
    for (from, to, why) in [
        ("\"sequence\": 1", "\"sequence\": 2", "bundle 2 is in use there, and not 1"),
        ("\"manifest_sha256\": \"", "\"manifest_sha256\": \"0", "another bundle with the number 1"),
        ("{", "", "not the JSON of an activation"),
    ] {
        assert!(right.contains(from), "{right}");
        fs::write(answer("node1"), right.replacen(from, to, 1)).expect("a file");
        renew(&zone, &["node1", "--continue"]).expect_code(65).expect_error_with(&[why]);
    }
    // The shell makes the file, also when nothing is activated.
    fs::write(answer("node1"), "").expect("a file");
    renew(&zone, &["node1", "--continue"]).expect_code(65).expect_error_with(&["it is empty"]);
    fs::remove_file(answer("node2")).expect("the file");
    assert_eq!(states(&zone, 65), each(["wrong", "open", "open"]));
}

#[test]
fn they_are_sealed_as_bundles_are() {
    let zone = zone();
    renew(&zone, &["node1"])
        .expect_refusal(64, &["nothing says how the bundles are to be sealed", "--no-encryption"]);
    zone.run(&["pki", "renew", "node1", "--no-encryption"]).expect_code(64);
    zone.run(&["pki", "renew", "node1", "--continue"]).expect_code(64);
    renew(&zone, &["node1", "--continue"]).expect_refusal(66, &["there is no directory"]);
    let age = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let told = renew(&zone, &["node1", "--recipient", age]).expect_code(0);
    assert!(told.stderr.contains("node1.bundle --identity KEYFILE --root-fingerprint"), "{}", told.stderr);
    renew(&zone, &["node2", "--continue"]).expect_refusal(66, &["has no bundle of these nodes"]);
}
