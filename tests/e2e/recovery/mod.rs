//! A quorum that is lost for good: what the survivors' logs hold, and all of it saved.

mod disaster;
mod load;
mod salvage;
mod zone;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::members::{call, kill_all, loopback_zone, start_on_loopback, wait_for_quorum};
use crate::harness::processes::{Running, until};
use crate::harness::{Outcome, TestZone, bundle, outcome};
use load::Load;

const NODES: [&str; 3] = ["node1", "node2", "node3"];

#[track_caller]
fn json(told: &Outcome) -> Value {
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("no JSON: {told:?}"))
}

/// A zone under load, whose followers are killed at the same instant, and whose leader has entries in its log
/// by then that it does not know to be committed. Returns the leader's node, the leader, and what was
/// acknowledged.
#[track_caller]
fn lose_the_quorum(zone: &TestZone, members: Vec<Running>) -> (String, Running, Vec<String>) {
    let status: Value =
        serde_json::from_str(&zone.run(&["status", "--format", "json"]).stdout).expect("JSON");
    let leader = status["leader"].as_str().expect("a leader").to_owned();
    let place = NODES.iter().position(|node| *node == leader).expect("a node");
    let load = Load::start(zone, &format!("https://127.0.0.1:{}", 2379 + 10 * place), 16);
    until("some writes", || (load.count() > 200).then_some(()));
    let (mut survivor, mut others) = (None, Vec::new());
    for (number, member) in members.into_iter().enumerate() {
        if number == place { survivor = Some(member) } else { others.push(member) }
    }
    kill_all(others);
    until("entries that are not committed", || {
        (log_of(zone, &leader)["last_index"].as_u64() > log_of(zone, &leader)["commit"].as_u64())
            .then_some(())
    });
    let acknowledged = load.stop();
    (leader, survivor.expect("the leader"), acknowledged)
}

#[track_caller]
fn log_of(zone: &TestZone, node: &str) -> Value {
    json(&zone.run(&["recover", "log", "--node", node, "-o", "json"]).expect_code(0))
}

/// The keys of a snapshot or data directory's database, as `--force-new-cluster` or a restore has them: an
/// etcd without TLS runs on it for that.
#[track_caller]
fn keys_of_data(zone: &TestZone, version: &str, data: &Path, flags: &[&str]) -> BTreeSet<String> {
    let mut command = Command::new(bundle(version).join("etcd"));
    command.arg("--data-dir").arg(data).args(["--name", "plain"]).args(flags);
    for flag in ["listen-client-urls", "advertise-client-urls"] {
        command.arg(format!("--{flag}=http://127.0.0.1:9379"));
    }
    for flag in ["listen-peer-urls", "initial-advertise-peer-urls"] {
        command.arg(format!("--{flag}=http://127.0.0.1:9380"));
    }
    command.arg("--initial-cluster=plain=http://127.0.0.1:9380");
    let mut etcd = Running::start(&mut command, zone.around(), "plain");
    let mut client = Command::new(bundle("3.7.3").join("etcdctl"));
    client.env("ETCDCTL_ENDPOINTS", "http://127.0.0.1:9379");
    wait_for_quorum(&client);
    let keys = call(&client, &["get", "--prefix", "", "--keys-only"]).expect_code(0).stdout;
    etcd.signal(Signal::SIGKILL);
    etcd.end();
    keys.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Those of a snapshot.
#[track_caller]
fn keys_of_snapshot(zone: &TestZone, version: &str, file: &Path) -> BTreeSet<String> {
    let data = zone.around().join("restored");
    let mut restore = Command::new(bundle(version).join("etcdutl"));
    restore.args(["snapshot", "restore"]).arg(file).arg("--data-dir").arg(&data);
    restore.args(["--name", "plain", "--initial-cluster=plain=http://127.0.0.1:9380"]);
    restore.arg("--initial-advertise-peer-urls=http://127.0.0.1:9380");
    outcome(&mut restore).expect_code(0);
    let keys = keys_of_data(zone, version, &data, &[]);
    fs::remove_dir_all(data).expect("what was restored");
    keys
}

/// Those that etcd's own way leaves of a copy.
#[track_caller]
fn keys_by_force(zone: &TestZone, version: &str, data: &Path) -> BTreeSet<String> {
    let copy = zone.around().join("forced");
    outcome(Command::new("cp").arg("-a").arg(data).arg(&copy)).expect_code(0);
    let keys = keys_of_data(zone, version, &copy, &["--force-new-cluster"]);
    fs::remove_dir_all(copy).expect("the copy");
    keys
}

/// All bytes below a data directory, and nothing else beside it.
#[track_caller]
fn digest(data: &Path) -> String {
    let shell = "find . -type f -print0 | sort -z | xargs -0 sha256sum; ls ..";
    outcome(Command::new("sh").args(["-c", shell]).current_dir(data)).expect_code(0).stdout
}

#[track_caller]
fn three_members(more: &str) -> (TestZone, Vec<Running>) {
    let zone = loopback_zone(3, more);
    zone.run(&["init"]).expect_code(0);
    let members = start_on_loopback(&zone, &NODES);
    (zone, members)
}
