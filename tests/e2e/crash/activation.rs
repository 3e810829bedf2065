//! `activate` and `activate --rollback`: what is in use is the old generation or the new one, whole, and the
//! same command finishes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{copy, spread};
use super::invariants::{Picture, assert_no_abandoned_keys};
use super::strace::{kill_at, steps_of};
use super::tally::Tally;
use crate::harness::isolation::isolated;
use crate::harness::members::loopback_text;
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

#[test]
fn a_first_bundle() {
    isolated(|| {
        let node = Node::new("activate (first bundle)", &["--no-encryption"]);
        node.for_each_step(&node.activate(), finishes);
    });
}

#[test]
fn a_bundle_with_programs() {
    isolated(|| {
        let node = Node::new("activate (with programs)", &["--no-encryption", "--with-binaries"]);
        node.for_each_step(&node.activate(), |again, when| {
            finishes(again, when);
            for program in ["bin/zone-etcd", "libexec/zone-etcd"] {
                assert!(node.directory.join(program).exists(), "{when}: no {program}");
            }
        });
    });
}

#[test]
fn a_later_bundle() {
    isolated(|| {
        let node = Node::new("activate (later bundle)", &["--no-encryption"]);
        outcome(&mut node.activate()).expect_code(0);
        node.change("sans = [\"192.0.2.7\"]\n");
        node.for_each_step(&node.activate(), finishes);
    });
}

#[test]
fn back_to_the_bundle_before() {
    isolated(|| {
        let node = Node::new("activate --rollback", &["--no-encryption"]);
        outcome(&mut node.activate()).expect_code(0);
        node.change("sans = [\"192.0.2.7\"]\n");
        outcome(&mut node.activate()).expect_code(0);
        let mut rollback = zone_etcd(["activate", "--rollback", "--node-dir"]);
        rollback.arg(&node.directory);
        node.for_each_step(&rollback, |again, when| {
            // It was interrupted after its last step, and goes further back than there is.
            if again.code != 0 {
                assert!(again.stderr.contains("there is no generation before 1"), "{when}: {}", again.stderr);
            }
            let current = fs::read_link(node.directory.join("pki/current")).expect("a link");
            assert_eq!(current, Path::new("gen-1"), "{when}");
        });
    });
}

fn finishes(again: &Outcome, when: &str) {
    assert_eq!(again.code, 0, "{when}: {}", again.stderr);
}

/// A node directory, and the zone that its bundles come from.
struct Node {
    name: &'static str,
    zone: TestZone,
    directory: PathBuf,
    how: Vec<String>,
}

impl Node {
    fn new(name: &'static str, how: &[&str]) -> Self {
        let zone = TestZone::described(&loopback_text("example.zone", 1, ""));
        zone.run(&["init"]).expect_code(0);
        let directory = zone.around().join("n1");
        let node = Self { name, zone, directory, how: how.iter().map(|word| (*word).to_owned()).collect() };
        node.bundle();
        node
    }

    fn bundle(&self) {
        let mut command = self.zone.command(&["bundle", "node1"]);
        outcome(command.args(&self.how).arg("--out").arg(self.zone.around().join("out"))).expect_code(0);
    }

    /// Makes the next bundle, which differs.
    fn change(&self, more: &str) {
        let path = self.zone.file("zone.toml");
        let text = fs::read_to_string(&path).expect("zone.toml");
        fs::write(&path, text.replace("peer_port", &format!("{more}peer_port"))).expect("zone.toml");
        self.bundle();
    }

    fn activate(&self) -> Command {
        let fingerprint = self.zone.root_fingerprint();
        let mut command = zone_etcd(["activate", "--root-fingerprint", &fingerprint, "--node-dir"]);
        command.arg(&self.directory).arg(self.zone.around().join("out/node1.bundle"));
        command
    }

    #[track_caller]
    fn for_each_step(&self, command: &Command, judge: impl Fn(&Outcome, &str)) {
        let original = self.zone.around().join("original");
        copy(&self.directory, &original);
        let mut steps = steps_of(command, self.zone.around());
        // A program is written in a thousand pieces.
        steps.dedup_by(|step, before| step.goes_on_from(before));
        let mut tally = Tally::of(self.name);
        tally.found(steps.len());
        for step in spread(&steps, steps.len()) {
            copy(&original, &self.directory);
            let before = Picture::of(&self.directory);
            let when = format!("{}, ended at {}", self.name, step.shown);
            assert!(kill_at(command, &step), "{when}: it went on");
            before.assert_kept(&self.directory, &when);
            self.assert_whole(&when);
            let next = outcome(&mut again(command));
            tally.next(next.code);
            judge(&next, &when);
            before.assert_kept(&self.directory, &when);
            self.assert_whole(&when);
            assert!(self.directory.join("node.json").exists(), "{when}: no node.json");
            assert_no_abandoned_keys(&self.directory, &when);
        }
        tally.tell();
    }

    /// If anything is in use, all of it is there, as its manifest says, and a member could start with it.
    #[track_caller]
    fn assert_whole(&self, when: &str) {
        let current = self.directory.join("pki/current");
        if !current.is_symlink() {
            return;
        }
        let manifest =
            fs::read(current.join("manifest.json")).unwrap_or_else(|_| panic!("{when}: no manifest"));
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
        for file in manifest["files"].as_array().expect("files") {
            let path = file["path"].as_str().expect("a path");
            let Some(name) = path.strip_prefix("pki/") else { continue };
            let size = fs::metadata(current.join(name)).map(|metadata| metadata.len()).ok();
            assert_eq!(size, file["size"].as_u64(), "{when}: {name}");
        }
        let mut plan = zone_etcd(["plan", "--config"]);
        let planned = outcome(plan.arg(self.directory.join("node.json")));
        assert_eq!(planned.code, 0, "{when}: {}", planned.stderr);
    }
}

/// The same call, which strace has not taken.
fn again(command: &Command) -> Command {
    let mut again = zone_etcd(command.get_args());
    again.stdin(std::process::Stdio::null());
    again
}
