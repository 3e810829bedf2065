//! Two of three or three of five machines are lost at once, under load, far from each other: what is lost
//! with them by `recover`, and by etcd's own way.
//!
//! `scripts/disasters` runs it many times, and prints the table.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::load::Load;
use super::{keys_by_force, keys_of_snapshot, log_of};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{kill_all, start_together, wait_until_serving};
use crate::harness::namespaces::Network;
use crate::harness::processes::until;

const MACHINES: [(&str, &str); 5] =
    [("n1", "10.0.1.11"), ("n2", "10.0.1.12"), ("n3", "10.0.1.13"), ("n4", "10.0.1.14"), ("n5", "10.0.1.15")];
/// One way.
const DELAY: Duration = Duration::from_millis(10);
const CLIENTS: usize = 64;
/// Before it happens.
const WRITES: usize = 1500;
/// The version of etcd, and the file that a row is added to.
const VERSION: &str = "ZONE_ETCD_DISASTER_ETCD";
const TABLE: &str = "ZONE_ETCD_DISASTER_TABLE";

#[test]
fn two_of_three() {
    isolated(|| most_are_lost(&MACHINES[..3]));
}

#[test]
fn long_three_of_five() {
    isolated(|| most_are_lost(&MACHINES));
}

/// The leader is among them.
#[track_caller]
fn most_are_lost(machines: &[(&'static str, &'static str)]) {
    let version = std::env::var(VERSION).unwrap_or_else(|_| "3.7.3".to_owned());
    let nodes: Vec<&str> = machines.iter().map(|(node, _)| *node).collect();
    let network = Network::new(machines);
    let zone = described(&version, machines);
    let mut links = network.far_apart(machines, "10.0.1.1", DELAY, zone.around());
    let mut members = start_together(&zone, &nodes, |node, command| network.on(node, &command));
    wait_until_serving(&mut members);
    let leads = until("a leader that all know", || {
        let status: Value = serde_json::from_str(&zone.run(&["status", "-o", "json"]).stdout).ok()?;
        let leader = status["leader"].as_str()?.to_owned();
        (status["health"] == "healthy").then(|| nodes.iter().position(|node| *node == leader))?
    });
    let load = Load::start(&zone, &format!("https://{}:2379", machines[leads].1), CLIENTS);
    until("the load", || (load.count() >= WRITES).then_some(()));

    let followers = (0..nodes.len()).filter(|place| *place != leads);
    let dead: Vec<usize> = [leads].into_iter().chain(followers).take(nodes.len() / 2 + 1).collect();
    links.signal(Signal::SIGKILL);
    dead.iter().for_each(|place| members[*place].signal(Signal::SIGKILL));
    links.end();
    kill_all(members);
    let acknowledged = load.stop();
    let dead: Vec<&str> = dead.into_iter().map(|place| nodes[place]).collect();
    dead.iter().for_each(|node| {
        fs::rename(zone.file(&format!("nodes/{node}/data")), zone.around().join(node)).expect("a lost disk");
    });
    compare(&zone, &version, nodes.len(), &best(&zone, &dead), &acknowledged);
}

/// The survivor with the best log, as `recover` sees it.
#[track_caller]
fn best(zone: &TestZone, dead: &[&str]) -> String {
    let rehearse = ["recover", "--dead", &dead.join(","), "--rehearse", "-o", "json"];
    let told = super::json(&zone.run(&rehearse).expect_code(0));
    let (chosen, _) = told["chosen"].as_str().and_then(|name| name.split_once('.')).expect("a node");
    chosen.to_owned()
}

fn described(version: &str, machines: &[(&str, &str)]) -> TestZone {
    let mut text = String::from("[zone]\nname = \"example.zone\"\n");
    for (name, address) in machines {
        text += &format!("[[node]]\nname = \"{name}\"\naddress = \"{address}\"\n");
    }
    text += &format!("[etcd]\nversion = \"{version}\"\nheartbeat = \"100ms\"\nelection = \"1s\"\n");
    let zone = TestZone::described(&text);
    zone.run(&["init"]).expect_code(0);
    zone
}

#[track_caller]
fn compare(zone: &TestZone, version: &str, members: usize, survivor: &str, acknowledged: &[String]) {
    let data = zone.file(&format!("nodes/{survivor}/data"));
    let log = log_of(zone, survivor);
    let out = zone.around().join("recovered.db");
    let begun = Instant::now();
    zone.run(&["recover", "salvage", "--node", survivor, "--out", out.to_str().expect("a path")])
        .expect_code(0);
    let took = begun.elapsed();
    let (saved, forced) = (keys_of_snapshot(zone, version, &out), keys_by_force(zone, version, &data));
    let written = in_log(&data);
    let has = |key: &&String| written.windows(key.len()).any(|bytes| bytes == key.as_bytes());
    let lost = |keys: &BTreeSet<String>| -> Vec<&String> {
        acknowledged.iter().filter(|key| !keys.contains(*key)).collect()
    };
    let (by_recover, by_force) = (lost(&saved), lost(&forced));
    let had: Vec<_> = by_recover.iter().filter(|key| has(key)).collect();
    assert!(had.is_empty(), "{had:?} were in the log of {survivor}");
    assert!(forced.is_subset(&saved));
    let position = |name: &str| log[name].as_u64().expect("an index");
    let known: BTreeSet<&String> = acknowledged.iter().collect();
    let row = format!(
        "{version}\t{}/{members}\t{}\t{}\t{}\t{}\t{}\t{:.1}\n",
        members / 2 + 1,
        acknowledged.len(),
        position("last_index") - position("commit"),
        by_force.len(),
        by_recover.len(),
        saved.iter().filter(|key| !known.contains(key)).count(),
        took.as_secs_f64()
    );
    println!("{row}");
    if let Ok(table) = std::env::var(TABLE) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(table).expect("the table");
        file.write_all(row.as_bytes()).expect("a row");
    }
}

/// All that was ever written to the log.
fn in_log(data: &Path) -> Vec<u8> {
    let entries = fs::read_dir(data.join("member/wal")).expect("the log");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let logs = files.filter(|path| path.extension().is_some_and(|extension| extension == "wal"));
    logs.flat_map(|path| fs::read(path).expect("a file of the log")).collect()
}
