//! Each record that is not as it is to be, told by what it is.

use serde_json::{Value, json};

use super::{RECORDS, check, check_with, zone};
use crate::harness::TestZone;
use crate::harness::name_server::{Manner, NameServer};

const SERVER: &str = "_etcd-server-ssl._tcp.example.zone. SRV";
const NODE2: &str = "_etcd-server-ssl._tcp.example.zone. 300 IN SRV 0 0 2380 node2.example.zone.\n";

/// Asserts that there is one difference, and that the text has it and says what to do.
#[track_caller]
fn assert_one(instead: &str, of: &str, expected: &Value) {
    let (text, differences) = check_with(instead, of);
    assert_eq!(differences.len(), 1, "{differences:?}");
    for (field, value) in expected.as_object().expect("fields") {
        assert_eq!(&differences[0][field], value, "{field} of {differences:?}");
    }
    let text =
        text.expect_code(65).expect_error_with(&["1 difference", "next: ", "zone-etcd dns export --zone"]);
    let word = differences[0]["difference"].as_str().expect("a word").replace('-', " ");
    let line = text.stdout.lines().nth(1).expect("a line");
    assert!(line.trim_start().starts_with(&word), "{}", text.stdout);
    assert!(line.contains(differences[0]["record"].as_str().expect("a record")), "{}", text.stdout);
}

#[test]
fn what_is_exported_is_all_right() {
    let zone = zone();
    let server = NameServer::start(&zone.run(&["dns", "export"]).expect_code(0).stdout, Manner::Right);
    let checked = check(&zone, &server, &[]).expect_code(0);
    assert_eq!(checked.stdout, format!("{}: all 9 records are as they are to be\n", server.address));
    assert_eq!(checked.stderr, "");
    assert_eq!(server.asked_over_tcp(), 0);
}

#[test]
fn a_missing_record_is_named() {
    let expected = json!({
        "difference": "missing", "record": SERVER, "expected": "2380 node2.example.zone.", "found": null,
    });
    assert_one("", NODE2, &expected);
}

#[test]
fn an_extra_record_is_named() {
    let extra = format!("{NODE2}{}", NODE2.replace("node2.example.zone", "gate.example.zone"));
    let extra = format!("{extra}gate.example.zone. 300 IN A 10.0.1.20\n");
    let expected = json!({
        "difference": "extra", "record": SERVER, "expected": null, "found": "2380 gate.example.zone.",
    });
    assert_one(&extra, NODE2, &expected);
}

#[test]
fn another_port_is_named() {
    let expected = json!({
        "difference": "other-port", "record": SERVER,
        "expected": "2380 node2.example.zone.", "found": "2381 node2.example.zone.",
    });
    assert_one(&NODE2.replace("2380", "2381"), NODE2, &expected);
}

/// The name at the same address is another URL, and the member has another id by it.
#[test]
fn another_name_for_the_same_member_is_named() {
    let other = NODE2.replace("node2", "two") + "two.example.zone. 300 IN AAAA fd00::11\n";
    let expected = json!({
        "difference": "other-target", "record": SERVER,
        "expected": "2380 node2.example.zone.", "found": "2380 two.example.zone.",
    });
    assert_one(&other, NODE2, &expected);
}

/// etcd keeps the case of a target, and computes ids from it.
#[test]
fn another_case_is_named() {
    let expected = json!({
        "difference": "other-case",
        "expected": "2380 node2.example.zone.", "found": "2380 Node2.example.zone.",
    });
    assert_one(&NODE2.replace("node2", "Node2"), NODE2, &expected);
}

#[test]
fn a_target_without_an_address_is_named() {
    let expected = json!({
        "difference": "unresolved-target", "record": "node2.example.zone.",
        "expected": "AAAA fd00::11", "found": null,
    });
    assert_one("", "node2.example.zone. 300 IN AAAA fd00::11\n", &expected);
}

