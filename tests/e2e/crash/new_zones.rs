//! `init`: the same call goes on, or says what moves away what the interrupted one has left.

use std::fs;

use super::command::Crash;
use super::invariants::{PASSPHRASES, Picture};
use crate::harness::Outcome;
use crate::harness::authorities_elsewhere::{AuthoritiesElsewhere, CA};
use crate::harness::isolation::isolated;

#[test]
fn init() {
    isolated(|| {
        let arguments =
            ["init", "--name", "example.zone", "--node", "node1=10.0.1.10", "--node", "node2=10.0.1.11"];
        let crash = Crash::new("init", &arguments);
        crash.run_all(has_its_cas);
    });
}

/// The plane CAs are made below a root that was there.
#[test]
fn init_below_a_root() {
    isolated(|| {
        let crash = Crash::new("init (below a root)", &["init"]);
        crash.make_zone();
        for file in ["peer.crt", "peer.key", "peer.crl", "client.crt", "client.key", "client.crl"] {
            fs::remove_file(crash.zone.file("ca").join(file)).expect("a file of a CA");
        }
        fs::remove_dir_all(crash.zone.file("clients")).expect("what they issued");
        fs::remove_file(crash.zone.file("issued.jsonl")).expect("the log of it");
        crash.run_all(|again| {
            if again.code != 0 && !again.stderr.contains("has its CAs already") {
                assert_eq!(again.code, 66, "{}", again.stderr);
                assert!(again.stderr.contains("if an `init` was interrupted: mv"), "{}", again.stderr);
            }
        });
    });
}

/// The plane CAs are made below a CA of somebody else, and that is all that comes into the zone.
#[test]
fn init_below_a_ca_made_elsewhere() {
    isolated(|| {
        let elsewhere = AuthoritiesElsewhere::new();
        elsewhere.root("root", &[CA]);
        let mut crash = Crash::new("init (below a CA made elsewhere)", &["init"]);
        crash.add("--ca-cert", &elsewhere.file("root.crt"));
        crash.add("--ca-key", &elsewhere.file("root.key"));
        fs::create_dir(crash.zone.path()).expect("a directory");
        crash.describe("");
        crash.run_all(has_its_cas);
    });
}

/// The keys of its CAs are at no step on the disk unlocked.
#[test]
fn init_with_locked_keys() {
    isolated(|| {
        let mut crash = Crash::new("init --lock", &["init", "--lock"]);
        crash.add("--ca-passphrase-file", &crash.private_file("passphrase", PASSPHRASES[0]));
        fs::create_dir(crash.zone.path()).expect("a directory");
        crash.describe("");
        crash.for_each_step(|crash, when| {
            let is_locked =
                || Picture::of(&crash.zone.path()).without(&["clients"]).has_no_key_in_the_clear();
            assert!(is_locked(), "{when}");
            has_its_cas(&crash.again());
            assert!(is_locked(), "{when}");
            crash.zone.run(&["pki", "check"]).expect_code(65).expect_error_with(&[]);
        });
    });
}

#[track_caller]
fn has_its_cas(again: &Outcome) {
    // It was interrupted after its last step.
    if again.code != 0 {
        assert!(again.stderr.contains("has its CAs already"), "{}", again.stderr);
    }
}
