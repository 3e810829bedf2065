//! Nodes without a list, which find the members of their zone by DNS, by a registry or by the zone document.

mod by_dns;
mod by_registry;
mod by_zone_document;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::elsewhere::Elsewhere;
use crate::harness::members::wait_for_quorum;
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;
use crate::harness::{Outcome, bundle, outcome, zone_etcd};

/// The machines of a test, each with a local config that says nothing of the others.
pub struct Machines {
    pub network: Network,
    pub made: Elsewhere,
    around: tempfile::TempDir,
    machines: Vec<(&'static str, &'static str)>,
}

impl Machines {
    /// With certificates of one CA, and one for a client.
    #[track_caller]
    pub fn new(machines: &[(&'static str, &'static str)]) -> Self {
        let around = tempfile::tempdir().expect("a temporary directory");
        let network = Network::new(machines);
        let made = Elsewhere::new(&around.path().join("made"));
        made.authority("ca").client("client", "ca");
        let machines = Self { network, made, around, machines: machines.to_vec() };
        for (name, address) in &machines.machines {
            let full = format!("{name}.example.zone");
            machines.made.leaf(name, "ca", &format!("DNS:{full},IP:{address},IP:127.0.0.1"));
            outcome(Command::new("mkdir").args(["-m", "700"]).arg(machines.directory(name))).expect_code(0);
            let file = |file: &str| machines.made.directory.join(file).display().to_string();
            let text = format!(
                r#"{{"name": "{full}", "ca": "{}", "cert": "{}", "key": "{}"}}"#,
                file("ca.crt"),
                file(&format!("{name}.crt")),
                file(&format!("{name}.key"))
            );
            fs::write(machines.directory(name).join("node.json"), text).expect("node.json");
        }
        machines
    }

    pub fn directory(&self, name: &str) -> PathBuf {
        self.around.path().join(name)
    }

    #[track_caller]
    pub fn boot_config(&self, name: &str, text: &str) {
        fs::write(self.directory(name).join("boot.toml"), text).expect("boot.toml");
    }

    /// A command on the machine of a node, with its local config.
    pub fn command(&self, name: &str, command: &str) -> Command {
        let mut ours = zone_etcd([command, "--config"]);
        ours.arg(self.directory(name).join("node.json"));
        self.network.on(name, &ours)
    }

    #[track_caller]
    pub fn call(&self, name: &str, command: &str) -> Outcome {
        outcome(&mut self.command(name, command))
    }

    #[track_caller]
    pub fn plan(&self, name: &str, version: &str) -> Outcome {
        outcome(self.command(name, "plan").arg("--etcd").arg(bundle(version).join("etcd")))
    }

    #[track_caller]
    pub fn run(&self, name: &str, version: &str) -> Running {
        self.run_with(name, version, &[])
    }

    #[track_caller]
    pub fn run_with(&self, name: &str, version: &str, flags: &[&str]) -> Running {
        let mut command = self.command(name, "run");
        command.arg("--etcd").arg(bundle(version).join("etcd")).args(flags);
        Running::start(&mut command, self.around.path(), name)
    }

    /// A bare etcd of this name and address, with these flags beside those that every one has.
    #[track_caller]
    pub fn bare(&self, name: &str, version: &str, flags: &[String]) -> Running {
        let (_, address) = self.machines.iter().find(|(known, _)| *known == name).expect("a machine");
        let file = |file: &str| self.made.directory.join(file).display().to_string();
        let mut etcd = Command::new(bundle(version).join("etcd"));
        etcd.args(["--name", name, "--data-dir"]).arg(self.directory(name).join("data"));
        etcd.args(
            ["listen-client-urls", "advertise-client-urls"]
                .map(|flag| format!("--{flag}=https://{address}:2379")),
        );
        etcd.arg(format!("--listen-peer-urls=https://{address}:2380"));
        for plane in ["", "peer-"] {
            etcd.arg(format!("--{plane}trusted-ca-file={}", file("ca.crt")));
            etcd.arg(format!("--{plane}cert-file={}", file(&format!("{name}.crt"))));
            etcd.arg(format!("--{plane}key-file={}", file(&format!("{name}.key"))));
            etcd.arg(format!("--{plane}client-cert-auth"));
        }
        etcd.args(flags);
        Running::start(&mut self.network.on(name, &etcd), self.around.path(), &format!("bare-{name}"))
    }

    /// A client of one member, on its machine.
    pub fn client(&self, name: &str) -> Command {
        let (_, address) = self.machines.iter().find(|(known, _)| *known == name).expect("a machine");
        let file = |file: &str| self.made.directory.join(file).display().to_string();
        let mut etcdctl = Command::new(bundle("3.7.3").join("etcdctl"));
        etcdctl.arg(format!("--endpoints=https://{address}:2379"));
        etcdctl.args(["--dial-timeout=2s", "--command-timeout=2s"]);
        etcdctl.arg(format!("--cacert={}", file("ca.crt")));
        etcdctl.arg(format!("--cert={}", file("client.crt"))).arg(format!("--key={}", file("client.key")));
        self.network.on(name, &etcdctl)
    }

    /// Each of them answers through a quorum.
    #[track_caller]
    pub fn wait_for_all(&self, names: &[&str]) {
        names.iter().for_each(|name| wait_for_quorum(&self.client(name)));
    }

    pub fn around(&self) -> &Path {
        self.around.path()
    }
}
