//! What the signing host issues and writes: the same command finishes, and issues nothing twice.

use std::fs;

use super::command::Crash;
use crate::harness::isolation::isolated;
use crate::harness::{outcome, zone_etcd};

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

/// Whenever it ends, the same call goes on: what was recorded gets its name, with the right to bootstrap that
/// is in it, and no node gets a second one.
#[test]
fn bundles() {
    isolated(|| {
        let mut crash = Crash::new("bundle", &["bundle", "--no-encryption"]);
        crash.make_zone();
        let out = crash.zone.file("out");
        crash.arguments.extend(["--out".to_owned(), out.display().to_string()]);
        crash.for_each_step(|crash, when| {
            crash.again().expect_code(0);
            let names = fs::read_dir(&out).expect("the bundles").map(|entry| entry.expect("one").file_name());
            let mut names: Vec<_> = names.collect();
            names.sort_unstable();
            assert_eq!(names, ["node1.bundle", "node2.bundle", "node3.bundle"], "{when}");
            let log = fs::read_to_string(crash.zone.file("bundles.jsonl")).expect("the log");
            assert_eq!(log.lines().count(), 3, "{when}: {log}");
            assert_eq!(log.matches("\"may_bootstrap\":true").count(), 3, "{when}: {log}");
            for name in &names {
                let inspected = outcome(zone_etcd(["bundle", "inspect"]).arg(out.join(name))).expect_code(0);
                assert!(
                    inspected.stdout.contains("may bootstrap the cluster"),
                    "{when}: {}",
                    inspected.stdout
                );
            }
            crash.zone.run(&["pki", "check"]).expect_code(0);
        });
    });
}
