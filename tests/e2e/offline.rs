//! A zone whose machines have never met: three bundles are made in one place and carried over, and no CA key
//! is on any machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::isolation::isolated;
use crate::harness::members::{call, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;
use crate::harness::{Outcome, TestZone, bundle, outcome, zone_etcd};

const NODES: [(&str, &str); 3] = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];

/// The signing host, which is on no network, and the machines.
struct Offline {
    zone: TestZone,
    network: Network,
}

impl Offline {
    fn new() -> Self {
        let network = Network::new(&NODES);
        let nodes = NODES.map(|(name, address)| format!("{name}={address}"));
        let zone = TestZone::init("example.com", &nodes.each_ref().map(String::as_str));
        Self { zone, network }
    }

    /// Makes a bundle, and carries it to its machine.
    fn bundle(&self, node: &str) -> PathBuf {
        let out = self.zone.around().join("carried");
        let mut command = self.zone.command(&["bundle", node, "--no-encryption"]);
        outcome(command.arg("--out").arg(&out)).expect_code(0);
        out.join(format!("{node}.bundle"))
    }

    fn directory(&self, node: &str) -> PathBuf {
        self.zone.around().join("machines").join(node)
    }

    /// Activates a bundle on its machine, whose address says which node it is.
    fn activate(&self, node: &str, file: &Path, directory: &Path) {
        self.activation(node, file, directory).expect_code(0);
    }

    /// Activates a bundle on any machine.
    fn activation(&self, machine: &str, file: &Path, directory: &Path) -> Outcome {
        outcome(self.network.on(machine, &self.command(file, directory)).stdin(Stdio::null()))
    }

    fn command(&self, file: &Path, directory: &Path) -> Command {
        let fingerprint = self.zone.root_fingerprint();
        let mut command = zone_etcd(["activate"]);
        command.arg(file).args(["--root-fingerprint", &fingerprint, "--node-dir"]).arg(directory);
        command
    }

    fn run_command(&self, node: &str, directory: &Path) -> Command {
        let parent = std::process::id().to_string();
        let mut command = zone_etcd(["run", "--end-with-parent", &parent, "--config"]);
        command.arg(directory.join("node.json"));
        self.network.on(node, &command)
    }

    fn start(&self, node: &str, directory: &Path) -> Running {
        Running::start(&mut self.run_command(node, directory), self.zone.around(), node)
    }

    /// etcdctl on a machine, with the certificate of its node.
    fn etcdctl(&self, node: &str, directory: &Path) -> Command {
        let address = NODES.iter().find(|(name, _)| *name == node).expect("a node").1;
        let file = |name: &str| directory.join("pki/current").join(name);
        let mut command = Command::new(bundle("3.7.3").join("etcdctl"));
        command.args(["--endpoints", &format!("https://{address}:2379"), "--cacert"]).arg(file("ca.crt"));
        command.arg("--cert").arg(file("client.crt")).arg("--key").arg(file("client.key"));
        command.args(["--dial-timeout", "2s", "--command-timeout", "2s"]);
        self.network.on(node, &command)
    }
}

#[test]
fn three_bundles_are_one_cluster() {
    isolated(|| {
        let offline = Offline::new();
        for (node, _) in NODES {
            offline.activate(node, &offline.bundle(node), &offline.directory(node));
        }
        let machines = offline.zone.around().join("machines");
        assert_no_authority_key(&machines);

        // The first is started long before the others, and says for whom it waits.
        let mut first = offline.start("infra0", &offline.directory("infra0"));
        first.wait_for_line(&[
            "infra0 waits for infra1 (not there",
            "infra2 (not there",
            "have to be there to bootstrap",
        ]);
        assert!(first.is_alive(), "it waits");
        // Nothing is wrong with the one that waits, and the others see it.
        let status =
            outcome(&mut offline.network.on("infra0", &offline.zone.command(&["status"]))).expect_code(69);
        assert!(status.stdout.contains("infra1 is down: nothing listens"), "{}", status.stdout);
        let mut plan = zone_etcd(["plan", "--config"]);
        plan.arg(offline.directory("infra1").join("node.json"));
        let plan = outcome(&mut offline.network.on("infra1", &plan)).expect_code(0);
        assert!(plan.stdout.contains("is about to start"), "{}", plan.stdout);
        let mut members = vec![first];
        for node in ["infra1", "infra2"] {
            members.push(offline.start(node, &offline.directory(node)));
        }
        let clients = NODES.map(|(node, _)| offline.etcdctl(node, &offline.directory(node)));
        clients.iter().for_each(wait_for_quorum);
        call(&clients[0], &["put", "written", "on infra0"]).expect_code(0);
        for client in &clients {
            let read = call(client, &["get", "written", "--print-value-only"]).expect_code(0);
            assert_eq!(read.stdout.trim(), "on infra0");
        }
        let listed = call(&clients[2], &["member", "list"]).expect_code(0).stdout;
        assert_eq!(listed.lines().filter(|line| line.contains("started")).count(), 3, "{listed}");
        assert_no_authority_key(&machines);
    });
}

