//! What the program writes, as a layer over the whole file system sees it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::isolation::isolated;
use crate::harness::processes::Running;
use crate::harness::{Outcome, bundle, outcome, program};

/// The root of this machine below a layer that takes every write, with the program installed in it.
const MAKE: &str = r#"
layers=$1 program=$2 libexec=$3
mount -t tmpfs -o mode=755 tmpfs "$layers"
cd "$layers"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" root
cd root
mkdir -p installed/bin installed/libexec/zone-etcd srv
mount --bind "$program" installed/bin
mount --bind "$libexec" installed/libexec/zone-etcd
mount --rbind /dev dev
mount -t proc proc proc
"#;

const NAMED: [&str; 4] = ["installed", "srv/zone", "srv/out", "var/lib/zone-etcd"];

struct Machine {
    layers: TempDir,
}

impl Machine {
    fn new() -> Self {
        let layers = tempfile::tempdir().expect("a directory");
        let libexec = bundle("3.7.3").parent().expect("the bundles").to_owned();
        let mut make = Command::new("sh");
        make.args(["-euc", MAKE, "sh"]).arg(layers.path());
        make.arg(program().parent().expect("a directory")).arg(libexec);
        outcome(&mut make).expect_code(0);
        Self { layers }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("chroot");
        command.arg(self.layers.path().join("root")).arg("/installed/bin/zone-etcd").args(words);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .env("NO_COLOR", "1");
        command
    }

    #[track_caller]
    fn run(&self, words: &[&str]) -> Outcome {
        outcome(&mut self.command(words)).expect_code(0)
    }

    /// What was made, changed or taken away, but for directories on the way to it.
    fn written(&self) -> Vec<PathBuf> {
        let upper = self.layers.path().join("upper");
        let mut found = Vec::new();
        let mut next = vec![upper.clone()];
        while let Some(directory) = next.pop() {
            for entry in fs::read_dir(&directory).expect("a directory").map(|entry| entry.expect("an entry"))
            {
                let path = entry.path();
                let place = path.strip_prefix(&upper).expect("below it").to_owned();
                let is_directory = entry.file_type().expect("a kind").is_dir();
                if is_directory {
                    next.push(path);
                }
                if !(is_directory && Path::new("/").join(&place).is_dir()) {
                    found.push(place);
                }
            }
        }
        found
    }
}

#[test]
fn nothing_is_written_elsewhere() {
    isolated(|| {
        let machine = Machine::new();
        let in_zone = |words: &[&str]| {
            outcome(machine.command(words).env("ZONE_ETCD_ZONE", "/srv/zone")).expect_code(0)
        };
        in_zone(&["init", "--name", "example.zone", "--node", "node1=127.0.0.1"]);
        in_zone(&["plan", "--node", "node1"]);
        in_zone(&["pki", "issue", "--client", "reader"]);
        let made = in_zone(&["bundle", "--no-encryption", "--out", "/srv/out", "--format", "json"]);
        let made: Value = serde_json::from_str(&made.stdout).expect("JSON");
        let root = made["signer_sha256"].as_str().expect("a fingerprint");
        machine.run(&["activate", "/srv/out/node1.bundle", "--node", "node1", "--root-fingerprint", root]);
        let config = "/var/lib/zone-etcd/node.json";
        let mut member = Running::start(
            &mut machine.command(&["run", "--config", config]),
            machine.layers.path(),
            "member",
        );
        member.wait_for_line(&["serving client traffic securely"]);
        in_zone(&["status"]);
        in_zone(&["ctl", "--", "put", "greeting", "hello"]);
        machine.run(&["check", "--config", config]);
        in_zone(&["snapshot", "save", "--to", "/srv/out/snapshots"]);
        // The member has the list once a bundle has brought it.
        let mut revoke = machine.command(&["pki", "revoke", "client/reader", "--zone", "/srv/zone"]);
        outcome(&mut revoke).expect_code(65);
        member.signal(Signal::SIGTERM);
        member.end();
        machine.run(&["dev", "--nodes", "1", "--", "true"]);

        let elsewhere: Vec<PathBuf> = machine.written();
        assert!(elsewhere.iter().any(|path| path.starts_with("srv/zone/ca")), "{elsewhere:?}");
        let is_named = |path: &PathBuf| NAMED.iter().any(|named| path.starts_with(named));
        let elsewhere: Vec<&PathBuf> = elsewhere.iter().filter(|path| !is_named(path)).collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
    });
}
