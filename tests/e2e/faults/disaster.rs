//! The end of a round: most data is lost, and the zone is another cluster afterwards.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::machines::NODES;
use super::nemesis::{Fault, haunt};
use super::operations::clear_aside;
use super::operator::Step;
use super::tally::{HISTORY, RESTORE, STUCK};
use super::{HEALING, Run};
use crate::harness::draw::Draw;
use crate::harness::members::{call, etcdctl};
use crate::harness::processes::until;

/// Keys that were written before the snapshot, or the disaster, and after the snapshot.
const KEPT: &str = "kept";
const LATER: &str = "later";

/// By what the zone is brought back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Disaster {
    /// A snapshot.
    Restore,
    /// The logs of two of five.
    Recover,
}

impl Disaster {
    pub const ALL: [Self; 2] = [Self::Restore, Self::Recover];
}

/// Loses a zone and has it brought back. Faults go on meanwhile, but for disks that are full: they are lost.
pub fn strike(run: &Run, draw: &mut Draw, disaster: Disaster, faults: &[(Fault, &'static str)]) {
    let faults: Vec<_> = faults.iter().copied().filter(|(fault, _)| *fault != Fault::FullDisk).collect();
    let for_faults = draw.another();
    run.expect_another_cluster();
    let (seen, commands) = match disaster {
        Disaster::Restore => lose_all(run, draw),
        Disaster::Recover => lose_most(run, draw),
    };
    run.calm.begin();
    let is_back = std::thread::scope(|scope| {
        if !faults.is_empty() {
            scope.spawn(|| haunt(run, &faults, for_faults));
        }
        let is_back = commands.iter().all(|command| bring_back(run, command));
        run.calm.stop();
        is_back
    });
    // What does not come back is found by then, and is nothing to judge.
    if !is_back {
        return;
    }
    if let Err(told) = run.machines.heals_within(HEALING) {
        run.found(STUCK, &told);
    }
    clear_aside(run);
    run.learn_cluster();
    run.try_all_revoked();
    if disaster == Disaster::Restore {
        judge_restored(run, seen);
    } else {
        judge_revisions(run, seen);
        if value(run, KEPT) != seen.to_string() {
            run.found(HISTORY, "an acknowledged write that the survivors had is lost by recover");
        }
    }
}

fn bring_back(run: &Run, command: &str) -> bool {
    let words: Vec<&str> = command.split(' ').collect();
    let operation = match words[0] {
        "snapshot" => "restore",
        "recover" => "recover",
        _ => "add-recovered",
    };
    run.carry_out(&Step::new(operation, &words))
}

/// All are killed, and some lose their disks. Returns the revision of the last write, and what brings the
/// zone back.
fn lose_all(run: &Run, draw: &mut Draw) -> (i64, Vec<String>) {
    let seen = snapshot_and_later(run);
    let file = newest_snapshot(run);
    (0..NODES.len()).for_each(|node| run.machines.kill(node));
    (0..3).for_each(|_| lose_disk(run, draw.below(NODES.len())));
    (seen, vec![format!("snapshot restore {file} --yes --timeout 60s")])
}

/// Three are lost for good; the others have all that was acknowledged.
fn lose_most(run: &Run, draw: &mut Draw) -> (i64, Vec<String>) {
    let seen = put(run, KEPT);
    let first = draw.below(NODES.len());
    let dead: Vec<usize> = (first..first + 3).map(|node| node % NODES.len()).collect();
    for node in &dead {
        run.machines.kill(*node);
        lose_disk(run, *node);
    }
    let names: Vec<&str> = dead.iter().map(|node| NODES[*node]).collect();
    let recover = format!("recover --dead {} --yes --timeout 60s", names.join(","));
    let adds = names.iter().map(|name| format!("member add {name} --timeout 40s"));
    (seen, [recover].into_iter().chain(adds).collect())
}

/// Takes a snapshot, and writes once more. Returns the revision of that.
#[track_caller]
pub fn snapshot_and_later(run: &Run) -> i64 {
    put(run, KEPT);
    run.machines.zone.run(&["snapshot", "save", "--keep", "2"]).expect_code(0);
    put(run, LATER)
}

#[track_caller]
pub fn newest_snapshot(run: &Run) -> String {
    let told = run.machines.zone.run(&["snapshot", "status", "-o", "json"]).expect_code(0);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    told["file"].as_str().expect("a file").to_owned()
}

/// Who has read the state of after the snapshot is not given that of before in silence.
pub fn judge_restored(run: &Run, seen: i64) {
    judge_revisions(run, seen);
    if value(run, KEPT).is_empty() {
        run.found(RESTORE, "what is in the snapshot was not restored");
    }
    if value(run, LATER) == seen.to_string() {
        run.found(RESTORE, "what was written after the snapshot is there");
    }
}

/// Every member is above a revision that was seen before, and says so of a read at that one.
fn judge_revisions(run: &Run, seen: i64) {
    for (node, name) in NODES.iter().enumerate() {
        let client = etcdctl(&run.machines.zone, &format!("https://{}:2379", run.machines.address(node)));
        let told = call(&client, &["get", KEPT, "-w", "json"]);
        let answer = serde_json::from_str::<Value>(&told.stdout).unwrap_or_default();
        let now = answer["header"]["revision"].as_i64();
        if now.is_none_or(|now| now <= seen) {
            let what = format!("{name} is at revision {now:?}, and {seen} was seen before");
            run.found(RESTORE, &format!("{what}: {}", told.stderr));
        }
        let old = call(&client, &["get", KEPT, "--rev", &seen.to_string()]);
        if !old.stderr.contains("required revision has been compacted") {
            run.found(RESTORE, &format!("{name} answers a read at revision {seen}: {old:?}"));
        }
    }
}

fn client(run: &Run) -> Command {
    etcdctl(&run.machines.zone, &run.machines.endpoints().join(","))
}

/// Writes the revision that the key has by that, and returns it.
#[track_caller]
fn put(run: &Run, key: &str) -> i64 {
    let revision = |value: &str| {
        let told = call(&client(run), &["put", key, value, "-w", "json"]);
        serde_json::from_str::<Value>(&told.stdout).ok()?["header"]["revision"].as_i64()
    };
    // The lock of an operation that was killed may end in between.
    until("a write", || {
        let before = revision("")?;
        revision(&(before + 1).to_string()).filter(|after| *after == before + 1)
    })
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
