//! The end of a round: most data is lost, and the zone is another cluster afterwards.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Run;
use super::machines::NODES;
use super::operations::clear_aside;
use super::operator::Step;
use super::tally::{HISTORY, RESTORE};
use crate::harness::draw::Draw;
use crate::harness::members::{again, call, etcdctl};
use crate::harness::outcome;

const KEPT: &str = "before-the-snapshot";
const LATER: &str = "after-the-snapshot";

/// `last` is the last revision that a client was told.
pub fn strike(run: &Run, draw: &mut Draw, last: i64) {
    run.expect_another_cluster();
    if draw.one_in(2) {
        restore(run, draw, last)
    } else {
        recover(run, draw, last)
    }
    clear_aside(run);
    run.learn_cluster();
    run.try_all_revoked();
}

fn restore(run: &Run, draw: &mut Draw, last: i64) {
    let seen = snapshot_and_later(run).max(last);
    let file = newest_snapshot(run);
    (0..NODES.len()).for_each(|node| run.machines.kill(node));
    for _ in 0..3 {
        lose_disk(run, draw.below(NODES.len()));
    }
    let command = ["snapshot", "restore", &file, "--yes", "--timeout", "60s"];
    if run.carry_out(&Step::new("restore", &command)) {
        judge_restored(run, seen, &[0, 1, 2, 3, 4]);
    }
}

/// Three are lost for good; the others have all that was acknowledged.
fn recover(run: &Run, draw: &mut Draw, last: i64) {
    let seen = put(run, KEPT).max(last);
    let first = draw.below(NODES.len());
    let dead: Vec<usize> = (0..3).map(|after| (first + after) % NODES.len()).collect();
    for node in &dead {
        run.machines.kill(*node);
        lose_disk(run, *node);
    }
    let names: Vec<&str> = dead.iter().map(|node| NODES[*node]).collect();
    let command = ["recover", "--dead", &names.join(","), "--yes", "--timeout", "60s"];
    if !run.carry_out(&Step::new("recover", &command)) {
        return;
    }
    let survivors: Vec<usize> = (0..NODES.len()).filter(|node| !dead.contains(node)).collect();
    judge_revisions(run, seen, &survivors);
    if value(run, KEPT) != "value" {
        run.found(HISTORY, "an acknowledged write that the survivors had is lost by recover");
    }
    for name in names {
        if !run.carry_out(&Step::new("add-recovered", &["member", "add", name, "--timeout", "40s"])) {
            return;
        }
    }
}

/// Takes a snapshot, and writes once more. Returns the revision of that.
#[track_caller]
pub fn snapshot_and_later(run: &Run) -> i64 {
    put(run, KEPT);
    run.machines.zone.run(&["snapshot", "save"]).expect_code(0);
    put(run, LATER)
}

#[track_caller]
pub fn newest_snapshot(run: &Run) -> String {
    let told = run.machines.zone.run(&["snapshot", "status", "-o", "json"]).expect_code(0);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    told["file"].as_str().expect("a file").to_owned()
}

/// Who has read the state of after the snapshot is not given that of before in silence.
pub fn judge_restored(run: &Run, seen: i64, nodes: &[usize]) {
    judge_revisions(run, seen, nodes);
    if value(run, KEPT) != "value" {
        run.found(RESTORE, "what is in the snapshot was not restored");
    }
    if !value(run, LATER).is_empty() {
        run.found(RESTORE, "what was written after the snapshot is there");
    }
}

/// Every member is above a revision that was seen before, and says so of a read at that one.
fn judge_revisions(run: &Run, seen: i64, nodes: &[usize]) {
    for node in nodes.iter().copied() {
        let client = etcdctl(&run.machines.zone, &format!("https://{}:2379", run.machines.address(node)));
        let told = call(&client, &["get", KEPT, "-w", "json"]);
        let now = serde_json::from_str(&told.stdout)
            .ok()
            .and_then(|told: Value| told["header"]["revision"].as_i64());
        if now.is_none_or(|now| now <= seen) {
            let what = format!("{} is at revision {now:?}, and {seen} was seen before", NODES[node]);
            run.found(RESTORE, &format!("{what}: {}", told.stderr));
        }
        let old = call(&client, &["get", KEPT, "--rev", &seen.to_string()]);
        if !old.stderr.contains("required revision has been compacted") {
            run.found(RESTORE, &format!("{} answers a read at revision {seen}: {old:?}", NODES[node]));
        }
    }
}

fn client(run: &Run) -> std::process::Command {
    etcdctl(&run.machines.zone, &run.machines.endpoints().join(","))
}

#[track_caller]
fn put(run: &Run, key: &str) -> i64 {
    let told = outcome(&mut again(&client(run), &["put", key, "value", "-w", "json"])).expect_code(0);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    told["header"]["revision"].as_i64().expect("a revision")
}

fn value(run: &Run, key: &str) -> String {
    call(&client(run), &["get", key, "--print-value-only"]).stdout.trim().to_owned()
}

/// All that is on a disk.
fn lose_disk(run: &Run, node: usize) {
    run.note(&format!("the disk of {} is lost", NODES[node]));
    for entry in fs::read_dir(run.machines.disk(node)).expect("a disk").flatten() {
        remove(&entry.path());
    }
}

fn remove(path: &Path) {
    let is_directory = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    let _ = if is_directory { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}
