//! A member that is dead is replaced by a new one, at its own address or on another node.

use std::fs;

use nix::sys::signal::Signal;

use super::{NODES, json, members, supervise, zone_of};
use crate::harness::TestZone;
use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::loopback_text;
use crate::harness::processes::Running;
use crate::harness::supervised::Supervised;

const ENDPOINTS: [&str; 3] = ["https://127.0.0.1:2379", "https://127.0.0.1:2389", "https://127.0.0.1:2399"];

/// Replaces as an operator does, who starts the new member when it is asked for.
#[track_caller]
fn replace(zone: &TestZone, arguments: &[&str], starts: &str) -> Supervised {
    let mut command = zone.command(&[&["member", "replace", "--yes"][..], arguments].concat());
    let mut replacing = Running::start(&mut command, zone.around(), "replacing");
    replacing.wait_for_line(&[starts, "has to be started"]);
    let member = supervise(zone, starts);
    assert!(replacing.end().success(), "{}", replacing.stderr());
    member
}

/// Its disk is gone, and the others are written to all the while.
#[test]
fn a_dead_member_of_three() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        let before = members_by_id(&zone);
        let told = zone.run(&["member", "replace", "node2", "--yes"]).expect_code(78);
        assert!(told.stderr.contains("its member answers"), "{}", told.stderr);
        let writer = GoWriter::start(&zone, &ENDPOINTS);
        running[1].end(Signal::SIGKILL);
        fs::remove_dir_all(zone.file("nodes/node2/data")).expect("a disk that is lost");
        let _new = replace(&zone, &["node2"], "node2");
        writer.finish_unharmed();
        let after = members_by_id(&zone);
        assert_eq!(after.len(), 3);
        assert_ne!(before, after, "it is another member");
        let snapshots = fs::read_dir(zone.file("snapshots")).expect("a snapshot").count();
        assert_eq!(snapshots, 2, "the file and its manifest");
        zone.run(&["doctor"]).expect_code(0);
    });
}

fn members_by_id(zone: &TestZone) -> Vec<String> {
    let list = json(zone.run(&["member", "list", "--format", "json"]).expect_code(0));
    let members = list["members"].as_array().expect("members").iter();
    members.map(|member| member["id"].as_str().expect("an id").to_owned()).collect()
}

/// etcd adds none while two of five are dead: each goes before the new one comes, one after the other.
#[test]
fn two_dead_of_five() {
    isolated(|| {
        let (zone, mut running) = zone_of(5);
        for dead in [3, 4] {
            running[dead].end(Signal::SIGKILL);
            fs::remove_dir_all(zone.file(&format!("nodes/{}/data", NODES[dead])))
                .expect("a disk that is lost");
        }
        let told = zone.run(&["member", "replace", NODES[3], "--dry-run"]).expect_code(0);
        let next = format!("replace it next: zone-etcd member replace {}", NODES[4]);
        assert!(told.stderr.contains(&next), "{}", told.stderr);
        // One more may be added only where all others are well.
        // One that lives goes last, and needs the quorum of six: four, and there are three.
        let five = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        fs::write(zone.file("zone.toml"), loopback_text("example.zone", 6, "")).expect("zone.toml");
        zone.run(&["member", "replace", NODES[2], "--with", "node6", "--dry-run"])
            .expect_code(69)
            .expect_error_with(&["is down"]);
        fs::write(zone.file("zone.toml"), five).expect("zone.toml");
        let told = zone.run(&["member", "remove", NODES[2], "--yes"]).expect_code(78);
        assert!(
            told.stderr.contains("of the 4 voters that would be left 2 take requests"),
            "{}",
            told.stderr
        );
        let _fourth = replace(&zone, &[NODES[3]], NODES[3]);
        let _fifth = replace(&zone, &[NODES[4]], NODES[4]);
        assert_eq!(members(&zone).len(), 5);
        zone.run(&["doctor"]).expect_code(0);
    });
}

/// Another node takes the place: the dead one goes first, a live one last.
#[test]
fn by_another_node() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let five = loopback_text("example.zone", 5, "");
        assert!(five.len() > text.len());
        fs::write(zone.file("zone.toml"), &five).expect("zone.toml");
        running[2].end(Signal::SIGKILL);
        let _fourth = replace(&zone, &["node3", "--with", "node4"], "node4");
        let _fifth = replace(&zone, &["node1", "--with", "node5"], "node5");
        let told: Vec<String> = members(&zone).into_iter().map(|(name, _)| name).collect();
        assert_eq!(told, [NODES[1], NODES[3], NODES[4]]);
        zone.run(&["status"]).expect_code(0);
    });
}

/// Killed at each of its steps, it goes on where it was.
#[test]
fn the_command_is_killed_and_run_again() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        let mut at = 1;
        for point in ["is no member any more", "is a learner", "has to be started"] {
            running[at].end(Signal::SIGKILL);
            let node = NODES[at];
            let mut command = zone.command(&["member", "replace", node, "--yes"]);
            let mut replacing = Running::start(&mut command, zone.around(), &format!("killed-{node}-{at}"));
            replacing.wait_for_line(&[point]);
            replacing.signal(Signal::SIGKILL);
            replacing.end();
            running[at] = replace(&zone, &[node], node);
            assert_eq!(members(&zone).len(), 3);
            at = 3 - at;
        }
        zone.run(&["doctor"]).expect_code(0);
    });
}
