//! `sync`: nodes that find their bundles in the zone's etcd, whatever else is written there.

mod hostile;
mod member;
mod one_node;
mod outdated;
mod watched;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use model::formats::NodeAnswer;
use serde_json::Value;
use store::zone_directory::{AnswerFault, Authorities, CaPassphrase, ZoneDirectory, verify_answer};
use time::OffsetDateTime;

use crate::harness::members::{again, call, etcdctl, loopback_zone, start_on_loopback};
use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

/// A node without a member, beside those that the test starts.
const WORKERS: &str = "[[node]]\nname = \"worker\"\naddress = \"127.0.0.1\"\nmember = false\n\
                       [[node]]\nname = \"other\"\naddress = \"127.0.0.1\"\nmember = false\n";

/// A zone whose members run, with etcdctl as the administrator, and nodes that have their first bundle.
struct Fleet {
    zone: TestZone,
    members: Vec<Running>,
    etcdctl: Command,
}

impl Fleet {
    /// A zone of one member that runs from the zone directory.
    #[track_caller]
    fn of_one() -> Self {
        let zone = loopback_zone(1, WORKERS);
        zone.run(&["init"]).expect_code(0);
        let members = start_on_loopback(&zone, &["node1"]);
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
        Self { zone, members, etcdctl }
    }

    fn directory(&self, node: &str) -> PathBuf {
        self.zone.around().join("machines").join(node)
    }

    /// Activates the first bundle of a node, a file. What it tells.
    #[track_caller]
    fn join(&self, node: &str) -> Value {
        fs::create_dir_all(self.zone.around().join("machines")).expect("a directory");
        let (file, _) = self.made(node, &["--no-encryption"]);
        let mut activate = zone_etcd(["activate", "--format", "json"]);
        activate.arg(file).args(["--root-fingerprint", &self.zone.root_fingerprint(), "--node", node]);
        let told = outcome(activate.arg("--node-dir").arg(self.directory(node)).stdin(Stdio::null()));
        serde_json::from_str(&told.expect_code(0).stdout).expect("JSON")
    }

    /// The public key of a node that has joined.
    #[track_caller]
    fn recipient(&self, node: &str) -> String {
        let text = fs::read_to_string(self.directory(node).join("delivery.key")).expect("a key");
        text.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("the public key").to_owned()
    }

    /// Makes a bundle of a node. The file, and its number.
    #[track_caller]
    fn made(&self, node: &str, seal: &[&str]) -> (PathBuf, u64) {
        let out = self.zone.around().join("made");
        let mut bundle = self.zone.command(&["bundle", node, "--format", "json"]);
        let told = outcome(bundle.args(seal).arg("--out").arg(&out)).expect_code(0);
        let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
        let sequence = told["bundles"][0]["sequence"].as_u64().expect("a number");
        (out.join(format!("{node}.bundle")), sequence)
    }

    /// A bundle of a node that is sealed to it and above all before. What is in it, and its number.
    #[track_caller]
    fn sealed(&self, node: &str) -> (Vec<u8>, u64) {
        let seal = format!("{node}={}", self.recipient(node));
        let (_, before) = self.made(node, &["--recipient", &seal]);
        let (file, sequence) = self.made(node, &["--recipient", &seal, "--above", &before.to_string()]);
        (fs::read(file).expect("a bundle"), sequence)
    }

    /// Writes a value, as any client can that may write.
    #[track_caller]
    fn put(&self, key: &str, value: &[u8]) {
        let file = self.zone.around().join("value");
        fs::write(&file, value).expect("a value");
        let mut put = again(&self.etcdctl, &["put", key]);
        outcome(put.stdin(fs::File::open(&file).expect("the value"))).expect_code(0);
    }

    #[track_caller]
    fn put_bundle(&self, node: &str, sequence: u64, sealed: &[u8]) {
        self.put(&format!("/zone-etcd/delivery/{node}.example.zone/bundle/{sequence:010}"), sealed);
        let head = format!("{{\"version\":1,\"sequence\":{sequence}}}");
        self.put(&format!("/zone-etcd/delivery/{node}.example.zone/head"), head.as_bytes());
    }

    /// Makes a bundle and puts it where the node finds it. Its number.
    #[track_caller]
    fn deliver(&self, node: &str) -> u64 {
        let (sealed, sequence) = self.sealed(node);
        self.put_bundle(node, sequence, &sealed);
        sequence
    }

    fn sync_command(&self, node: &str, arguments: &[&str]) -> Command {
        let mut command = zone_etcd(["sync"]);
        command.args(arguments).arg("--config").arg(self.directory(node).join("node.json"));
        command
    }

    fn sync(&self, node: &str, arguments: &[&str]) -> Outcome {
        outcome(self.sync_command(node, arguments).stdin(Stdio::null()))
    }

    /// What `sync` tells a program.
    #[track_caller]
    fn synced(&self, node: &str, arguments: &[&str]) -> Value {
        let told = self.sync(node, &[&["--format", "json"], arguments].concat()).expect_code(0);
        serde_json::from_str(&told.stdout).expect("JSON")
    }

    /// What the signing host makes of the answer that is in etcd.
    fn judged(&self, node: &str) -> Result<NodeAnswer, AnswerFault> {
        let key = format!("/zone-etcd/answer/{node}.example.zone");
        let value = call(&self.etcdctl, &["get", "--print-value-only", &key]).expect_code(0).stdout;
        let zone = ZoneDirectory::open(&self.zone.path(), CaPassphrase::new(None, None).expect("none"));
        let zone = zone.expect("a zone");
        let now = OffsetDateTime::now_utc();
        let authorities = Authorities::load(&zone.paths, now).expect("its CAs");
        verify_answer(
            &zone.config,
            &authorities,
            zone.node(node).expect("a node"),
            value.trim().as_bytes(),
            now,
        )
    }

    #[track_caller]
    fn answer(&self, node: &str) -> NodeAnswer {
        self.judged(node).expect("an answer of the node")
    }

    /// The number of the bundle in use.
    #[track_caller]
    fn in_use(&self, node: &str) -> u64 {
        let manifest = self.directory(node).join("pki/current/manifest.json");
        let text = fs::read_to_string(manifest).expect("a manifest");
        let manifest: Value = serde_json::from_str(&text).expect("JSON");
        manifest["sequence"].as_u64().expect("a number")
    }
}
