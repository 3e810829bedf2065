//! `init`: a new zone, and a zone that is there.

use std::os::unix::fs::MetadataExt;

use super::json;
use crate::harness::{TestZone, outcome};
use crate::support::{Refusal, Tree};

#[track_caller]
fn refused(arguments: &[&str], code: i32, texts: &[&str]) {
    let zone = TestZone::empty();
    let mut command = zone.command(&["init"]);
    outcome(command.args(arguments)).expect_refusal(code, texts);
    assert!(!zone.path().exists(), "something was written");
}

#[test]
fn nodes_have_addresses_and_ports() {
    for (option, peer, client) in [
        ("node1=10.0.1.10", "https://10.0.1.10:2380", "https://10.0.1.10:2379"),
        ("node1=10.0.1.10:3380", "https://10.0.1.10:3380", "https://10.0.1.10:2379"),
        ("node1=10.0.1.10:3380:3379", "https://10.0.1.10:3380", "https://10.0.1.10:3379"),
        ("node1=[fd00::1]", "https://[fd00::1]:2380", "https://[fd00::1]:2379"),
        ("node1=[fd00::1]:3380:3379", "https://[fd00::1]:3380", "https://[fd00::1]:3379"),
        ("node1=fd00::1", "https://[fd00::1]:2380", "https://[fd00::1]:2379"),
        ("node1=host.example.org:3380", "https://host.example.org:3380", "https://host.example.org:2379"),
        ("node1.example.zone=10.0.1.10", "https://10.0.1.10:2380", "https://10.0.1.10:2379"),
        ("node1=", "https://node1.example.zone:2380", "https://node1.example.zone:2379"),
    ] {
        let zone = TestZone::init("example.zone", &[option]);
        let plan = zone.run(&["plan", "--node", "node1", "--format", "json"]).expect_code(0);
        let plan = json(&plan.stdout);
        assert_eq!(plan["member"]["peer_url"], peer, "{option}");
        assert_eq!(plan["advertise_client_url"], client, "{option}");
    }
}

#[test]
fn the_options_are_checked_before_anything_is_written() {
    refused(&[], 64, &["there is no ", "zone.toml", "--name example.zone"]);
    refused(&["--node", "node1=10.0.1.10"], 64, &["--name example.zone"]);
    refused(
        &["--name", "example_zone", "--node", "node1=10.0.1.10"],
        78,
        &["`example_zone` has `_`", "nothing was written"],
    );
    refused(&["--name", "example.zone"], 64, &["would have no node", "--node node1=10.0.1.10"]);
    let node = |option: &'static str, code: i32, text: &str| {
        refused(&["--name", "example.zone", "--node", option], code, &[text]);
    };
    node("node1", 64, "`--node node1` has no address");
    node("node1=https://10.0.1.10", 64, "has a URL for an address");
    node("node1=10.0.1.10:port", 64, "`port` in `--node node1=10.0.1.10:port` is no port");
    node("node1=10.0.1.10:65536", 64, "is no port");
    node("node1=10.0.1.10:", 64, "is no port");
    node("node1=10.0.1.10:1:2:3", 64, "more than an address and two ports");
    node("node1=[fd00::1]3380", 64, "more than an address and two ports");
    node("node1=localhost", 78, "`localhost` means another machine");
    node("node1=10.0.1.10:0", 78, "0 is no port");
    node("=10.0.1.10", 78, "the node name is empty");
    node("node1=\"quoted\"\\", 78, "has `\"`");
    // Every fault at once.
    let nodes = ["--name", "example.zone", "--node", "node_1=10.0.1.10", "--node", "node2=0.0.0.0"];
    refused(&nodes, 78, &["`node_1` has `_`", "`0.0.0.0` is no address"]);
}

/// `fd00::1:2380` is an IPv6 address of its own, and hardly ever meant as one.
#[test]
fn an_ipv6_address_with_a_port_needs_brackets() {
    for (written, meant) in [
        ("fd00::1:2380", "[fd00::1]:2380"),
        ("fd00::1:2380:2379", "[fd00::1]:2380:2379"),
        ("fd00::1:12380", "[fd00::1]:12380"),
        ("fd00:0:0:0:0:0:0:1:2380", "[fd00:0:0:0:0:0:0:1]:2380"),
    ] {
        let node = format!("node1={written}");
        refused(&["--name", "example.zone", "--node", &node], 64, &["brackets", &format!("node1={meant}")]);
    }
    for address in ["fd00::10", "2001:db8:0:0:0:0:0:1", "fd00::a:b"] {
        TestZone::init("example.zone", &[&format!("node1={address}")]);
    }
}

#[test]
fn a_zone_toml_that_is_there_is_not_described_again() {
    let zone = TestZone::described("[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\n");
    let before = Tree::of(&zone.path());
    for arguments in [["init", "--name", "other.zone"].as_slice(), &["init", "--node", "node2=10.0.1.2"]] {
        zone.run(arguments)
            .expect_refusal(73, &["zone.toml is there already", "--name and --node describe a new zone"]);
        Tree::of(&zone.path()).assert_same_as(&before, "init");
    }
    zone.run(&["init"]).expect_code(0);
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    assert_eq!(text.lines().count(), 4, "the file is as it was");
}

#[test]
fn cas_that_are_there_are_refused_and_unchanged() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    let before = Tree::of(&zone.path());
    zone.run(&["init"]).expect_refusal(73, &["example.zone has its CAs already", "never replaced"]);
    Tree::of(&zone.path()).assert_same_as(&before, "init");
}

#[test]
fn every_secret_has_its_mode_and_directories_are_private() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let mode = |path: &std::path::Path| {
        std::fs::symlink_metadata(zone.path().join(path)).expect("a file").mode() & 0o7777
    };
    let mut keys = 0;
    for path in Tree::of(&zone.path()).paths() {
        let full = zone.path().join(path);
        if full.is_dir() && !full.is_symlink() {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        }
        if path.extension().is_some_and(|extension| extension == "key") {
            assert_eq!(mode(path), 0o600, "{}", path.display());
            keys += 1;
        }
    }
    assert_eq!(keys, 3 + 4 + 2, "CAs, roles of a node, clients");
    assert_eq!(mode("issued.jsonl".as_ref()), 0o600);
}

/// What a user's umask takes away must not be taken from keys only, and what it leaves open must not be open.
#[test]
fn a_lax_umask_opens_nothing() {
    let zone = TestZone::empty();
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "umask 000; exec \"$0\" init --name example.zone --node node1=10.0.1.10 --zone \"$1\""]);
    outcome(command.arg(crate::harness::program()).arg(zone.path())).expect_code(0);
    for key in ["ca/root.key", "ca/peer.key", "ca/client.key", "clients/admin/current/client.key"] {
        assert_eq!(std::fs::metadata(zone.file(key)).expect("a key").mode() & 0o7777, 0o600, "{key}");
    }
    assert_eq!(std::fs::metadata(zone.path()).expect("the zone").mode() & 0o7777, 0o700);
}
