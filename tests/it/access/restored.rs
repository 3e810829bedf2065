//! A zone directory that was put back from a copy, or of which there are two: the nodes have bundles that it
//! does not know of.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{read, renewed, stand_in, there, with_command, zone};
use crate::harness::{TestZone, outcome, program, typed_at};
use crate::support::{Refusal, copy_of, replace_in};

/// The records of a zone's bundles.
fn records(zone: &TestZone) -> Vec<Value> {
    let log = fs::read_to_string(zone.file("bundles.jsonl")).expect("the log");
    log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn manifest_of(directory: &Path) -> Value {
    serde_json::from_slice(&read(&directory.join("pki/current/manifest.json"))).expect("JSON")
}

#[track_caller]
fn assert_has_what_is_here(restored: &TestZone, directory: &Path) {
    for file in ["server.crt", "server.key", "peer.crt", "peer.key", "client.crl"] {
        let here = restored.file("nodes/node1/pki/current").join(file);
        assert_eq!(read(&here), read(&directory.join("pki/current").join(file)), "{file}");
    }
}

#[test]
fn one_renewal_goes_beyond_all_that_was_made_since_the_copy() {
    let zone = zone();
    let directory = there(&zone, "node1");
    renewed(&zone, &["node1"]);
    let restored = copy_of(&zone);
    for _ in 0..3 {
        renewed(&zone, &["node1"]);
    }
    restored.run(&["pki", "renew", "node1"]).expect_code(0).expect_error_with(&[
        "node1 has bundle 4, made at ",
        "this zone directory does not know of it",
        "put back from a copy",
        "the next is 5",
        "zone-etcd pki check",
    ]);
    assert_eq!(manifest_of(&directory)["sequence"], 5);
    assert_eq!(manifest_of(&directory)["may_bootstrap"], false);
    assert_has_what_is_here(&restored, &directory);
    assert_eq!(records(&restored).last().expect("a record")["sequence"], 5);

    let told = restored.run(&["pki", "renew", "node1"]).expect_code(0);
    assert!(!told.stderr.contains("does not know"), "{}", told.stderr);
    assert_eq!(manifest_of(&directory)["sequence"], 6);
}

/// A copy of before the first bundle: the node has had one, so the next gives no right to bootstrap.
#[test]
fn a_zone_directory_without_any_record_gives_no_right_to_bootstrap_again() {
    let zone = zone();
    let restored = copy_of(&zone);
    renewed(&zone, &["node1"]);
    assert_eq!(manifest_of(&there(&zone, "node1"))["may_bootstrap"], true);
    restored.run(&["pki", "renew", "node1"]).expect_code(0).expect_error_with(&["the next is 2"]);
    let manifest = manifest_of(&there(&zone, "node1"));
    assert_eq!((&manifest["sequence"], &manifest["may_bootstrap"]), (&json!(2), &json!(false)));
}

/// What `pki revoke --adopt-list …` was proposed in a refusal.
#[track_caller]
fn adoption(told: &crate::harness::Outcome) -> String {
    let at =
        told.stderr.find("zone-etcd pki revoke --adopt-list").unwrap_or_else(|| panic!("{}", told.stderr));
    told.stderr[at..].lines().next().expect("a line").to_owned()
}

/// Somebody was revoked on each plane since the copy was made. Nothing is copied by hand.
#[test]
fn what_nodes_refuse_is_taken_over_by_the_line_that_is_proposed() {
    let zone = zone();
    zone.run(&["pki", "issue", "--client", "app"]).expect_code(0);
    renewed(&zone, &["--all"]);
    let restored = copy_of(&zone);
    zone.run(&["pki", "revoke", "client/app"]).expect_code(0);
    zone.run(&["pki", "revoke", "node3"]).expect_code(0);
    let in_use = read(&there(&zone, "node1").join("pki/current/client.crl"));

    let own_lists = || ["client", "peer"].map(|plane| read(&restored.file(&format!("ca/{plane}.crl"))));
    let before = own_lists();
    let told = restored.run(&["pki", "renew", "node1"]).expect_code(65);
    let told =
        told.expect_error_with(&["would let in again who was revoked", "take over what node1 refuses"]);
    assert!(!told.stderr.contains("copy "), "{}", told.stderr);
    assert_eq!(own_lists(), before, "nothing is taken over without being told");
    assert_eq!(read(&there(&zone, "node1").join("pki/current/client.crl")), in_use);

    let line = adoption(&told);
    assert_eq!(line.matches("/received/node1.").count(), 2, "{line}");
    typed_at(&line, restored.around());
    assert_ne!(own_lists()[0], before[0]);
    assert_ne!(own_lists()[1], before[1]);
    restored.run(&["pki", "renew", "node1"]).expect_code(0);
    restored.run(&["pki", "renew", "--client", "app"]).expect_code(65);
    restored.run(&["pki", "renew", "node3"]).expect_code(65);
    for list in ["client.crl", "peer.crl"] {
        let of = |bytes: Vec<u8>| zone_pki::RevocationList::from_der(&bytes).expect("a list");
        let new = of(read(&there(&zone, "node1").join("pki/current").join(list)));
        let known = of(read(&zone.file("ca").join(list)));
        assert_eq!(new.missing_of(&known).count(), 0, "{list}");
        assert!(new.number() > known.number(), "{list}");
    }
}

/// What a node tells of its lists counts only if a CA of the zone has signed it.
#[test]
fn lists_of_others_are_kept_nowhere() {
    let zone = with_command("PLACE/stand-in", "");
    replace_in(&zone.file("zone.toml"), "PLACE", &zone.around().display().to_string());
    let other = TestZone::init("example.zone", &["node1=10.0.1.1"]);
    let foreign = zone_pki::hex::encode(&read(&other.file("ca/client.crl")));
    let own = zone_pki::hex::encode(&read(&zone.file("ca/client.crl")));
    let answer = |node: &str, file: &str, list: &str| {
        let lists = json!({ file: list });
        json!({ "result": "older-lists", "node": node, "lists": lists })
    };
    for (node, file, list) in [
        ("node1.example.zone", "client.crl", foreign.as_str()),
        ("node1.example.zone", "peer.crl", own.as_str()),
        ("node2.example.zone", "client.crl", own.as_str()),
        ("node1.example.zone", "../../client.crl", own.as_str()),
        ("node1.example.zone", "client.crl", "zz"),
        ("node1.example.zone", "client.crl", ""),
    ] {
        let told = answered(&zone, &answer(node, file, list)).expect_code(65);
        assert!(!told.stderr.contains("--adopt-list"), "{file}: {}", told.stderr);
        assert!(!zone.file("received").exists(), "{file}");
    }
    let told = answered(&zone, &answer("node1.example.zone", "client.crl", &own)).expect_code(65);
    assert!(adoption(&told).contains("/received/node1.client.crl"), "{}", told.stderr);
    assert_eq!(read(&zone.file("received/node1.client.crl")), read(&zone.file("ca/client.crl")));

    // Nor does an older one of the node take the place of a newer one, which nobody has taken over yet.
    zone.run(&["pki", "issue", "--client", "app"]).expect_code(0);
    zone.run(&["pki", "revoke", "client/app"]);
    let newer = read(&zone.file("ca/client.crl"));
    let of_newer = zone_pki::hex::encode(&newer);
    for list in [&of_newer, &own] {
        let told = answered(&zone, &answer("node1.example.zone", "client.crl", list)).expect_code(65);
        assert!(adoption(&told).contains("/received/node1.client.crl"), "{}", told.stderr);
    }
    assert_eq!(read(&zone.file("received/node1.client.crl")), newer);
}

/// What a node answers that has something else, told by a script that counts how often it is asked.
#[track_caller]
fn answered(zone: &TestZone, answer: &Value) -> crate::harness::Outcome {
    fs::write(zone.around().join("stand-in.answer"), answer.to_string()).expect("an answer");
    let counted = zone.around().join("stand-in.asked");
    let _ = fs::remove_file(counted);
    stand_in(
        zone,
        "echo >> $0.asked; cat > /dev/null; cat $0.answer; echo 'error: it is older' >&2; exit 65",
    );
    zone.run(&["pki", "renew", "node1"])
}

fn asked(zone: &TestZone) -> usize {
    String::from_utf8(read(&zone.around().join("stand-in.asked"))).expect("lines").lines().count()
}

#[test]
fn what_a_node_says_of_its_bundle_is_not_believed_beyond_reason() {
    let zone = with_command("PLACE/stand-in", "");
    replace_in(&zone.file("zone.toml"), "PLACE", &zone.around().display().to_string());
    let answer = json!({
        "result": "older", "node": "node1.example.zone", "sequence": 7, "manifest_sha256": "ab".repeat(32),
        "issued_at": "2026-01-01T00:00:00Z", "trusted_sha256": [],
    });
    answered(&zone, &answer).expect_refusal(65, &["node1: it is older"]);
    assert_eq!(asked(&zone), 2, "it is tried once more, and not for ever");

    let with = |key: &str, value: Value| {
        let mut other = answer.clone();
        other[key] = value;
        other
    };
    answered(&zone, &with("sequence", json!(u64::MAX))).expect_refusal(65, &["node1: it is older"]);
    assert_eq!(asked(&zone), 1, "a number that no node has");
    answered(&zone, &with("node", json!("node2.example.zone"))).expect_refusal(65, &["node1: it is older"]);
    assert_eq!(asked(&zone), 1, "another node");
    answered(&zone, &with("trusted_sha256", json!(["cd".repeat(32)])))
        .expect_refusal(65, &["CA that this zone directory does not have", "newer copy"]);
    assert_eq!(asked(&zone), 1, "members would not trust each other");

    let known = records(&zone).last().expect("a record").clone();
    answered(&zone, &with("manifest_sha256", known["manifest_sha256"].clone())).expect_refusal(
        75,
        &["node1 has bundle 7, which another command has brought", "run the command again"],
    );
    assert_eq!(asked(&zone), 1, "it was made here");
}

/// The same on a machine with another machine-id.
fn elsewhere(zone: &TestZone, arguments: &[&str]) -> crate::harness::Outcome {
    let id = zone.around().join("machine-id");
    fs::write(&id, "0123456789abcdef0123456789abcdef\n").expect("an id");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /etc/machine-id && exec \"$@\""]).arg(id);
    command.arg(program()).args(arguments).arg("--zone").arg(zone.path()).env("NO_COLOR", "1");
    outcome(&mut command)
}

#[test]
fn two_signing_hosts_are_noticed_on_both_sides() {
    let zone = zone();
    let directory = there(&zone, "node1");
    let copy = copy_of(&zone);
    renewed(&zone, &["node1"]);
    let host = manifest_of(&directory)["signing_host"].clone();
    assert_eq!(host, records(&zone)[0]["signing_host"]);
    let id = fs::read_to_string("/etc/machine-id").expect("an id");
    assert!(host.as_str().is_some_and(|host| host.len() == 32 && host != id.trim()), "{host}");

    elsewhere(&copy, &["pki", "renew", "node1"]).expect_code(0).expect_error_with(&[
        "node1 has bundle 1, made at ",
        "it was made on another signing host: stop working with one of the two; the next is 2",
        "bundle 2 was made on another signing host than bundle 1 before it",
    ]);
    assert_ne!(manifest_of(&directory)["signing_host"], host);
    let told = elsewhere(&copy, &["pki", "renew", "node1"]).expect_code(0);
    assert!(!told.stderr.contains("signing host"), "{}", told.stderr);
}