/// The machine has lost its disk, and comes up before any other. Its first bundle is used up, so what it gets
/// is a later one.
#[test]
fn a_rebuilt_machine_founds_no_second_cluster() {
    isolated(|| {
        let offline = Offline::new();
        for (node, _) in NODES {
            offline.activate(node, &offline.bundle(node), &offline.directory(node));
        }
        let mut members: Vec<Running> =
            NODES.iter().map(|(node, _)| offline.start(node, &offline.directory(node))).collect();
        wait_for_quorum(&offline.etcdctl("infra1", &offline.directory("infra1")));
        for member in &mut members {
            member.stop();
        }

        let rebuilt = offline.zone.around().join("rebuilt");
        fs::remove_file(offline.zone.around().join("carried/infra0.bundle")).expect("the first bundle");
        offline.activate("infra0", &offline.bundle("infra0"), &rebuilt);
        let alone = outcome(&mut offline.run_command("infra0", &rebuilt));
        assert_ne!(alone.code, 0, "{}", alone.stderr);
        assert!(alone.stderr.contains("may only join"), "{}", alone.stderr);
        assert!(!rebuilt.join("data/member").exists(), "it has no data");

        // The others still are the cluster that they were.
        let _members: Vec<Running> =
            NODES[1..].iter().map(|(node, _)| offline.start(node, &offline.directory(node))).collect();
        wait_for_quorum(&offline.etcdctl("infra1", &offline.directory("infra1")));
        let again = outcome(&mut offline.run_command("infra0", &rebuilt));
        assert_ne!(again.code, 0, "the cluster knows it as a member that has voted: {}", again.stderr);
    });
}

/// Two machines with one bundle would be one member with two votes.
#[test]
fn a_bundle_on_the_wrong_machine_is_refused() {
    isolated(|| {
        let offline = Offline::new();
        let (file, directory) = (offline.bundle("infra0"), offline.directory("infra1"));
        let texts = ["this seems to be another machine", "the address 10.0.1.11 of infra1", "--node infra0"];
        offline.activation("infra1", &file, &directory).expect_code(65).expect_error_with(&texts);
        assert!(!directory.join("pki/current").exists(), "nothing is in use");

        // The name of the machine tells as well.
        let mut command = Command::new("unshare");
        command.args(["--uts", "sh", "-c", "hostname infra2 && exec \"$@\"", "sh"]);
        let here = offline.command(&file, &offline.directory("infra0"));
        command.arg(here.get_program()).args(here.get_args());
        outcome(offline.network.on("infra0", &command).stdin(Stdio::null()))
            .expect_code(65)
            .expect_error_with(&["called infra2, as infra2.example.com is"]);
        offline.activate("infra0", &file, &offline.directory("infra0"));
    });
}

/// No key below a directory belongs to an authority: every one lies beside the certificate of a leaf, but for
/// what bundles are sealed to.
fn assert_no_authority_key(directory: &Path) {
    let mut found = 0;
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for path in fs::read_dir(directory).expect("a directory").flatten().map(|entry| entry.path()) {
            if path.is_dir() && !path.is_symlink() {
                left.push(path);
            } else if path.ends_with("delivery.key") {
                let text = fs::read_to_string(&path).expect("a key");
                assert!(text.contains("AGE-SECRET-KEY-1") && !text.contains("PRIVATE KEY"), "{text}");
            } else if path.extension().is_some_and(|end| end == "key") {
                let chain = fs::read(path.with_extension("crt")).expect("a certificate beside the key");
                let leaf = zone_pki::Certificate::from_pem(&chain).expect("a certificate");
                assert!(!leaf.is_authority(), "{}", path.display());
                found += 1;
            }
        }
    }
    assert_eq!(found, 12, "four keys on each machine");
}
