//! `access recipient`: the keys of nodes, as the operator says them.

use std::fs;

use serde_json::Value;

use super::zone;

const ONE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const OTHER: &str = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";

#[test]
fn the_key_that_was_said_last_counts() {
    let zone = zone();
    let show = |code| zone.run(&["access", "recipient", "node1"]).expect_code(code);
    show(66).expect_error_with(&["no key of node1 is recorded", "zone-etcd sync --print-recipient"]);
    for key in [ONE, ONE, OTHER] {
        zone.run(&["access", "recipient", "node1", key]).expect_code(0);
        assert_eq!(show(0).stdout.trim(), key);
    }
    let log = fs::read_to_string(zone.file("recipients.jsonl")).expect("the log");
    assert_eq!(log.lines().count(), 2, "what is recorded is not recorded again: {log}");
    let told = zone.run(&["access", "recipient", "node1", "-o", "json"]).expect_code(0);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(told["node"], "node1.example.zone");
    assert_eq!(told["learned_from"], "operator");
    zone.run(&["access", "recipient", "node2"]).expect_code(66);
}

#[test]
fn what_is_no_key_is_refused_and_a_private_one_is_not_shown() {
    let zone = zone();
    let private = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    for (key, why) in [
        ("age1", "neither an age public key"),
        ("ssh-rsa AAAA", "only to ssh-ed25519"),
        (private, "private key"),
    ] {
        let told = zone.run(&["access", "recipient", "node1", key]).expect_code(64);
        let told = told.expect_error_with(&["not a key that bundles can be sealed to", why]);
        assert!(!told.stderr.contains("GQ9778"), "{}", told.stderr);
    }
    let file = zone.around().join("key.pub");
    fs::write(&file, format!("{ONE}\n")).expect("a file");
    zone.run(&["access", "recipient", "node1", &format!("@{}", file.display())]).expect_code(0);
    let told = zone.run(&["access", "recipient", "node1"]).expect_code(0);
    assert_eq!(told.stdout.trim(), ONE);
}
