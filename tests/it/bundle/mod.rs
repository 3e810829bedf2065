//! `bundle` and `bundle inspect`.

mod archives;
mod damage;
pub mod forged_archive;
mod listing;
mod repeated;
mod right;
mod seals;
mod signature;
mod usage;

use std::io::Read;
use std::path::{Path, PathBuf};

use model::config::ZoneConfig;
use model::plan::roles_of;
use serde_json::Value;

use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

/// Three members and a node without one.
const NODES: &str = "[zone]\nname = \"example.zone\"\n\
    [[node]]\nname = \"node1\"\naddress = \"10.0.1.1\"\n\
    [[node]]\nname = \"node2\"\naddress = \"10.0.1.2\"\n\
    [[node]]\nname = \"node3\"\naddress = \"10.0.1.3\"\n\
    [[node]]\nname = \"worker\"\naddress = \"10.0.1.4\"\nmember = false\n";

/// How many files the generation of a node has: a pair for each of its roles, and what it trusts.
fn generation_files(node: &str) -> usize {
    let (zone, _) = ZoneConfig::parse(NODES).expect("a zone");
    let node = zone.node(node).expect("a node");
    let trusted = if node.member { 5 } else { 1 };
    2 * roles_of(node).count() + trusted
}

fn zone() -> TestZone {
    let zone = TestZone::described(NODES);
    zone.run(&["init"]).expect_code(0);
    zone
}

/// The directory that the bundles of a test go to.
fn out(zone: &TestZone) -> PathBuf {
    zone.around().join("out")
}

/// The bundle of a node.
fn file(zone: &TestZone, node: &str) -> PathBuf {
    out(zone).join(format!("{node}.bundle"))
}

/// `bundle --out OUT` with further arguments.
fn bundle(zone: &TestZone, arguments: &[&str]) -> Outcome {
    let mut command = zone.command(&["bundle"]);
    command.arg("--out").arg(out(zone)).args(arguments);
    outcome(&mut command)
}

/// Plain bundles, as `--format json` tells of them.
fn plain(zone: &TestZone, arguments: &[&str]) -> Value {
    let made = bundle(zone, &[&["--no-encryption", "--format", "json"], arguments].concat()).expect_code(0);
    serde_json::from_str(&made.stdout).expect("JSON")
}

/// What is told of a node's bundle.
fn row<'r>(report: &'r Value, node: &str) -> &'r Value {
    let name = format!("{node}.example.zone");
    let mut rows = report["bundles"].as_array().expect("bundles").iter();
    rows.find(|row| row["node"] == name.as_str()).expect("a row of the node")
}

/// `bundle inspect` of a file with further arguments.
fn inspect(file: &Path, arguments: &[&str]) -> Outcome {
    let mut command = zone_etcd(["bundle", "inspect"]);
    command.arg(file).args(arguments);
    outcome(&mut command)
}

/// The lines of a log of the zone.
fn log(zone: &TestZone, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(zone.file(name)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// An entry of an archive.
pub struct Entry {
    pub path: String,
    pub header: tar::Header,
    pub bytes: Vec<u8>,
}

/// Everything in an archive that is compressed and not sealed, read by other code than the program's.
pub fn entries(compressed: impl Read) -> Vec<Entry> {
    let mut archive = tar::Archive::new(zstd::Decoder::new(compressed).expect("zstd"));
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let header = entry.header().clone();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        Entry { path, header, bytes }
    };
    archive.entries().expect("an archive").map(read).collect()
}

/// The entries of a plain bundle.
pub fn entries_of(path: &Path) -> Vec<Entry> {
    entries(std::fs::File::open(path).expect("a bundle"))
}
