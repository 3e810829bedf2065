//! `status --nodes` and `doctor`, by what nodes have signed and others have written in the zone's etcd.

mod hostile;
mod states;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use live::{Credentials, on_runtime};
use model::formats::{NodeAnswer, SignedAnswer};
use serde_json::Value;
use time::OffsetDateTime;
use zone_pki::{Certificate, PrivateKey};

use crate::harness::members::{loopback_zone, start_alone};
use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

const ENDPOINT: &str = "https://127.0.0.1:2379";

/// The certificate and key with which a node signs.
type Keys = (Certificate, PrivateKey);

/// A zone with one member, which runs from the zone directory, and nodes that etcd has bundles for: `c1`,
/// `c2`, … Each was given its first bundle as a file.
pub struct Nodes {
    pub zone: TestZone,
    _member: Running,
    keys: BTreeMap<String, Keys>,
}

impl Nodes {
    #[track_caller]
    pub fn new(count: usize) -> Self {
        let node = |number: usize| {
            let (name, address) = (format!("c{number}"), format!("10.7.{}.{}", number / 250, number % 250));
            format!("[[node]]\nname = \"{name}\"\naddress = \"{address}\"\nmember = false\n")
        };
        let nodes: String = (1..=count).map(node).collect();
        let zone = loopback_zone(1, &format!("{nodes}[access]\nmethod = \"etcd\"\n"));
        zone.run(&["init"]).expect_code(0);
        let member = start_alone(&zone);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let names: Vec<String> = (1..=count).map(|number| format!("c{number}")).collect();
        let out = format!("--out={}", zone.around().join("first").display());
        let mut bundle = zone.command(&["bundle", "--no-encryption", &out]);
        outcome(bundle.args(&names)).expect_code(0);
        let keys = names.iter().map(|name| (name.clone(), keys_of(&zone, name))).collect();
        Self { zone, _member: member, keys }
    }

    /// Gives a node its first bundle, in a directory of its own on this machine.
    #[track_caller]
    pub fn activate(&self, name: &str, directory: &Path) {
        let bundle = self.zone.around().join(format!("first/{name}.bundle"));
        let root = self.zone.root_fingerprint();
        let mut activate = zone_etcd(["activate", "--node", name, "--root-fingerprint", &root, "--node-dir"]);
        outcome(activate.arg(directory).arg(bundle)).expect_code(0);
    }

    /// Makes another bundle for a node, with other certificates: it has to catch up.
    #[track_caller]
    fn renew(&self, name: &str) {
        let out = format!("--out={}", self.zone.around().join(format!("out-{name}")).display());
        let told = self.zone.run(&["pki", "renew", name, "--no-encryption", &out]);
        assert!([0, 75].contains(&told.code), "{told:?}");
        assert_eq!(self.recorded(name).0, 2, "{told:?}");
    }

    /// The number of the latest bundle, and the digest of its manifest.
    #[track_caller]
    fn recorded(&self, name: &str) -> (u64, String) {
        let text = fs::read_to_string(self.zone.file("bundles.jsonl")).expect("the log");
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut of_node = records.filter(|record| record["node"] == full(name));
        let last = of_node.next_back().expect("a bundle");
        let digest = last["manifest_sha256"].as_str().expect("a digest").to_owned();
        (last["sequence"].as_u64().expect("a number"), digest)
    }

    /// What a node says that has its latest bundle in use.
    #[track_caller]
    pub fn up_to_date(&self, name: &str) -> NodeAnswer {
        let (sequence, digest) = self.recorded(name);
        let at = OffsetDateTime::now_utc();
        let mut answer = NodeAnswer::new(("example.zone", &full(name)), at, (sequence, &digest, "g"));
        answer.expires_at = Some(at + time::Duration::days(300));
        answer.next_sync_at = Some(at + time::Duration::minutes(20));
        answer
    }

    /// Signs what a node says, with the certificate of its first bundle.
    pub fn signed(&self, name: &str, answer: &NodeAnswer) -> Vec<u8> {
        let (certificate, key) = &self.keys[name];
        SignedAnswer::sign(answer, certificate, key).expect("a signature").encode().expect("JSON")
    }

    /// Has a node say something.
    #[track_caller]
    pub fn say(&self, name: &str, change: impl FnOnce(&mut NodeAnswer)) {
        let mut answer = self.up_to_date(name);
        change(&mut answer);
        self.put(&answer_key(name), &self.signed(name, &answer));
    }

    #[track_caller]
    pub fn put(&self, key: &str, value: &[u8]) {
        self.put_all(&[(key.as_bytes().to_vec(), value.to_vec())]);
    }

    /// Writes to etcd, as any client may.
    #[track_caller]
    fn put_all(&self, pairs: &[(Vec<u8>, Vec<u8>)]) {
        let credentials = Credentials::load(&self.zone.file("clients/admin/current")).expect("admin's");
        on_runtime(async {
            let client = credentials.connect(ENDPOINT, Duration::from_secs(20)).expect("a client");
            for pairs in pairs.chunks(100) {
                let put = client.change_if_unchanged((b"never there", 0), pairs, &[]).await;
                put.expect("an answer").expect("they are written");
            }
        })
        .expect("a runtime");
    }

    #[track_caller]
    fn status(&self, code: i32) -> Value {
        let told = self.zone.run(&["status", "--nodes", "-o", "json"]).expect_code(code);
        serde_json::from_str(&told.stdout).expect("JSON")
    }

    /// What is said of a node.
    #[track_caller]
    fn seen(&self, name: &str) -> Value {
        let told = self.zone.run(&["status", "--nodes", "-o", "json"]);
        let told: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
        row(&told, name)
    }

    fn text(&self) -> Outcome {
        self.zone.run(&["status", "--nodes"])
    }
}

#[track_caller]
fn row(told: &Value, name: &str) -> Value {
    let rows = told["nodes"].as_array().expect("nodes");
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {told:#}")).clone()
}

fn full(name: &str) -> String {
    format!("{name}.example.zone")
}

pub fn answer_key(name: &str) -> String {
    format!("/zone-etcd/answer/{}", full(name))
}

#[track_caller]
fn keys_of(zone: &TestZone, name: &str) -> Keys {
    let file = |end: &str| {
        fs::read(zone.file(&format!("nodes/{name}/pki/current/client.{end}"))).expect("a certificate")
    };
    let certificate = Certificate::from_pem(&file("crt")).expect("a certificate");
    (certificate, PrivateKey::from_pem(&file("key")).expect("a key"))
}
