//! What the signing host issues and writes: the same command finishes, and issues nothing twice.

use std::fs;
use std::path::Path;
use std::process::Command;

use zone_pki::DetachedJws;

use super::command::Crash;
use super::invariants::{PASSPHRASES, Picture};
use crate::harness::isolation::isolated;
use crate::harness::{Outcome, next_step, outcome, zone_etcd};

#[test]
fn issuing_for_all() {
    isolated(|| {
        let crash = Crash::new("pki issue --all", &["pki", "issue", "--all"]);
        crash.make_zone();
        crash.zone.run(&["pki", "issue", "node1"]).expect_code(0);
        crash.describe("sans = [\"192.0.2.7\"]\n");
        crash.run_all(|_| {});
    });
}

#[test]
fn bundles() {
    isolated(|| whole_bundles(Crash::new("bundle", &["bundle", "--no-encryption"]), |_| {}));
}

#[test]
fn sealed_bundles() {
    isolated(|| {
        let mut crash = Crash::new("bundle (sealed)", &["bundle"]);
        let file = crash.private_file("passphrase", PASSPHRASES[0]);
        crash.add("--passphrase-file", &file);
        whole_bundles(crash, |inspect| {
            inspect.arg("--passphrase-file").arg(&file);
        });
    });
}

/// Whenever it ends, the same call goes on: what was recorded gets its name, with the right to bootstrap that
/// is in it, and no node gets a second one.
#[track_caller]
fn whole_bundles(mut crash: Crash, opened: impl Fn(&mut Command)) {
    crash.make_zone();
    let out = crash.zone.file("out");
    crash.add("--out", &out);
    crash.for_each_step(|crash, when| {
        crash.again().expect_code(0);
        assert_eq!(names_in(&out), ["node1.bundle", "node2.bundle", "node3.bundle"], "{when}");
        let log = fs::read_to_string(crash.zone.file("bundles.jsonl")).expect("the log");
        assert_eq!(log.lines().count(), 3, "{when}: {log}");
        assert_eq!(log.matches("\"may_bootstrap\":true").count(), 3, "{when}: {log}");
        for name in names_in(&out) {
            let mut inspect = zone_etcd(["bundle", "inspect"]);
            opened(inspect.arg(out.join(name)));
            let inspected = outcome(&mut inspect).expect_code(0).stdout;
            assert!(inspected.contains("may bootstrap the cluster"), "{when}: {inspected}");
        }
        crash.zone.run(&["pki", "check"]).expect_code(0);
    });
}

/// The keys that a node makes are there as a whole, and the same requests are printed each time.
#[test]
fn keys_of_a_node() {
    isolated(|| {
        let crash = Crash::new("pki csr", &["pki", "csr", "--node", "node1.example.zone"]);
        crash.for_each_step(same_requests);
    });
}

#[test]
fn new_keys_of_a_node() {
    isolated(|| {
        let mut crash = Crash::new("pki csr --new-keys", &["pki", "csr", "--node", "node1.example.zone"]);
        outcome(&mut crash.command()).expect_code(0);
        crash.arguments = ["pki", "csr", "--new-keys"].map(str::to_owned).to_vec();
        crash.for_each_step_of(|picture| picture.without(&["pki/requested"]), same_requests);
    });
}

#[track_caller]
fn same_requests(crash: &Crash, when: &str) {
    let mut next = crash.again();
    // The old keys had their other name, and with them was whose they are.
    if next.code != 0 {
        assert_eq!(next.code, 64, "{when}: {}", next.stderr);
        next = next_step::obey(&next.stderr, &[]).expect_code(0);
    }
    let again = outcome(&mut crash.command_without("--new-keys")).expect_code(0);
    assert_eq!(requested(&next), requested(&again), "{when}");
}

/// The SHA-256 of the keys that are requested.
#[track_caller]
fn requested(told: &Outcome) -> String {
    let line = told.stderr.lines().find(|line| line.contains("SHA-256 of their keys"));
    line.unwrap_or_else(|| panic!("{told:?}")).to_owned()
}

/// What was requested is signed once.
#[test]
fn signing() {
    isolated(|| {
        let mut crash = Crash::new("pki sign", &["pki", "sign"]);
        crash.make_zone();
        let node = crash.zone.around().join("n1");
        let mut request = zone_etcd(["pki", "csr", "--node", "node1.example.zone", "--node-dir"]);
        let requests = outcome(request.arg(&node)).expect_code(0).stdout;
        let file = crash.private_file("node1.csr", &requests);
        crash.arguments.push(file.display().to_string());
        let out = crash.zone.file("out");
        crash.add("--out", &out);
        crash.for_each_step(|crash, when| {
            crash.again().expect_code(0);
            assert_eq!(names_in(&out), ["node1.bundle"], "{when}");
            let bundles = fs::read_to_string(crash.zone.file("bundles.jsonl")).expect("the log");
            assert_eq!(bundles.lines().count(), 1, "{when}: {bundles}");
            outcome(zone_etcd(["bundle", "inspect"]).arg(out.join("node1.bundle"))).expect_code(0);
        });
    });
}

/// An export is there as a whole or not at all.
#[test]
fn exports() {
    isolated(|| {
        let mut crash = Crash::new("pki export", &["pki", "export", "node1", "--layout", "pem"]);
        crash.make_zone();
        let out = crash.zone.file("exported");
        crash.add("--out", &out);
        crash.for_each_step(|crash, when| {
            let again = crash.again();
            // It was interrupted after its last step.
            if again.code != 0 {
                assert_eq!(again.code, 73, "{when}: {}", again.stderr);
                assert!(again.stderr.contains("is there already"), "{when}: {}", again.stderr);
            }
            let another = crash.zone.file("another");
            let mut next = crash.zone.command(&["pki", "export", "node1", "--layout", "pem"]);
            outcome(next.arg("--out").arg(&another)).expect_code(0);
            let whole = Picture::of(&another);
            assert!(Picture::of(&out) == whole, "{when}: it is not whole");
        });
    });
}

/// A document that is signed is later than each that may have been handed out.
#[test]
fn the_zone_document() {
    isolated(|| {
        let mut crash = Crash::new("nameservice sign", &["nameservice", "sign"]);
        crash.make_zone();
        let file = crash.zone.file("document.json");
        crash.add("--out", &file);
        outcome(&mut crash.command()).expect_code(0);
        let replaced = |picture: Picture| picture.without(&["document.json", "zone-document.json"]);
        crash.for_each_step_of(replaced, |crash, when| {
            let last = signed_at(&crash.zone.file("zone-document.json"));
            crash.again().expect_code(0);
            assert!(signed_at(&file) > last, "{when}: it is of the same time");
            outcome(crash.zone.command(&["nameservice", "verify"]).arg(&file)).expect_code(0);
        });
    });
}

/// When a zone document was signed, in seconds.
#[track_caller]
fn signed_at(document: &Path) -> i64 {
    let text = fs::read(document).expect("a document");
    let document: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let signature = DetachedJws::parse(document["sign"].as_str().expect("a signature")).expect("a JWS");
    signature.header().iat.expect("a time")
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("one").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("a name")).collect();
    names.sort_unstable();
    names
}
