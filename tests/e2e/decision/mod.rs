//! The start decision on real etcd, one branch a test, through `plan` and `run`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`all_return`] | all members return at once, most of them not as they were |
//! | [`founding`] | members that found their cluster: at once, late, and with others that are bound or down |
//! | [`founded_once`] | ways to bootstrap a cluster a second time |
//! | [`joining`] | members that a running cluster was told of, and those that it was not |
//! | [`lost`] | data that is gone, and the commands that replace its member |
//! | [`older_copies`] | data that went back in time, and notes that are lost |
//! | [`once`] | the right to bootstrap a cluster is spent once, where etcd alone would lose writes |
//! | [`removed`] | members that their cluster has removed |
//! | [`set_aside`] | data that is put aside |
//! | [`strangers`] | others that run another cluster, or are of another zone |
//! | [`told`] | does what a refusal says |

mod all_return;
mod founded_once;
mod founding;
mod joining;
mod lost;
mod older_copies;
mod once;
mod removed;
mod set_aside;
mod strangers;
mod told;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::members::{call, etcdctl, loopback_zone, plan, run_command, start_on_loopback};
use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, zone_etcd};
use crate::start::picture;

const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// A zone with every certificate, so that `plan` can ask the others.
#[track_caller]
fn issued_zone(members: u16) -> TestZone {
    let zone = loopback_zone(members, "");
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone
}

/// A zone of three whose members all run.
#[track_caller]
fn running_zone() -> (TestZone, Vec<Running>) {
    let zone = issued_zone(3);
    let members = start_on_loopback(&zone, &NODES);
    (zone, members)
}

/// The client of one node.
#[track_caller]
fn client(zone: &TestZone, number: u16) -> Command {
    etcdctl(zone, &format!("https://127.0.0.1:{}", 2369 + 10 * number))
}

fn peer_url(number: u16) -> String {
    format!("https://127.0.0.1:{}", 2370 + 10 * number)
}

/// `run` with options of its own.
fn run_with(zone: &TestZone, node: &str, options: &[&str]) -> Command {
    let mut command =
        zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--node", node, "--zone"]);
    command.arg(zone.path()).args(options);
    command
}

/// Asserts that neither `plan` nor `run` would start the member, for the same reasons, and that nothing of it
/// is touched.
#[track_caller]
fn refused(zone: &TestZone, node: &str, options: &[&str], code: i32, texts: &[&str]) -> Outcome {
    let data = zone.file(&format!("nodes/{node}/data"));
    let look = || data.exists().then(|| picture(&data));
    let before = look();
    let arguments = [&["plan", "--node", node, "--format", "json"], options].concat();
    let planned = zone.run(&arguments).expect_code(code).expect_error_with(texts);
    assert_eq!(planned.stdout, "", "a refusal is no data");
    let mut run = Running::start(&mut run_with(zone, node, options), zone.around(), "refused");
    let ran = run.outcome().expect_code(code).expect_error_with(texts);
    assert!(look() == before, "what a refused member has stays as it is");
    ran
}

/// What `plan` says, both ways; and that it touches nothing.
#[track_caller]
fn planned(zone: &TestZone, node: &str, decision: &str, texts: &[&str]) -> Value {
    // The others may run, and write.
    let own = zone.file(&format!("nodes/{node}"));
    let is_of_another = |path: &Path| {
        !path.starts_with(&own) && path.components().any(|component| component.as_os_str() == "data")
    };
    let look = || {
        let mut files = picture(&zone.path());
        files.retain(|(path, ..)| !is_of_another(path));
        files
    };
    let before = look();
    let shown = zone.run(&["plan", "--node", node]).expect_code(0).stdout;
    for text in [&[decision], texts].concat() {
        assert!(shown.contains(text), "no `{text}` in:\n{shown}");
    }
    let json = plan(zone, node);
    assert_eq!(json["decision"], decision, "{json}");
    assert!(look() == before, "plan touches nothing");
    json
}

/// The `state` of each other member in a plan.
fn states(plan: &Value) -> Vec<&str> {
    let peers = plan["peers"].as_array().expect("a list of peers");
    peers.iter().map(|peer| peer["state"].as_str().expect("a state")).collect()
}

/// etcd as `plan` would have it started, without us: each argument goes through `change`.
#[track_caller]
fn bare(zone: &TestZone, node: &str, argv: &str, change: impl Fn(&str) -> String) -> Running {
    let mut lines = argv.lines();
    let mut command = Command::new(lines.next().expect("a program"));
    command.args(lines.map(change));
    Running::start(&mut command, zone.around(), &format!("bare-{node}"))
}

#[track_caller]
fn argv(zone: &TestZone, node: &str) -> String {
    zone.run(&["plan", "--node", node, "--format", "argv"]).expect_code(0).stdout
}

/// Starts the member of a node alone as another cluster, of the members that are given.
#[track_caller]
fn bare_stranger(zone: &TestZone, node: &str, argv: &str, members: &str, token: &str) -> Running {
    bare(zone, node, argv, |argument| match argument.split_once('=') {
        Some(("--initial-cluster", _)) => format!("--initial-cluster={members}"),
        Some(("--initial-cluster-token", _)) => format!("--initial-cluster-token={token}"),
        Some(("--data-dir", _)) => {
            format!("--data-dir={}", zone.around().join(format!("stranger-{node}")).display())
        }
        _ => argument.to_owned(),
    })
}

fn remove(path: &Path) {
    std::fs::remove_dir_all(path).expect("it was there");
}

fn start(zone: &TestZone, node: &str) -> Running {
    Running::start(&mut run_command(zone, node, &[]), zone.around(), node)
}
