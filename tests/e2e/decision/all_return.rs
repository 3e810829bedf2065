//! All machines of a zone return at once, in every order, and most of them are not what they were: nobody
//! founds, no log is lost, and who is sound goes on.

use std::fs;

use super::founded_once::{copy_directory, data_of, kept_on, stop, wipe, write_keys};
use super::{issued_zone, remove};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, start_alone, start_on_loopback, start_together};
use crate::harness::processes::Running;
use crate::start::picture;

const NODES: [&str; 5] = ["node1", "node2", "node3", "node4", "node5"];

#[test]
fn nobody_founds_and_no_log_is_lost() {
    isolated(|| {
        let zone = issued_zone(5);
        stop(&mut run_for(&zone, 5));
        let older = zone.around().join("older");
        copy_directory(&data_of(&zone, "node2"), &older);
        let mut members = run_for(&zone, 20);
        // The newest note of a log is of a check.
        zone.run(&["check", "--node", "node2"]);
        stop(&mut members);
        let newest = |node: &str| zone.around().join(format!("newest-{node}"));
        for node in ["node2", "node4"] {
            fs::rename(data_of(&zone, node), newest(node)).expect("aside");
        }

        // The disk with its data is new, and its notes are there.
        remove(&data_of(&zone, "node1"));
        copy_directory(&older, &data_of(&zone, "node2"));
        // A machine that was built again, and activated with what it was given at first.
        wipe(&zone, "node3");
        copy_directory(&data_of_a_stranger(), &data_of(&zone, "node4"));
        let wrong = [
            ("node1", "has run, and its data is not here"),
            ("node2", "the write-ahead log is an older copy"),
            ("node3", "node3 must not start"),
            ("node4", "node4 must not start"),
        ];

        let logs = ["node2", "node4"].map(|node| (node, picture(&data_of(&zone, node))));
        for first in 0..NODES.len() {
            let mut order = NODES;
            order.rotate_left(first);
            let mut members = start_together(&zone, &order, |_, command| command);
            for (node, text) in wrong {
                let place = order.iter().position(|name| *name == node).expect("it was started");
                let refused = members[place].outcome().expect_code(65);
                // Who lost its log is told so by its own notes or by others, whoever is faster.
                assert!(
                    refused.stderr.contains(text) || refused.stderr.contains("its write-ahead log is gone"),
                    "{order:?}, {node}: {}",
                    refused.stderr
                );
                assert!(
                    !refused.stderr.contains("bootstraps cluster"),
                    "{order:?}, {node}: {}",
                    refused.stderr
                );
            }
            let sound = order.iter().position(|name| *name == "node5").expect("it was started");
            members[sound].wait_for_line(&["\"serving peer traffic\""]);
            assert!(members[sound].is_alive(), "it waits for a quorum");
            for node in ["node1", "node3"] {
                assert!(!data_of(&zone, node).join("member/wal").exists(), "{order:?}: {node} has a log");
            }
            for (node, log) in &logs {
                assert!(picture(&data_of(&zone, node)) == *log, "{order:?}: the log of {node} was changed");
            }
            members[sound].stop();
        }

        // Two of them are put right, which makes a quorum: everything that was acknowledged is there.
        for node in ["node2", "node4"] {
            remove(&data_of(&zone, node));
            fs::rename(newest(node), data_of(&zone, node)).expect("its own data");
        }
        let sound = ["node2", "node4", "node5"];
        let _members = start_together(&zone, &sound, |_, command| command);
        for node in sound {
            assert_eq!(kept_on(&zone, node), 20, "{node}");
        }
    });
}

/// Starts all members, and has them take so many keys.
#[track_caller]
fn run_for(zone: &TestZone, keys: usize) -> Vec<Running> {
    let members = start_on_loopback(zone, &NODES);
    write_keys(zone, keys);
    members
}

/// The data of a member of another zone. It stays until the test ends.
#[track_caller]
fn data_of_a_stranger() -> std::path::PathBuf {
    let zone = loopback_zone(1, "");
    zone.run(&["init"]).expect_code(0);
    start_alone(&zone).stop();
    let kept = std::env::temp_dir().join("stranger");
    copy_directory(&data_of(&zone, "node1"), &kept);
    kept
}
