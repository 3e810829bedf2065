//! Nodes that the signing host reaches: by the command of `[access]`, or by files that are carried.

mod by_hand;
mod faults;
mod local;
mod own_keys;
mod recipients;
mod restored;
mod restricted_key;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::programs::write_program;
use crate::harness::{TestZone, program};
use crate::support::{append, three_members_issued};

/// Three nodes on this machine, each with a directory of its own below `nodes-there`.
fn zone() -> TestZone {
    with_command(&program().display().to_string(), "")
}

/// The same, reached by another command.
fn with_command(command: &str, more: &str) -> TestZone {
    let zone = three_members_issued();
    let directory = zone.around().join("nodes-there");
    fs::create_dir(&directory).expect("a directory");
    let node_dir = directory.join("{name}").display().to_string();
    let text = format!("\n[access]\ncommand = \"{command}\"\nnode_dir = \"{node_dir}\"\n{more}");
    append(&zone.file("zone.toml"), &text);
    zone
}

/// The directory of a node, on its machine.
fn there(zone: &TestZone, node: &str) -> PathBuf {
    zone.around().join("nodes-there").join(node)
}

/// A program that stands in for ssh.
fn stand_in(zone: &TestZone, text: &str) -> PathBuf {
    let path = zone.around().join("stand-in");
    write_program(&path, format!("#!/bin/sh\n{text}\n"));
    path
}

/// `pki renew` with further arguments, and its rows.
#[track_caller]
fn renewed(zone: &TestZone, arguments: &[&str]) -> Vec<Value> {
    let told = zone.run(&[&["pki", "renew", "--format", "json"], arguments].concat()).expect_code(0);
    serde_json::from_str(&told.stdout).expect("JSON")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a node has is what the zone has for it.
#[track_caller]
fn assert_same(zone: &TestZone, node: &str) {
    let here = zone.file(&format!("nodes/{node}/pki/current"));
    for file in ["server.crt", "server.key", "peer.crt", "peer.key", "ca.crt", "client.crl", "peer.crl"] {
        let there = there(zone, node).join("pki/current").join(file);
        assert_eq!(read(&here.join(file)), read(&there), "{node}: {file}");
    }
}
