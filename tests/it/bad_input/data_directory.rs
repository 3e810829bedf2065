//! Data that is of another cluster or member, damaged, or gone.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{issued_zone, issued_zone_of_one, refused_by};
use crate::harness::{TestZone, outcome};
use crate::support::{Others, StandIn, write_log};

const PLAN: [&[&str]; 1] = [&["plan", "--node", "node1"]];

/// The ids that follow from the zone description.
fn predicted(zone: &TestZone) -> (u64, u64) {
    let outcome = zone.run(&["plan", "--node", "node1", "--format", "json"]).expect_code(0);
    let plan: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let id = |value: &serde_json::Value| {
        u64::from_str_radix(value.as_str().expect("an id"), 16).expect("hexadecimal")
    };
    (id(&plan["member"]["id"]), id(&plan["cluster_id"]))
}

fn data(zone: &TestZone) -> PathBuf {
    zone.file("nodes/node1/data")
}

fn give_data(zone: &TestZone, member: u64, cluster: u64) {
    write_log(&data(zone), member, cluster);
    std::fs::set_permissions(data(zone), PermissionsExt::from_mode(0o700)).expect("a mode");
}

/// Starts the stand-in, and forgets that it was started.
fn start(zone: &TestZone, etcd: &StandIn) {
    start_with(zone, etcd, &[]);
}

/// The same with a log of which no `state.json` tells.
fn start_as_current(zone: &TestZone, etcd: &StandIn) {
    start_with(zone, etcd, &["--data-is-current"]);
}

fn start_with(zone: &TestZone, etcd: &StandIn, words: &[&str]) {
    let mut command = zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()]);
    outcome(command.args(words)).expect_code(0);
    std::fs::remove_file(etcd.path.with_extension("arguments")).expect("the stand-in was started");
}

#[test]
fn data_of_this_member_is_resumed() {
    let (zone, etcd) = issued_zone_of_one();
    let (member, cluster) = predicted(&zone);
    give_data(&zone, member, cluster);
    let plan = zone.run(&["plan", "--node", "node1", "--format", "json"]).expect_code(0);
    assert!(plan.stdout.contains("\"decision\": \"resume\""), "{}", plan.stdout);
    start(&zone, &etcd);
    let state = std::fs::read_to_string(zone.file("nodes/node1/state.json")).expect("the state");
    assert!(state.contains("\"phase\": \"ran\"") && state.contains("\"log\": {"), "{state}");
}

#[test]
fn data_of_another_cluster() {
    let (zone, etcd) = issued_zone_of_one();
    let (member, cluster) = predicted(&zone);
    for (found_member, found_cluster) in [(member, 0xabcd), (0x1234, cluster), (u64::MAX, u64::MAX)] {
        give_data(&zone, found_member, found_cluster);
        let found = format!("belongs to member {found_member:x} of cluster {found_cluster:x}");
        let own = format!("this zone's is member {member:x} of cluster {cluster:x}");
        refused_by(&zone, &etcd, &PLAN, 65, &["node1 must not start", &found, &own, "start"]);
    }
}

#[test]
fn data_of_another_member_than_was_last_started_here() {
    let (zone, etcd) = issued_zone();
    let (member, cluster) = predicted(&zone);
    let others = Others::of(&zone, "node1");
    start(&zone, &etcd);
    drop(others);
    give_data(&zone, member, 0xabcd);
    let last = format!("this node last ran member {member:x} of cluster {cluster:x}");
    refused_by(
        &zone,
        &etcd,
        &PLAN,
        65,
        &["node1 must not start", "of cluster abcd", &last, "put this node's own data back"],
    );
}

