//! What a node keeps beside its data: `state.json` and its generations.

use std::os::unix::fs::symlink;

use super::{issued_zone, issued_zone_of_one, refused_by, untouched};
use crate::harness::outcome;
use crate::support::{Others, replace_in};

const PLAN: [&[&str]; 1] = [&["plan", "--node", "node1"]];

#[test]
fn a_state_that_is_damaged_is_not_taken_for_none() {
    let (zone, etcd) = issued_zone();
    let state = zone.file("nodes/node1/state.json");
    for text in ["", "{", "[]", "{\"format\": 1}", "{\"format\": \"one\"}"] {
        std::fs::write(&state, text).expect("the state");
        refused_by(&zone, &etcd, &PLAN, 65, &["state.json is damaged", "put it back from a backup"]);
    }
    std::fs::write(&state, "{\"format\": 99}").expect("the state");
    refused_by(
        &zone,
        &etcd,
        &PLAN,
        65,
        &["state.json has format 99", "the version of zone-etcd that wrote it"],
    );
}

/// A write that broke off would look like this, if the file were written in place.
#[test]
fn a_state_that_is_cut_off_anywhere() {
    let (zone, etcd) = issued_zone_of_one();
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()])).expect_code(0);
    std::fs::remove_file(etcd.path.with_extension("arguments")).expect("the stand-in's arguments");
    let state = zone.file("nodes/node1/state.json");
    let whole = std::fs::read(&state).expect("the state");
    // What follows the last brace is a line's end.
    for length in (0..whole.len() - 1).step_by(23).chain([whole.len() - 2]) {
        std::fs::write(&state, &whole[..length]).expect("the state");
        untouched(&zone, PLAN[0], 65, &["state.json is damaged", "put it back from a backup"]);
    }
    refused_by(&zone, &etcd, &PLAN, 65, &["state.json is damaged"]);
    std::fs::write(&state, &whole).expect("the state");
    zone.run(PLAN[0]).expect_code(0);
}

#[test]
fn a_state_of_another_node() {
    let (zone, etcd) = issued_zone();
    let others = Others::of(&zone, "node2");
    outcome(&mut zone.command(&["run", "--node", "node2", "--etcd", etcd.as_argument()])).expect_code(0);
    drop(others);
    std::fs::remove_file(etcd.path.with_extension("arguments")).expect("the stand-in's arguments");
    std::fs::copy(zone.file("nodes/node2/state.json"), zone.file("nodes/node1/state.json")).expect("copied");
    let texts = ["is the directory of another node", "node2.example.zone", "never shared or copied"];
    refused_by(&zone, &etcd, &PLAN, 65, &texts);
}

#[test]
fn a_state_whose_ids_are_none() {
    let (zone, etcd) = issued_zone_of_one();
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()])).expect_code(0);
    std::fs::remove_file(etcd.path.with_extension("arguments")).expect("the stand-in's arguments");
    replace_in(&zone.file("nodes/node1/state.json"), "\"member_id\": \"", "\"member_id\": \"x");
    refused_by(&zone, &etcd, &PLAN, 65, &["state.json is damaged", "not hexadecimal"]);
}

#[test]
fn generations_that_lead_astray() {
    let (zone, etcd) = issued_zone();
    let current = zone.file("nodes/node1/pki/current");
    let readers: [&[&str]; 2] = [&["plan", "--node", "node1"], &["pki", "issue", "node1"]];
    std::fs::remove_file(&current).expect("removed");
    symlink("gen-9", &current).expect("a link");
    let found = zone.run(&["pki", "check"]).expect_code(65);
    assert!(found.stdout.contains("points to generation 9, which is missing"), "{}", found.stdout);
    refused_by(&zone, &etcd, &readers, 65, &["points to generation 9, which is missing", "pki away"]);
    std::fs::remove_file(&current).expect("removed");
    symlink("/etc", &current).expect("a link");
    refused_by(&zone, &etcd, &readers, 65, &["points to /etc, which is not a generation"]);
    untouched(&zone, &["pki", "list"], 65, &["which is not a generation"]);
}

/// What the node knew of its past is gone with it.
#[test]
fn one_that_is_gone() {
    let (zone, etcd) = issued_zone();
    std::fs::rename(zone.file("nodes/node1"), zone.around().join("node1")).expect("moved away");
    refused_by(
        &zone,
        &etcd,
        &PLAN,
        65,
        &["node1 must not start", "nodes/node1/pki is gone", "put the directory back"],
    );
    std::fs::remove_dir_all(zone.file("nodes/node1")).expect("what the lock is in");
    std::fs::rename(zone.around().join("node1"), zone.file("nodes/node1")).expect("moved back");
    zone.run(&["plan", "--node", "node1"]).expect_code(0);
}

#[test]
fn one_of_a_zone_of_another_name() {
    let (zone, etcd) = issued_zone_of_one();
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()])).expect_code(0);
    std::fs::remove_file(etcd.path.with_extension("arguments")).expect("the stand-in's arguments");
    replace_in(&zone.file("nodes/node1/state.json"), "\"zone\": \"", "\"zone\": \"other.");
    refused_by(&zone, &etcd, &PLAN, 65, &["is of another zone", "put the zone's name back"]);
}

/// The log tells of certificates that were never in use: a first start that a full disk or a signal ended is
/// not a lost one.
#[test]
fn one_whose_first_start_was_interrupted() {
    let (zone, etcd) = issued_zone_of_one();
    let certificates = zone.file("nodes/node1/pki");
    std::fs::remove_dir_all(certificates.join("gen-1")).expect("removed");
    std::fs::remove_file(certificates.join("current")).expect("removed");
    let run = ["run", "--node", "node1", "--etcd", etcd.as_argument()];
    outcome(&mut zone.command(&run))
        .expect_code(0)
        .expect_error_with(&["issued peer.crt for node1 (missing)"]);
}
