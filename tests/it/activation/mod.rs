//! `activate`: bundles taken up on their node, and refused.

mod age;
mod brought_etcd;
mod damage;
mod delivery_key;
mod fingerprint;
mod next_steps;
mod programs;
mod revocation_lists;
mod rollback;
mod seal;
mod switching;
mod this_node;
mod trust;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Outcome, TestZone, outcome, zone_etcd};
use crate::support::ports;

/// Members on this machine, so that nothing tells which of them it is, and a node without a member.
fn nodes() -> String {
    let names = ["node1", "node2", "node3", "worker"];
    let mut text = String::from("[zone]\nname = \"example.zone\"\n");
    for (name, ports) in names.iter().zip(ports(3 * names.len()).chunks_exact(3)) {
        text += &format!("[[node]]\nname = \"{name}\"\naddress = \"127.0.0.1\"\n");
        text += &format!("peer_port = {}\nclient_port = {}\n", ports[0], ports[1]);
        text += &format!("metrics_port = {}\n", ports[2]);
    }
    text + "member = false\n"
}

pub fn zone() -> TestZone {
    described(&nodes())
}

pub fn described(text: &str) -> TestZone {
    let zone = TestZone::described(text);
    zone.run(&["init"]).expect_code(0);
    zone
}

/// Makes the plain bundle of a node, and returns its path.
#[track_caller]
pub fn bundle(zone: &TestZone, node: &str) -> PathBuf {
    let out = zone.around().join("out");
    let mut command = zone.command(&["bundle", node, "--no-encryption"]);
    outcome(command.arg("--out").arg(&out)).expect_code(0);
    out.join(format!("{node}.bundle"))
}

/// A node directory that is not there yet.
pub fn node_directory(zone: &TestZone, name: &str) -> PathBuf {
    zone.around().join(name)
}

/// `activate FILE --node-dir DIR` with further arguments.
pub fn activate(file: &Path, directory: &Path, arguments: &[&str]) -> Outcome {
    outcome(&mut command(file, directory, arguments))
}

pub fn command(file: &Path, directory: &Path, arguments: &[&str]) -> Command {
    let mut command = zone_etcd(["activate"]);
    command.arg(file).arg("--node-dir").arg(directory).args(arguments).stdin(Stdio::null());
    command
}

/// `activate --rollback --node-dir DIR`.
pub fn roll_back(directory: &Path, arguments: &[&str]) -> Outcome {
    let mut command = zone_etcd(["activate", "--rollback", "--node-dir"]);
    outcome(command.arg(directory).args(arguments))
}

/// The fingerprint of the zone's root, as openssl prints it.
#[track_caller]
pub fn fingerprint(zone: &TestZone) -> String {
    zone.root_fingerprint()
}

/// Activates the first bundle of a node, and returns what is told of it.
#[track_caller]
pub fn activated(zone: &TestZone, file: &Path, directory: &Path) -> Value {
    let told = activate(file, directory, &["--root-fingerprint", &fingerprint(zone), "--format", "json"]);
    json(&told.expect_code(0))
}

#[track_caller]
pub fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).expect("the result is JSON")
}

/// Adds a line to a table of `zone.toml`, at its end.
pub fn add_to_description(zone: &TestZone, text: &str) {
    let path = zone.file("zone.toml");
    let before = std::fs::read_to_string(&path).expect("zone.toml");
    std::fs::write(&path, before + text).expect("zone.toml");
}
