//! The steps of a rotation: `ca/` is that of before or that of after, and the same command goes on.

use std::fs;

use zone_pki::Certificate;

use super::command::Crash;
use super::invariants::Picture;
use crate::harness::isolation::isolated;
use crate::harness::{outcome, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

impl Crash {
    /// A zone whose bundles were carried, and a command that goes on with a rotation in files.
    fn of_rotation(name: &'static str, more: &[&str]) -> Self {
        let mut crash = Self::new(name, &["pki", "rotate-ca", "--root", "--no-encryption"]);
        crash.make_zone();
        let out = crash.zone.file("out").display().to_string();
        crash.arguments.extend(["--out".to_owned(), out]);
        crash.arguments.extend(more.iter().map(|word| (*word).to_owned()));
        crash
    }

    /// Has every node take up its bundle, and answer as if its member had been restarted since.
    #[track_caller]
    fn answer(&self) {
        let trusted = ["peer", "client"].map(|plane| self.subjects(plane));
        for node in NODES {
            let mut activate = zone_etcd(["activate", "--format", "json", "--node-dir"]);
            activate.arg(self.zone.around().join("nodes").join(node));
            activate.arg("--root-fingerprint").arg(self.first_root());
            activate.arg(self.zone.file("out").join(format!("{node}.bundle")));
            let answer = outcome(&mut activate).expect_code(0).stdout;
            fs::write(self.zone.file("out").join(format!("{node}.answer")), answer).expect("an answer");
            let restarted = serde_json::json!({
                "node": node, "pid_before": 1, "pid_after": 2, "took_ms": 3, "interrupted": false,
                "leadership_moved_to": null, "service": null,
                "trusted_before": {"peer": null, "client": null},
                "trusted_after": {"peer": trusted[0], "client": trusted[1]},
            });
            fs::write(self.zone.file("out").join(format!("{node}.restarted")), restarted.to_string())
                .expect("an answer");
        }
    }

    fn first_root(&self) -> String {
        let root = fs::read(self.zone.file("ca/root.crt")).expect("the root");
        zone_pki::hex::encode(&Certificate::from_pem(&root).expect("a certificate").fingerprint_sha256())
    }

    /// The CAs that a plane is to trust.
    fn subjects(&self, plane: &str) -> Vec<String> {
        let places =
            ["", "next/", "previous/"].map(|place| self.zone.file(&format!("ca/{place}{plane}.crt")));
        let subject =
            |text: Vec<u8>| Certificate::from_pem(&text).expect("a certificate").subject().to_owned();
        places.iter().filter_map(|path| fs::read(path).ok()).map(subject).collect()
    }

    #[track_caller]
    fn assert_signs(&self, edition: &str, when: &str) {
        for (plane, what) in [("peer", "peer CA"), ("client", "client CA"), ("root", "root CA")] {
            let text = fs::read(self.zone.file(&format!("ca/{plane}.crt"))).expect("a CA");
            let name = Certificate::from_pem(&text).expect("a certificate").common_name().map(str::to_owned);
            assert_eq!(name, Some(format!("example.zone {edition}{what}")), "{when}");
        }
        let checked = self.zone.run(&["pki", "check"]);
        assert_eq!(checked.code, 0, "{when}: {}{}", checked.stdout, checked.stderr);
    }
}

#[test]
fn the_next_cas_are_made() {
    isolated(|| {
        let crash = Crash::of_rotation("pki rotate-ca (trust-both)", &[]);
        crash.zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let kept = |picture: Picture| picture;
        crash.for_each_step_of(kept, |crash, when| {
            crash.again().expect_code(0);
            crash.assert_signs("", when);
            assert_eq!(crash.subjects("peer").len(), 2, "{when}");
            assert!(crash.subjects("peer")[1].contains("G2 peer CA"), "{when}: one rotation was begun");
        });
    });
}

#[test]
fn the_next_cas_sign() {
    isolated(|| {
        let crash = Crash::of_rotation("pki rotate-ca (new-leaves)", &["--continue"]);
        let mut first = crash.command_without("--continue");
        outcome(&mut first).expect_code(0);
        crash.answer();
        crash.for_each_step_of(Picture::without_rotated, |crash, when| {
            let told = crash.again().expect_code(0);
            crash.assert_signs("G2 ", when);
            assert!(
                crash.zone.file("ca/previous/root.key").exists(),
                "{when}: the answers to the step before count for that alone\n{told:?}"
            );
        });
    });
}

#[test]
fn the_old_cas_are_dropped() {
    isolated(|| {
        let crash = Crash::of_rotation("pki rotate-ca (drop-old)", &["--continue"]);
        outcome(&mut crash.command_without("--continue")).expect_code(0);
        crash.answer();
        outcome(&mut crash.command()).expect_code(0);
        crash.answer();
        crash.for_each_step_of(Picture::without_rotated, |crash, when| {
            crash.again().expect_code(0);
            crash.assert_signs("G2 ", when);
            assert!(
                crash.zone.file("ca/retired/1/root.key").exists() && !crash.zone.file("ca/previous").exists(),
                "{when}"
            );
            assert!(!crash.zone.file("ca/retired/2").exists(), "{when}");
        });
    });
}
