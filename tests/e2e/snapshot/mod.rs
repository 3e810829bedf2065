//! Snapshots: taken from members that have all of the data, checked, restored for a try, kept.

mod drill;
mod interrupted;
mod refused;
mod save;
mod sent;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{again, call, etcdctl, loopback_zone};
use crate::harness::processes::until;
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, bundle, outcome};

pub const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// A zone whose members run, with a few keys.
#[track_caller]
pub fn zone_of(members: u16, more: &str) -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(members, more);
    zone.run(&["init"]).expect_code(0);
    let running = supervise_on_loopback(&zone, &NODES[..usize::from(members)]);
    let client = etcdctl(&zone, "https://127.0.0.1:2379");
    for key in ["one", "two", "three"] {
        call(&client, &["put", key, "a value that is seen if it is not sealed"]).expect_code(0);
    }
    (zone, running)
}

#[track_caller]
pub fn json(told: &Outcome) -> Value {
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("no JSON: {told:?}"))
}

/// Takes a snapshot, and returns its file and what was said of it.
#[track_caller]
pub fn save(zone: &TestZone, more: &[&str]) -> (PathBuf, Value) {
    let told = json(&zone.run(&[&["snapshot", "save", "-o", "json"], more].concat()).expect_code(0));
    (PathBuf::from(told["file"].as_str().expect("a file")), told)
}

/// What `snapshot status` says, with its exit code.
#[track_caller]
fn status(zone: &TestZone, file: &Path, more: &[&str]) -> Outcome {
    zone.run(&[&["snapshot", "status", file.to_str().expect("a path")], more].concat())
}

/// The manifest beside a snapshot.
pub fn manifest_of(file: &Path) -> PathBuf {
    let name = file.file_name().expect("a name").to_str().expect("a name");
    file.with_file_name(name.split(".db").next().expect("a name").to_owned() + ".json")
}

/// The names in the directory of snapshots, in order.
fn names(zone: &TestZone) -> Vec<String> {
    let entries = fs::read_dir(zone.file("snapshots")).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

/// Writes a MiB at a time.
#[track_caller]
pub fn fill(zone: &TestZone, mebibytes: usize) {
    let value = zone.around().join("value");
    fs::write(&value, "x".repeat(1 << 20)).expect("a value");
    let client = etcdctl(zone, "https://127.0.0.1:2379");
    for number in 0..mebibytes {
        // On a busy machine a write may end in a time-out of etcdctl's.
        until("a large value", || {
            let mut put = again(&client, &["put", &format!("large{number}")]);
            put.stdin(fs::File::open(&value).expect("the value"));
            (outcome(&mut put).code == 0).then_some(())
        });
    }
}

/// What etcd's own tool says of a snapshot.
#[track_caller]
fn etcdutl_status(version: &str, file: &Path) -> Value {
    let mut command = std::process::Command::new(bundle(version).join("etcdutl"));
    json(&outcome(command.args(["snapshot", "status", "-w", "json"]).arg(file)).expect_code(0))
}

#[test]
fn etcd_3_7_from_save_to_drill() {
    isolated(|| from_save_to_drill("3.7.3"));
}

#[test]
fn etcd_3_6_from_save_to_drill() {
    isolated(|| from_save_to_drill("3.6.16"));
}

#[test]
fn etcd_3_5_from_save_to_drill() {
    isolated(|| from_save_to_drill("3.5.35"));
}

#[track_caller]
fn from_save_to_drill(version: &str) {
    let (zone, _running) = zone_of(1, &format!("[etcd]\nversion = \"{version}\"\n"));
    let (file, saved) = save(&zone, &[]);
    assert_eq!(saved["manifest"]["from"]["version"], version);
    assert_eq!(etcdutl_status(version, &file)["revision"], saved["manifest"]["revision"]);
    status(&zone, &file, &["--signed"]).expect_code(0);
    let verified =
        zone.run(&["snapshot", "verify", file.to_str().expect("a path"), "-o", "json"]).expect_code(0);
    let drill = &json(&verified)["drill"];
    assert_eq!((&drill["passed"], &drill["hash_compared"]), (&true.into(), &true.into()), "{drill}");
    assert_eq!(drill["etcd"], version);
    assert_eq!(drill["keys"], saved["manifest"]["keys"]);
}

/// A copy of a snapshot with its manifest, to be changed.
#[track_caller]
pub fn copy(zone: &TestZone, file: &Path, to: &str) -> PathBuf {
    let directory = zone.around().join(to);
    fs::create_dir(&directory).expect("a directory");
    for path in [file, &manifest_of(file)] {
        fs::copy(path, directory.join(path.file_name().expect("a name"))).expect("a copy");
    }
    directory.join(file.file_name().expect("a name"))
}
