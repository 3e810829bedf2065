//! The data of all members replaced by that of a snapshot.

mod elsewhere;
mod interrupted;
mod partitioned;
mod refused;
mod versions;

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, run_command};
use crate::harness::processes::Running;
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{TestZone, outcome};
use crate::snapshot::{NODES, save, zone_of};

/// The command that restores, with the members started as it asks for it.
#[track_caller]
fn restore(zone: &TestZone, file: &Path, more: &[&str]) -> (Value, Vec<Supervised>) {
    let mut restoring = begin(zone, file, more);
    restoring.wait_for_line(&["has to be started"]);
    let members = zone_members(zone);
    assert!(restoring.end().success(), "{}", restoring.stderr());
    (serde_json::from_str(&restoring.stdout()).expect("JSON"), members)
}

fn begin(zone: &TestZone, file: &Path, more: &[&str]) -> Running {
    let mut command = zone.command(&["snapshot", "restore", file.to_str().expect("a path")]);
    command.args(["--yes", "-o", "json"]).args(more);
    Running::start(&mut command, zone.around(), "restoring")
}

fn start(zone: &TestZone, nodes: &[&str]) -> Vec<Supervised> {
    let start = |node: &&str| {
        Supervised::start(run_command(zone, node, &[]), zone.around().to_owned(), &format!("{node}-restored"))
    };
    nodes.iter().map(start).collect()
}

/// All members that `zone.toml` describes.
fn zone_members(zone: &TestZone) -> Vec<Supervised> {
    let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let described = |node: &&&str| {
        let of_node = text.split("[[node]]").find(|part| part.contains(&format!("\"{node}\"")));
        of_node.is_some_and(|part| !part.contains("member = false"))
    };
    start(zone, &NODES.iter().filter(described).copied().collect::<Vec<_>>())
}

/// The keys that a member has, but for the lock that `snapshot save` held: it comes back with its lease, for
/// as long as that lasts.
#[track_caller]
fn keys(zone: &TestZone, port: u16) -> Vec<String> {
    let client = etcdctl(zone, &format!("https://127.0.0.1:{port}"));
    let keys = call(&client, &["get", "", "--prefix", "--keys-only"]).expect_code(0).stdout;
    let keys = keys.split_whitespace().filter(|key| !key.contains("zone-etcd/operation"));
    keys.map(str::to_owned).collect()
}

#[track_caller]
fn kill(running: &mut [Supervised]) {
    for member in running {
        member.end(Signal::SIGKILL);
    }
}

/// More than other commands have members hash: nobody is served by the zone yet.
#[test]
fn long_data_of_any_size_is_compared() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        crate::snapshot::fill(&zone, 530);
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        let (told, _members) = restore(&zone, &file, &[]);
        assert_eq!(told["is_compared"], true, "{told:#}");
        let status = zone.run(&["status"]).expect_code(0);
        assert!(status.stdout.contains("data not compared"), "{}", status.stdout);
    });
}

/// etcd counts revisions from 1 there, and its tool raises them from 0.
#[test]
fn a_zone_that_was_never_written_to() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let mut running = supervise_on_loopback(&zone, &NODES[..1]);
        let file = zone.around().join("empty.db");
        let save = ["snapshot", "save", file.to_str().expect("a path")];
        call(&etcdctl(&zone, "https://127.0.0.1:2379"), &save).expect_code(0);
        kill(&mut running);
        let (told, _members) = restore(&zone, &file, &["--allow-missing-manifest"]);
        assert!(told["revision"].as_i64().is_some_and(|revision| revision >= 1_000_000_000), "{told:#}");
    });
}

#[test]
fn after_the_data_of_all_members_is_destroyed() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        let granted = call(&client, &["lease", "grant", "600"]).expect_code(0).stdout;
        let lease = granted.split(' ').nth(1).expect("an id").to_owned();
        call(&client, &["put", "--lease", &lease, "leased", "a value"]).expect_code(0);
        let (file, saved) = save(&zone, &[]);
        let before = saved["manifest"]["cluster_id"].clone();
        call(&client, &["put", "four", "is not in the snapshot"]).expect_code(0);
        zone.run(&["snapshot", "restore", file.to_str().expect("a path"), "--yes"])
            .expect_code(78)
            .expect_error_with(&["a quorum of its members answers", "--although-quorum-answers"]);
        kill(&mut running);
        fs::remove_dir_all(zone.file("nodes/node1/data")).expect("data that is lost");
        fs::remove_dir_all(zone.file("nodes/node2")).expect("a directory that is lost");
        let old = zone.around().join("old");
        outcome(std::process::Command::new("cp").arg("-a").arg(zone.file("nodes/node3")).arg(&old))
            .expect_code(0);

        let (restored, mut running) = restore(&zone, &file, &[]);
        assert_ne!(restored["cluster_id"], before, "{restored}");
        assert_eq!(restored["is_compared"], true, "{restored}");
        assert_eq!(restored["epoch"], 1);
        assert_eq!(restored["bump_revision"], 1_000_000_000);
        for port in [2379, 2389, 2399] {
            assert_eq!(keys(&zone, port), ["leased", "one", "three", "two"]);
        }
        let lease = call(&client, &["lease", "timetolive", &lease, "--keys"]).expect_code(0).stdout;
        assert!(lease.contains("granted with TTL(600s)") && lease.contains("leased"), "{lease}");
        // Who has seen a later revision than the snapshot has is told so, and does not wait in silence.
        let watch = call(&client, &["watch", "one", "--rev", "5"]);
        assert!(format!("{watch:?}").contains("required revision has been compacted"), "{watch:?}");
        zone.run(&["status"]).expect_code(0);
        let aside = fs::read_dir(zone.file("nodes/node3")).expect("a directory").filter(|entry| {
            entry.as_ref().expect("an entry").file_name().to_string_lossy().starts_with("data.aside-")
        });
        assert_eq!(aside.count(), 1);

        // What was before does not come back, and nothing begins without the data.
        running[2].end(Signal::SIGKILL);
        fs::rename(zone.file("nodes/node3"), zone.around().join("restored")).expect("put aside");
        fs::rename(&old, zone.file("nodes/node3")).expect("put back");
        zone.run(&["run", "--node", "node3"]).expect_code(65).expect_error_with(&[
            "restored as cluster",
            "from before",
            "zone-etcd snapshot restore FILE --zone",
        ]);
        kill(&mut running[..2]);
        for node in NODES {
            let _ = fs::remove_dir_all(zone.file(&format!("nodes/{node}/data")));
            let _ = fs::remove_file(zone.file(&format!("nodes/{node}/state.json")));
            let _ = fs::remove_file(zone.file(&format!("nodes/{node}/high-water.json")));
            zone.run(&["run", "--node", node])
                .expect_code(65)
                .expect_error_with(&["has none of its data", "snapshot restore FILE"]);
        }
        zone.run(&["run", "--node", "node1", "--never-ran"]).expect_code(65);
        let out = zone.around().join("out").display().to_string();
        zone.run(&["bundle", "node1", "--allow-bootstrap", "node1", "--out", &out, "--no-encryption"])
            .expect_code(78)
            .expect_error_with(&["the zone was restored", "member add node1"]);
    });
}
