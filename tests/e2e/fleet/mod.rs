//! Three members and nodes without one, each on a machine of its own, that take what the zone's etcd has for
//! them. Nothing leads from the signing host to a node.

mod faults;
mod moved;
mod renewal;
mod rotation;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::elsewhere::INFRA;
use crate::harness::members::{etcdctl, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::processes::{Running, until};
use crate::harness::supervised::Supervised;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

const CLIENTS: [(&str, &str); 5] =
    [("c1", "10.0.1.21"), ("c2", "10.0.1.22"), ("c3", "10.0.1.23"), ("c4", "10.0.1.24"), ("c5", "10.0.1.25")];
const SIGNING_HOST: &str = "10.0.1.1";

/// The machines, and the signing host, which is this process.
struct Fleet {
    network: Network,
    zone: TestZone,
    members: Vec<Supervised>,
    watching: Vec<(&'static str, Running)>,
}

impl Fleet {
    /// Every node has its first bundle from a file, and every member runs; none asks for more yet.
    #[track_caller]
    fn new() -> Self {
        let machines: Vec<(&str, &str)> = INFRA.into_iter().chain(CLIENTS).collect();
        let network = Network::new(&machines);
        network.add_own_address(SIGNING_HOST);
        let mut text = "[zone]\nname = \"example.zone\"\n\n[access]\nmethod = \"etcd\"\n".to_owned();
        for (name, address) in &machines {
            let is_member = INFRA.iter().any(|(member, _)| member == name);
            text += &format!("\n[[node]]\nname = \"{name}\"\naddress = \"{address}\"\n");
            text += &format!("member = {is_member}\n");
        }
        let zone = TestZone::described(&text);
        zone.run(&["init"]).expect_code(0);
        let out = zone.around().join("first");
        outcome(zone.command(&["bundle", "--no-encryption"]).arg("--out").arg(&out)).expect_code(0);
        let mut fleet = Self { network, zone, members: Vec::new(), watching: Vec::new() };
        for (name, _) in &machines {
            let bundle = out.join(format!("{name}.bundle"));
            fleet.zone.activate(&bundle, &fleet.directory(name));
            fs::remove_file(bundle).expect("a bundle that is in use");
        }
        let start = |(name, _): &(&str, &str)| {
            let command = fleet.on(name, "run", &["--end-with-parent", &std::process::id().to_string()]);
            Supervised::start(command, fleet.zone.around().to_owned(), name)
        };
        fleet.members = INFRA.iter().map(start).collect();
        wait_for_quorum(&etcdctl(&fleet.zone, "https://10.0.1.10:2379"));
        fleet
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.zone.around().join("nodes").join(name)
    }

    /// A command on the machine of a node.
    fn on(&self, name: &str, command: &str, options: &[&str]) -> Command {
        let mut ours = zone_etcd([command]);
        ours.args(options).arg("--config").arg(self.directory(name).join("node.json"));
        self.network.on(name, &ours)
    }

    #[track_caller]
    fn sync(&self, name: &str) -> Outcome {
        outcome(&mut self.on(name, "sync", &[]))
    }

    /// Has these nodes take what comes, as it comes.
    fn watch(&mut self, names: &[&'static str]) {
        for name in names {
            let mut command = self.on(name, "sync", &["--watch"]);
            let running = Running::start(&mut command, self.zone.around(), &format!("sync-{name}"));
            self.watching.push((name, running));
        }
    }

    fn watch_all(&mut self) {
        let names: Vec<&str> = INFRA.iter().chain(&CLIENTS).map(|(name, _)| *name).collect();
        self.watch(&names);
        until("the first answer of every node", || {
            let answers = self.etcdctl(&["get", "--prefix", "--keys-only", "/zone-etcd/answer/"]).stdout;
            (answers.matches("/zone-etcd/answer/").count() == names.len()).then_some(())
        });
    }

    /// Ends what watches on a node, as a machine that is switched off.
    fn switch_off(&mut self, name: &str) {
        let index = self.watching.iter().position(|(watching, _)| *watching == name).expect("it watches");
        let (_, mut running) = self.watching.remove(index);
        running.signal(Signal::SIGKILL);
        running.end();
    }

    /// What a node has in use.
    fn certificate(&self, name: &str) -> Vec<u8> {
        fs::read(self.directory(name).join("pki/current/client.crt")).expect("its certificate")
    }

    /// The keys below the prefix of a node, and what they have; `head` is the last.
    #[track_caller]
    fn deliveries(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        let prefix = format!("/zone-etcd/delivery/{name}.example.zone/");
        let told = self.etcdctl(&["get", "--prefix", &prefix, "-w", "json"]);
        let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
        let decode = |text: &Value| STANDARD.decode(text.as_str().expect("base64")).expect("base64");
        let pair =
            |pair: &Value| (String::from_utf8(decode(&pair["key"])).expect("a key"), decode(&pair["value"]));
        told["kvs"].as_array().map(|pairs| pairs.iter().map(pair).collect()).unwrap_or_default()
    }

    /// etcdctl as the administrator.
    #[track_caller]
    fn etcdctl(&self, arguments: &[&str]) -> Outcome {
        outcome(self.zone.command(&["ctl"]).arg("--").args(arguments)).expect_code(0)
    }

    /// Writes a key as a client that may write all of them.
    #[track_caller]
    fn put_bytes(&self, key: &str, value: &[u8]) {
        let mut put = self.zone.command(&["ctl"]);
        let mut put = put.args(["--", "put", key]).stdin(Stdio::piped()).spawn().expect("it runs");
        put.stdin.take().expect("its input").write_all(value).expect("it reads");
        assert!(put.wait().expect("it ends").success());
    }

    /// Whether a client can write with what a node has.
    #[track_caller]
    fn put(&self, name: &str, key: &str) -> Outcome {
        let current = self.directory(name).join("pki/current");
        let mut etcdctl = Command::new(crate::harness::bundle("3.7.3").join("etcdctl"));
        etcdctl.args(["--endpoints", "https://10.0.1.10:2379,https://10.0.1.11:2379,https://10.0.1.12:2379"]);
        etcdctl.arg("--cacert").arg(current.join("ca.crt")).arg("--cert").arg(current.join("client.crt"));
        etcdctl.arg("--key").arg(current.join("client.key")).args(["put", key, name]);
        outcome(&mut self.network.on(name, &etcdctl))
    }
}

/// What `pki renew` tells of each holder that is named.
#[track_caller]
fn served(told: &Outcome, holder: &str) -> Vec<String> {
    let rows: Vec<Value> = serde_json::from_str(&told.stdout).expect("JSON");
    let rows = rows.iter().filter(|row| row["holder"] == holder);
    rows.map(|row| row["served"].as_str().expect("a text").to_owned()).collect()
}
