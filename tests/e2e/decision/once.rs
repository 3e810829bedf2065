//! The right to bootstrap a cluster is spent once. The ids of members follow from the zone description, so
//! members that are emptied and found again are, for the one that was away, its own cluster: with etcd alone
//! writes that were acknowledged are lost.

use std::collections::BTreeSet;
use std::process::Command;

use super::{NODES, argv, bare, client, issued_zone, refused, remove, running_zone};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, kill_all, wait_for_quorum};
use crate::harness::processes::{Running, until};

/// What two emptied members may have lost beside their data.
const LOST: [&[&str]; 2] = [&["data"], &["data", "state.json"]];

#[test]
fn etcd_alone_loses_acknowledged_writes() {
    isolated(|| {
        let zone = issued_zone(3);
        let command_lines = NODES.map(|node| argv(&zone, node));
        // Without the check for corruption, as etcd runs by itself: it notices this only if the others answer
        // while it is made.
        let start = |number: usize| {
            bare(&zone, NODES[number], &command_lines[number], |argument| {
                argument.replace("CorruptCheck=true", "CorruptCheck=false")
            })
        };
        let clients: Vec<Command> = (1..=3).map(|number| client(&zone, number)).collect();
        let members = found(&zone, &clients, &start);
        call(&clients[0], &["put", "acknowledged", "by all"]).expect_code(0);
        until("the write on each member", || {
            clients.iter().all(|client| local(client, "acknowledged") == "by all\n").then_some(())
        });
        kill_all(members);

        // Two are emptied while the third is down: nothing keeps them from founding the cluster again.
        let mut members = found(&zone, &clients[..2], &start);
        assert_eq!(
            call(&clients[0], &["get", "acknowledged"]).expect_code(0).stdout,
            "",
            "the write is gone"
        );
        for number in 0..30 {
            call(&clients[0], &["put", &format!("later{number}"), "value"]).expect_code(0);
        }
        // The third takes what they wrote for the continuation of its own log.
        members.push(start(2));
        wait_for_quorum(&clients[2]);
        let held: Vec<String> = clients.iter().map(|client| local(client, "acknowledged")).collect();
        assert_eq!(held, ["", "", "by all\n"], "one has the write and the others do not");
        let hashes: BTreeSet<String> = clients.iter().map(hash).collect();
        assert!(hashes.len() > 1, "the members are said to be the same: {hashes:?}");
        assert!(members.iter_mut().all(Running::is_alive), "and nobody complains");
    });
}

/// Founds the cluster with the first members, their data emptied, until its first leader was elected at once.
/// The entries of a later term would not be taken for those of the first cluster, and a member would panic
/// instead.
#[track_caller]
fn found(zone: &TestZone, clients: &[Command], start: &impl Fn(usize) -> Running) -> Vec<Running> {
    until("a first leader in the first election", || {
        for node in &NODES[..clients.len()] {
            let data = zone.file(&format!("nodes/{node}/data"));
            if data.exists() {
                remove(&data);
            }
        }
        let members: Vec<Running> = (0..clients.len()).map(start).collect();
        clients.iter().for_each(wait_for_quorum);
        let status = call(&clients[0], &["endpoint", "status", "-w", "json"]).expect_code(0).stdout;
        if status.contains("\"raftTerm\":2,") {
            return Some(members);
        }
        kill_all(members);
        None
    })
}

/// The same with `run`, whether only data is gone, the state with it, or the whole directory of the node.
#[test]
fn emptied_members_found_nothing_again() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        call(&client(&zone, 1), &["put", "acknowledged", "by all"]).expect_code(0);
        members.iter_mut().for_each(|member| {
            let _ = member.stop();
        });
        let ran = LOST[0];
        lose(&zone, ran);
        for node in ["node1", "node2"] {
            refused(&zone, node, &[], 65, &["must not start", "lost its votes"]);
        }
        lose(&zone, &[""]);
        for node in ["node1", "node2"] {
            refused(&zone, node, &[], 65, &["must not start", "certificates were issued for it", "is gone"]);
        }
    });
}

/// With data and state lost and the certificates left, the one that has its data says it, as long as it can
/// be asked.
#[test]
fn emptied_members_without_state_found_nothing_while_the_third_answers() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        members.iter_mut().take(2).for_each(|member| {
            let _ = member.stop();
        });
        lose(&zone, LOST[1]);
        for node in ["node1", "node2"] {
            refused(&zone, node, &[], 65, &["has run, and its data is not here"]);
        }
        assert!(members[2].is_alive());
    });
}

/// Removes these files and directories of node1 and node2.
fn lose(zone: &TestZone, lost: &[&str]) {
    for node in ["node1", "node2"] {
        for name in lost {
            let path = zone.file(&format!("nodes/{node}")).join(name);
            if path.is_dir() { remove(&path) } else { std::fs::remove_file(path).expect("it was there") }
        }
    }
}

/// What the member itself holds, without asking the others.
fn local(client: &Command, key: &str) -> String {
    call(client, &["get", key, "--print-value-only", "--consistency=s"]).expect_code(0).stdout
}

fn hash(client: &Command) -> String {
    let text = call(client, &["endpoint", "hashkv", "-w", "json"]).expect_code(0).stdout;
    let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    format!("{} at {}", answer[0]["HashKV"]["hash"], answer[0]["HashKV"]["header"]["revision"])
}