#[test]
fn another_address_is_named() {
    let expected = json!({
        "difference": "other-address", "record": "node1.example.zone. A",
        "expected": "10.0.1.10", "found": "10.0.1.99",
    });
    assert_one("A 10.0.1.99", "A 10.0.1.10", &expected);
    // One more is as bad: which is taken is chance.
    assert_one("A 10.0.1.10\nnode1.example.zone. 300 IN A 10.0.1.99", "A 10.0.1.10", &expected);
}

#[test]
fn the_service_without_tls_is_named() {
    let plain = format!("{NODE2}{}", NODE2.replace("-ssl", ""));
    let expected = json!({
        "difference": "other-service", "record": "_etcd-server._tcp.example.zone. SRV",
        "expected": null, "found": "2380 node2.example.zone.",
    });
    assert_one(&plain, NODE2, &expected);
}

/// Host names of zone.toml have no address to compare with, but one member cannot be two.
#[test]
fn two_targets_at_one_address_are_named() {
    let zone = TestZone::described(
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\n[[node]]\nname = \"node2\"\n",
    );
    let records = zone.run(&["dns", "export"]).expect_code(0).stdout;
    let addresses = "node1.example.zone. 300 IN A 10.0.1.1\nnode2.example.zone. 300 IN A 10.0.1.2\n";
    let server = NameServer::start(&format!("{records}{addresses}"), Manner::Right);
    check(&zone, &server, &[]).expect_code(0);
    let server = NameServer::start(&format!("{records}{}", addresses.replace("1.2", "1.1")), Manner::Right);
    let checked = check(&zone, &server, &[]).expect_code(65);
    let both = "2380 node1.example.zone. and 2380 node2.example.zone. both at 10.0.1.1";
    assert!(checked.stdout.contains("shared address") && checked.stdout.contains(both), "{}", checked.stdout);
    // Where zone.toml has no address either, there is none at all.
    let server = NameServer::start(&records, Manner::Right);
    let checked = check(&zone, &server, &[]).expect_code(65);
    assert!(
        checked.stdout.contains("unresolved target  node1.example.zone.: no address"),
        "{}",
        checked.stdout
    );
}

#[test]
fn an_alias_is_followed_to_its_address() {
    let alias =
        "node1.example.zone. 300 IN CNAME host1.example.zone.\nhost1.example.zone. 300 IN A 10.0.1.10";
    let (text, differences) = check_with(alias, "node1.example.zone. 300 IN A 10.0.1.10");
    assert_eq!((text.code, differences), (0, Vec::new()), "{}", text.stdout);
}

/// Split DNS: each server is compared by itself.
#[test]
fn each_server_is_told_apart() {
    let zone = zone();
    let right = NameServer::start(RECORDS, Manner::Right);
    let wrong = NameServer::start(&RECORDS.replace("10.0.1.12", "192.0.2.12"), Manner::Right);
    let servers = [right.address.to_string(), wrong.address.to_string()];
    let checked = zone.run(&["dns", "check", "--server", &servers[0], "--server", &servers[1]]);
    let checked = checked.expect_code(65).expect_error_with(&[&format!("{}: 1 difference", servers[1])]);
    assert!(checked.stdout.contains(&format!("{}: all 9", servers[0])), "{}", checked.stdout);
    assert!(!checked.stderr.contains(&servers[0]), "{}", checked.stderr);
}

/// What a server says is shown, and does nothing.
#[test]
fn names_of_others_are_filtered() {
    let evil = format!("{NODE2}{}", NODE2.replace("node2", r"\027[31m\010next:\032x"));
    let (text, differences) = check_with(&evil, NODE2);
    let found = differences[0]["found"].as_str().expect("a target");
    assert!(!found.contains(['\u{1b}', '\n']) && found.contains(r"\u{1b}"), "{found}");
    assert!(!text.stdout.contains('\u{1b}'), "{}", text.stdout);
    assert!(text.stdout.lines().all(|line| !line.starts_with("next:")), "{}", text.stdout);
}
