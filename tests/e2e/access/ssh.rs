//! Three machines, each with an OpenSSH server and a member, and the signing host beside them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{generation, served};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::openssh::OpenSsh;
use crate::harness::processes::{Running, processes_named, until};
use crate::harness::programs::write_program;
use crate::harness::{Outcome, TestZone, bundle, outcome, program, zone_etcd};

const NODES: [(&str, &str); 3] = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", "10.0.1.12")];
const SIGNING: (&str, &str) = ("signing", "10.0.1.2");

struct Machines {
    zone: TestZone,
    network: Network,
    ssh: OpenSsh,
    servers: Vec<Running>,
}

impl Machines {
    /// None where no server could become another user. On infra2 the key of the signing host may run what
    /// `packaging/ssh/zone-etcd-only` lets it.
    fn new() -> Option<Self> {
        let network = Network::new(&[NODES[0], NODES[1], NODES[2], SIGNING]);
        let zone = TestZone::init(
            "example.com",
            &NODES.map(|(name, at)| format!("{name}={at}")).each_ref().map(String::as_str),
        );
        let ssh = OpenSsh::new(&zone.around().join("ssh"))?;
        let only = zone.around().join("only");
        let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/ssh/zone-etcd-only");
        let text = std::fs::read_to_string(packaged).expect("the script");
        write_program(
            &only,
            text.replace("/usr/local/bin/zone-etcd\n", &format!("{}\n", program().display())),
        );
        let root =
            zone_pki::Certificate::from_pem(&std::fs::read(zone.file("ca/root.crt")).expect("the root"));
        let fingerprint = zone_pki::hex::encode(&root.expect("the root").fingerprint_sha256());
        let only = format!("{} {fingerprint} {}", only.display(), zone.around().join("infra2").display());
        let programs = program().parent().expect("a directory").to_owned();
        let start = |machine: (&str, &str)| {
            ssh.serve(&network, machine, &programs, (machine.0 == "infra2").then_some(only.as_str()))
        };
        let servers = NODES.into_iter().map(start).collect();
        let places = zone.around().display().to_string();
        let command = format!("{} root@{{address}} zone-etcd", ssh.client());
        let access = format!(
            "\n[access]\ncommand = \"{command}\"\nnode_dir = \"{places}/{{name}}\"\nlimit = \"20s\"\n"
        );
        let path = zone.file("zone.toml");
        let text = std::fs::read_to_string(&path).expect("zone.toml") + &access;
        std::fs::write(&path, text).expect("zone.toml");
        Some(Self { zone, network, ssh, servers })
    }

    fn directory(&self, node: &str) -> PathBuf {
        self.zone.around().join(node)
    }

    fn desk(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.network.on(SIGNING.0, &self.zone.command(arguments)))
    }

    fn start(&self, node: &str) -> Running {
        let mut command =
            zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
        command.arg(self.directory(node).join("node.json"));
        Running::start(&mut self.network.on(node, &command), self.zone.around(), node)
    }

    fn etcdctl(&self) -> Command {
        let mut command = Command::new(bundle("3.7.3").join("etcdctl"));
        command.args(["--endpoints", "https://10.0.1.11:2379", "--command-timeout", "2s", "--cacert"]);
        let admin = self.zone.file("clients/admin/current");
        command.arg(admin.join("ca.crt")).arg("--cert").arg(admin.join("client.crt"));
        command.arg("--key").arg(admin.join("client.key"));
        self.network.on(SIGNING.0, &command)
    }
}

#[test]
fn members_are_renewed_while_they_run() {
    isolated(|| {
        let Some(mut machines) = Machines::new() else { return };
        let told = machines.desk(&["pki", "renew", "--all", "--format", "json"]).expect_code(0);
        for (node, _) in NODES {
            assert_eq!(served(&told, node), ["delivered"; 4], "{node}");
            assert!(!machines.directory(node).join("ca").exists());
        }
        let mut members: Vec<Running> = NODES.iter().map(|(node, _)| machines.start(node)).collect();
        wait_for_quorum(&machines.etcdctl());
        let pids: Vec<u32> = members.iter().map(Running::pid).collect();
        until("members that all answer", || (machines.desk(&["status"]).code == 0).then_some(()));

        let told = machines.desk(&["pki", "renew", "--all", "--format", "json"]).expect_code(0);
        NODES.iter().for_each(|(node, _)| assert_eq!(served(&told, node), ["proved"; 4], "{node}"));
        call(&machines.etcdctl(), &["put", "a", "b"]).expect_code(0);
        assert!(members.iter_mut().all(Running::is_alive));
        assert_eq!(members.iter().map(Running::pid).collect::<Vec<_>>(), pids);
        assert_eq!(generation(&machines.directory("infra1").join("pki")), "gen-2");

        machines.desk(&["pki", "issue", "--client", "app"]).expect_code(0);
        let revoked = machines.desk(&["pki", "revoke", "client/app"]).expect_code(0);
        assert!(revoked.stdout.contains("refused by infra0, infra1, infra2"), "{}", revoked.stdout);

        // The machine runs, and its server does not: the others are renewed all the same.
        machines.servers[0].stop();
        let before = generation(&machines.zone.file("nodes/infra0/pki"));
        let told = machines.desk(&["pki", "renew", "infra0", "infra1", "--format", "json"]).expect_code(69);
        assert_eq!(served(&told, "infra1"), ["proved"; 4]);
        let told =
            told.expect_error_with(&["error: infra0 is not reached", "Connection refused", "--version"]);
        assert!(!told.stderr.contains("infra1 is not"), "{}", told.stderr);
        assert_eq!(generation(&machines.zone.file("nodes/infra0/pki")), before);
        assert_eq!(processes_named("ssh"), Vec::<u32>::new(), "no connection is left");
    });
}

/// The key that may run `zone-etcd` alone runs nothing else, and nothing of a shell.
#[test]
fn the_restricted_key_does_what_is_needed_and_no_more() {
    isolated(|| {
        let Some(machines) = Machines::new() else { return };
        let try_it = |words: &[&str]| {
            let client = machines.ssh.client();
            let mut client = client.split(' ');
            let mut command = Command::new(client.next().expect("a program"));
            command.args(client).arg("root@10.0.1.12").args(words);
            outcome(&mut machines.network.on(SIGNING.0, &command))
        };
        assert!(try_it(&["zone-etcd", "--version"]).expect_code(0).stdout.starts_with("zone-etcd "));
        for words in [
            &["id"][..],
            &["zone-etcd", "run"],
            &["zone-etcd", "activate", "-;", "id"],
            &["zone-etcd", "activate", "-", "$(id)"],
            &["zone-etcd", "activate", "*"],
            &["zone-etcd", "pki", "renew", "--all"],
            &["zone-etcd", "activate", "-", "--node-dir", "/root/.local"],
            &[],
        ] {
            let told = try_it(words).expect_code(77);
            assert_eq!(told.stdout, "", "{words:?}");
        }
        // What it may not do is told as any refusal of a node.
        let path = machines.zone.file("zone.toml");
        let text = std::fs::read_to_string(&path).expect("zone.toml");
        std::fs::write(&path, text.replace("} zone-etcd\"", "} zone-etcd run\"")).expect("zone.toml");
        machines
            .desk(&["pki", "renew", "infra2"])
            .expect_code(77)
            .expect_error_with(&["infra2: this key may not run that here"]);
    });
}