#[test]
fn data_that_is_gone_is_not_bootstrapped_again() {
    let (zone, etcd) = issued_zone();
    let (member, cluster) = predicted(&zone);
    give_data(&zone, member, cluster);
    start_as_current(&zone, &etcd);
    std::fs::rename(data(&zone), zone.around().join("data")).expect("moved away");
    let texts = ["has lost its votes", "put the data back into", "member replace "];
    refused_by(&zone, &etcd, &PLAN, 65, &texts);
    // Nor when an empty directory stands in its place, nor without the log alone.
    std::fs::create_dir(data(&zone)).expect("a directory");
    std::fs::set_permissions(data(&zone), PermissionsExt::from_mode(0o700)).expect("a mode");
    refused_by(&zone, &etcd, &PLAN, 65, &["has lost its votes"]);
    std::fs::create_dir_all(data(&zone).join("member/snap")).expect("a directory");
    refused_by(&zone, &etcd, &PLAN, 65, &["has lost its votes"]);
    // Put back, it starts.
    std::fs::remove_dir_all(data(&zone)).expect("removed");
    std::fs::rename(zone.around().join("data"), data(&zone)).expect("moved back");
    start(&zone, &etcd);
}

#[test]
fn a_start_that_came_to_nothing_may_be_repeated() {
    let (zone, etcd) = issued_zone();
    for _ in 0..2 {
        let _others = Others::of(&zone, "node1");
        start(&zone, &etcd);
    }
}

/// A log that was never finished cannot be told from one that was removed.
#[test]
fn files_without_a_log_are_not_bootstrapped_over() {
    let (zone, etcd) = issued_zone();
    std::fs::create_dir_all(data(&zone).join("member/wal.tmp")).expect("a directory");
    std::fs::set_permissions(data(&zone), PermissionsExt::from_mode(0o700)).expect("a mode");
    refused_by(&zone, &etcd, &PLAN, 65, &["no write-ahead log", "run --node node1 --move-data-aside"]);
    std::fs::remove_dir(data(&zone).join("member/wal.tmp")).expect("removed");
    std::fs::remove_dir(data(&zone).join("member")).expect("removed");
    let others = Others::of(&zone, "node1");
    start(&zone, &etcd);
    drop(others);
    std::fs::create_dir_all(data(&zone).join("member/wal.tmp")).expect("a directory");
    refused_by(&zone, &etcd, &PLAN, 65, &["its write-ahead log is gone", "node1.failed"]);
}

#[test]
fn a_log_that_is_damaged() {
    let (zone, etcd) = issued_zone();
    let (member, cluster) = predicted(&zone);
    give_data(&zone, member, cluster);
    let log = data(&zone).join("member/wal/0000000000000000-0000000000000000.wal");
    let sound = std::fs::read(&log).expect("the log");
    for bytes in [Vec::new(), sound[..sound.len() / 2].to_vec(), vec![0; 4096], vec![0xff; 4096]] {
        std::fs::write(&log, bytes).expect("the damage");
        refused_by(
            &zone,
            &etcd,
            &PLAN,
            65,
            &["is not a write-ahead log of etcd, or is damaged", "replace the member"],
        );
    }
    std::fs::write(&log, sound).expect("the log");
    start_as_current(&zone, &etcd);
}

#[test]
fn a_data_directory_that_is_a_file() {
    let (zone, etcd) = issued_zone();
    std::fs::write(data(&zone), "").expect("a file");
    refused_by(&zone, &etcd, &PLAN, 65, &["nodes/node1/data"]);
}

/// A member with data goes on by it: what is wrong with another node is no concern of it.
#[test]
fn the_damage_of_another_node() {
    let (zone, etcd) = issued_zone();
    let (member, cluster) = predicted(&zone);
    give_data(&zone, member, cluster);
    let other = zone.file("nodes/node2");
    std::fs::create_dir_all(other.join("data/member/wal")).expect("a directory");
    std::fs::write(other.join("data/member/wal/0000000000000000-0000000000000000.wal"), "damage")
        .expect("written");
    std::fs::write(other.join("state.json"), "damage").expect("written");
    start_as_current(&zone, &etcd);
}
