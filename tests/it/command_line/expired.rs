//! A zone whose certificates have all expired: one command renews them, and every finding names it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::harness::{Outcome, TestZone, outcome, program, typed_at, zone_etcd};
use crate::support::{append, replace_in};

const NODES: [&str; 3] = ["node1", "node2", "node3"];
/// As long as the nodes may take to have them on a machine that is busy.
const SHORT: &str = "[pki]\nleaf_validity = \"10s\"\n";

fn described(access: bool) -> TestZone {
    let mut text = "[zone]\nname = \"example.zone\"\n".to_owned();
    for (place, node) in NODES.iter().enumerate() {
        let port = 12_379 + 10 * place;
        text.push_str(&format!(
            "[[node]]\nname = \"{node}\"\naddress = \"127.0.0.1\"\nclient_port = {port}\npeer_port = {}\n",
            port + 1
        ));
    }
    let zone = TestZone::described(&text);
    if access {
        let place = zone.around().join("there");
        fs::create_dir(&place).expect("a directory");
        let (program, place) = (program().display().to_string(), place.display().to_string());
        let access = format!("\n[access]\ncommand = \"{program}\"\nnode_dir = \"{place}/{{name}}\"\n");
        append(&zone.file("zone.toml"), &access);
    }
    zone.run(&["init"]).expect_code(0);
    zone
}

/// Lets all that was issued so far expire, and has the next live long.
#[track_caller]
fn expire(zone: &TestZone, issue: impl Fn()) {
    append(&zone.file("zone.toml"), SHORT);
    issue();
    let end = Instant::now() + Duration::from_secs(60);
    while zone.run(&["pki", "check"]).stdout.matches("  expired  ").count() < 14 {
        assert!(Instant::now() < end, "they do not expire: {}", zone.run(&["pki", "check"]).stdout);
    }
    replace_in(&zone.file("zone.toml"), SHORT, "");
}

/// The one command that `pki check` and `doctor` propose.
#[track_caller]
fn proposed(zone: &TestZone) -> String {
    let told = zone.run(&["pki", "check"]).expect_code(65).stdout;
    let mut lines: Vec<&str> =
        told.lines().filter_map(|line| Some(line.split_once("  expired  ")?.1.trim())).collect();
    assert_eq!(lines.len(), 14, "{told}");
    lines.dedup();
    assert_eq!(lines.len(), 1, "{told}");
    let doctor = zone.run(&["doctor"]).stdout;
    let wanted = format!("next  {}", lines[0]);
    assert_eq!(doctor.matches(&wanted).count(), 12, "{wanted}\n{doctor}");
    lines[0].to_owned()
}

#[track_caller]
fn typed(zone: &TestZone, line: &str) -> Outcome {
    let line = line.replace(" DIR ", &format!(" {} ", zone.around().join("again").display()));
    typed_at(&line, zone.around()).expect_code(0)
}

#[track_caller]
fn assert_valid_there(directory: &Path) {
    let told = outcome(zone_etcd(["check", "--config"]).arg(directory.join("node.json")));
    assert!(told.stdout.contains("peer.crt: 364 days left"), "{}", told.stdout);
}

#[test]
fn in_the_zone_directory() {
    let zone = described(false);
    expire(&zone, || drop(zone.run(&["pki", "renew", "--all"]).expect_code(0)));
    let line = proposed(&zone);
    assert!(line.starts_with("zone-etcd pki renew --all --due --zone "), "{line}");
    typed(&zone, &line);
    zone.run(&["pki", "check"]).expect_code(0);
}

#[test]
fn on_nodes_that_are_reached() {
    let zone = described(true);
    expire(&zone, || drop(zone.run(&["pki", "renew", "--all"]).expect_code(0)));
    typed(&zone, &proposed(&zone));
    zone.run(&["pki", "check"]).expect_code(0);
    NODES.iter().for_each(|node| assert_valid_there(&zone.around().join("there").join(node)));
}

#[test]
fn on_nodes_to_which_files_are_carried() {
    let zone = described(false);
    let place = |node: &str| zone.around().join(node);
    let activate = |node: &str, from: &str, more: &[&str]| {
        let mut command = zone_etcd(["activate"]);
        command
            .arg(zone.around().join(from).join(format!("{node}.bundle")))
            .arg("--node-dir")
            .arg(place(node));
        outcome(command.args(["--node", node]).args(more)).expect_code(0);
    };
    // The certificates of a bundle have to be valid when it is activated.
    let bundle = |out: &str| {
        outcome(zone.command(&["bundle", "--no-encryption"]).arg("--out").arg(zone.around().join(out)))
            .expect_code(0)
    };
    let made = bundle("first").stdout;
    let fingerprint =
        made.lines().last().and_then(|line| line.split("SHA-256: ").nth(1)).expect("a fingerprint");
    NODES.iter().for_each(|node| activate(node, "first", &["--root-fingerprint", fingerprint]));
    expire(&zone, || drop(zone.run(&["pki", "renew", "--all"]).expect_code(0)));
    let line = proposed(&zone);
    assert!(line.contains("pki renew --all --due --out DIR --no-encryption"), "{line}");
    typed(&zone, &line);
    zone.run(&["pki", "check"]).expect_code(0);
    for node in NODES {
        activate(node, "again", &[]);
        assert_valid_there(&place(node));
    }
}

/// A line with the key of each of thousands of nodes would be no help, and `pki check` has it for each.
#[test]
fn keys_of_many_nodes_are_in_a_file() {
    const KEY: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let mut text = "[zone]\nname = \"example.zone\"\n".to_owned();
    let mut keys = String::new();
    for number in 1..=10 {
        let member = number == 1;
        text.push_str(&format!(
            "[[node]]\nname = \"node{number}\"\naddress = \"10.0.0.{number}\"\nmember = {member}\n"
        ));
        keys.push_str(&format!("node{number} {KEY}\n"));
    }
    let zone = TestZone::described(&text);
    zone.run(&["init"]).expect_code(0);
    append(&zone.file("zone.toml"), SHORT);
    let file = zone.around().join("recipients");
    fs::write(&file, keys).expect("a file");
    let mut bundle = zone.command(&["bundle"]);
    outcome(bundle.arg("--recipients-file").arg(&file).arg("--out").arg(zone.around().join("out")))
        .expect_code(0);
    // Four certificates of the member, and one of each other node.
    let end = Instant::now() + Duration::from_secs(60);
    let told = loop {
        let told = zone.run(&["pki", "check"]).stdout;
        if told.matches("  expired  ").count() >= 13 {
            break told;
        }
        assert!(Instant::now() < end, "they do not expire: {told}");
    };
    replace_in(&zone.file("zone.toml"), SHORT, "");
    let line =
        told.lines().find_map(|line| Some(line.split_once("  expired  ")?.1.trim())).expect("a remedy");
    let wanted = "zone-etcd pki renew --all --due --out DIR --recipients-file FILE --zone ";
    assert!(line.starts_with(wanted) && !told.contains(KEY), "{told}");
    typed(&zone, &line.replace(" FILE ", &format!(" {} ", file.display())));
    zone.run(&["pki", "check"]).expect_code(0);
}

/// What is not a matter of age has a remedy of its own, and what is of one holder alone names it.
#[test]
fn of_one_holder() {
    let zone = described(true);
    zone.run(&["pki", "renew", "--all"]).expect_code(0);
    fs::remove_file(zone.file("nodes/node2/pki/current/peer.crt")).expect("a certificate");
    let told = zone.run(&["pki", "check"]).expect_code(65).stdout;
    assert!(told.contains("zone-etcd pki issue node2 --zone"), "{told}");
}
