//! Two starts of one node at once.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{issued_zone, refused_by};
use crate::harness::outcome;
use crate::support::Others;

/// Holds the lock of a node directory as a start does.
fn hold(path: &Path, holder: &str) -> File {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .expect("a lock file");
    file.try_lock().expect("nobody holds it");
    write!(file, "{holder}").expect("the holder is written");
    file
}

/// Not by closing alone: a process that another test starts at this instant has the file, and so the lock,
/// until its exec.
fn release(held: &File) {
    held.unlock().expect("the lock is given up");
}

#[test]
fn the_second_is_refused_and_told_who_is_first() {
    let (zone, etcd) = issued_zone();
    let lock = zone.file("nodes/node1/lock");
    let held = hold(&lock, &format!("{}\n", std::process::id()));
    let process = format!("process {}", std::process::id());
    refused_by(&zone, &etcd, &[], 75, &["nodes/node1 is in use", &process, "stop it before a new start"]);
    // To look at the plan of a running member is no start.
    zone.run(&["plan", "--node", "node1"]).expect_code(0);
    // And another node is not concerned: it bootstraps the cluster with the third, since this one never ran.
    let third = Others::of_these(&zone, &["node3"], &["--found-without", "node1"]);
    outcome(&mut zone.command(&[
        "run",
        "--node",
        "node2",
        "--found-without",
        "node1",
        "--etcd",
        etcd.as_argument(),
    ]))
    .expect_code(0);
    drop(third);
    release(&held);
}

#[test]
fn a_lock_that_tells_nothing_still_holds() {
    let (zone, etcd) = issued_zone();
    for text in ["", "garbage", "-"] {
        let held = hold(&zone.file("nodes/node1/lock"), text);
        refused_by(&zone, &etcd, &[], 75, &["nodes/node1 is in use", "the member may be running already"]);
        release(&held);
    }
}

#[test]
fn a_lock_that_nobody_holds_is_in_nobodys_way() {
    let (zone, etcd) = issued_zone();
    let lock = zone.file("nodes/node1/lock");
    release(&hold(&lock, "1234567890123\nof another program\n"));
    let _others = Others::of(&zone, "node1");
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd.as_argument()])).expect_code(0);
    assert!(etcd.arguments().is_some());
    let text = std::fs::read_to_string(lock).expect("the lock file");
    assert!(text.strip_suffix('\n').is_some_and(|pid| pid.parse::<u32>().is_ok()), "{text}");
}
