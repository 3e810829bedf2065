//! Certificates renewed by way of etcd.

use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{CLIENTS, Fleet, served};
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, wait_for_quorum};
use crate::harness::{outcome, zone_etcd};

#[test]
fn nodes_take_new_certificates_and_one_that_was_off_takes_them_later() {
    isolated(|| {
        let mut fleet = Fleet::new();
        // What a node answers first tells the key that its bundles are sealed to.
        for (name, _) in INFRA.iter().chain(&CLIENTS) {
            fleet.sync(name).expect_code(0);
        }
        let watching: Vec<&str> = INFRA.iter().chain(&CLIENTS[..4]).map(|(name, _)| *name).collect();
        fleet.watch(&watching);
        let before = fleet.certificate("c5");
        let told = fleet.zone.run(&["pki", "renew", "--all", "--timeout", "20s", "--format", "json"]);
        let told = told.expect_code(69);
        for name in watching {
            let state = if name.starts_with('c') { "delivered" } else { "proved" };
            assert!(served(&told, name).iter().all(|served| served == state), "{name}: {}", told.stdout);
            assert!(!served(&told, name).is_empty(), "{name}: {}", told.stdout);
        }
        assert_eq!(served(&told, "c5"), ["open"]);
        let told = told.expect_error_with(&["c5 has not answered", "c5 was last heard at", "--without c5"]);
        assert!(!told.stderr.contains("c4 was"), "{}", told.stderr);
        assert_eq!(fleet.certificate("c5"), before);

        // What is there is not made again, and nothing waits for it.
        let arguments = ["pki", "renew", "--all", "--due", "--without", "c5"];
        fleet.zone.run(&arguments).expect_code(0);
        fleet.sync("c5").expect_code(0);
        assert_ne!(fleet.certificate("c5"), before);
        fleet.put("c5", "a").expect_code(0);
        fleet.zone.run(&["pki", "renew", "--all", "--due"]).expect_code(0);
    });
}

/// A client that may write everything in etcd keeps bundles back, or writes others.
#[test]
fn what_was_deleted_or_replaced_in_etcd_is_written_again() {
    isolated(|| {
        let mut fleet = Fleet::new();
        for (name, _) in &CLIENTS {
            fleet.sync(name).expect_code(0);
        }
        fleet.zone.run(&["pki", "renew", "c1", "c2", "--timeout", "1s"]).expect_code(69);
        fleet.etcdctl(&["del", "--prefix", "/zone-etcd/delivery/c1.example.zone/"]);
        let (bundle, _) = fleet.deliveries("c2").into_iter().next().expect("a bundle");
        fleet.put_bytes(&bundle, b"something else");
        // Nothing of another node is taken for its own.
        fleet.sync("c2").expect_code(65);
        fleet.sync("c1").expect_code(0);
        let before = [fleet.certificate("c1"), fleet.certificate("c2")];
        fleet.watch(&["c1", "c2"]);
        fleet.zone.run(&["pki", "renew", "c1", "c2", "--due", "--timeout", "30s"]).expect_code(0);
        assert_ne!([fleet.certificate("c1"), fleet.certificate("c2")], before);
    });
}

/// Keys of another client, before and behind those that count.
#[test]
fn keys_below_the_prefix_of_one_node_keep_no_operation_from_any() {
    isolated(|| {
        let mut fleet = Fleet::new();
        for (name, _) in &CLIENTS {
            fleet.sync(name).expect_code(0);
        }
        for number in 0..150 {
            fleet.put_bytes(&format!("/zone-etcd/delivery/c1.example.zone/a{number}"), b"a");
        }
        // More bytes of keys alone than a message of gRPC may have.
        let long = "9".repeat(100_000);
        for number in 0..50 {
            fleet.put_bytes(&format!("/zone-etcd/delivery/c2.example.zone/bundle/{number:02}{long}"), b"a");
        }
        fleet.watch(&["c1", "c2"]);
        fleet.zone.run(&["pki", "renew", "c1", "c2", "--timeout", "20s"]).expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1", "c2", "--timeout", "20s"]).expect_code(0);
        for name in ["c1", "c2"] {
            let left: Vec<String> = fleet.deliveries(name).into_iter().map(|(key, _)| key).collect();
            assert!(left.len() <= 2, "{left:?}");
        }
    });
}

/// Its directory was put back without its key, or someone else answers with its certificate.
#[test]
fn another_key_of_a_node_counts_once_the_operator_has_said_so() {
    isolated(|| {
        let mut fleet = Fleet::new();
        fleet.sync("c1").expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        let recorded = fleet.zone.run(&["access", "recipient", "c1"]).expect_code(0).stdout;
        std::fs::remove_file(fleet.directory("c1").join("delivery.key")).expect("its key");
        fleet.sync("c1").expect_code(65);
        let own = outcome(&mut fleet.on("c1", "sync", &["--print-recipient"])).expect_code(0).stdout;
        assert_ne!(own, recorded);

        let told = fleet.zone.run(&["pki", "renew", "c1", "--due", "--timeout", "1s"]).expect_code(69);
        told.expect_error_with(&["c1 has refused bundle"]);
        assert_eq!(fleet.zone.run(&["access", "recipient", "c1"]).expect_code(0).stdout, recorded);
        fleet.sync("c1").expect_code(65);

        fleet.zone.run(&["access", "recipient", "c1", own.trim()]).expect_code(0);
        let before = fleet.certificate("c1");
        fleet.watch(&["c1"]);
        fleet.zone.run(&["pki", "renew", "c1", "--due", "--timeout", "20s"]).expect_code(0);
        assert_ne!(fleet.certificate("c1"), before);
    });
}

/// Who has taken its directory has taken what opens its bundles as well.
#[test]
fn what_a_node_gets_that_is_let_in_again_is_not_sealed_to_the_key_of_before() {
    isolated(|| {
        let mut fleet = Fleet::new();
        for (name, _) in INFRA {
            fleet.sync(name).expect_code(0);
        }
        fleet.sync("c1").expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        fleet.watch(&["infra0", "infra1", "infra2"]);
        fleet.zone.run(&["pki", "revoke", "c1"]).expect_code(0);
        fleet.zone.run(&["pki", "issue", "c1", "--reinstate"]).expect_code(0);
        fleet.zone.run(&["access", "recipient", "c1"]).expect_code(66);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]);
        assert_eq!(fleet.deliveries("c1"), [], "no bundle is sealed to what the thief has");

        // On a host that is trusted, with a key of its own.
        let out = fleet.zone.around().join("rebuilt");
        outcome(fleet.zone.command(&["bundle", "c1", "--no-encryption"]).arg("--out").arg(&out))
            .expect_code(0);
        std::fs::rename(fleet.directory("c1"), fleet.zone.around().join("stolen"))
            .expect("the old directory");
        fleet.zone.activate(&out.join("c1.bundle"), &fleet.directory("c1"));
        fleet.sync("c1").expect_code(0);
        fleet.watch(&["c1"]);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "20s"]).expect_code(0);
    });
}

/// The right to bootstrap is for a zone that does not run; where etcd has bundles, it does.
#[test]
fn no_bundle_in_etcd_gives_the_right_to_bootstrap() {
    isolated(|| {
        let mut fleet = Fleet::new();
        let own = outcome(&mut fleet.on("infra2", "sync", &["--print-recipient"])).expect_code(0).stdout;
        fleet.zone.run(&["access", "recipient", "infra2", own.trim()]).expect_code(0);
        // It runs with its first bundle, and has not said so.
        fleet.zone.run(&["pki", "renew", "infra2", "--due", "--timeout", "1s"]).expect_code(69);
        let log = std::fs::read_to_string(fleet.zone.file("bundles.jsonl")).expect("the log");
        let records = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let of_node: Vec<Value> = records.filter(|record| record["node"] == "infra2.example.zone").collect();
        let had = |record: &Value| (record["sequence"].clone(), record["may_bootstrap"].clone());
        assert_eq!(
            of_node.iter().map(had).collect::<Vec<_>>(),
            [(1.into(), true.into()), (2.into(), false.into())]
        );
        fleet.watch(&["infra2"]);
        fleet.zone.run(&["pki", "renew", "infra2", "--due", "--timeout", "20s"]).expect_code(0);
    });
}

/// The member of infra0 reads a copy of its directory, as after a move that its node was not told of.
#[test]
fn what_a_member_does_not_show_is_put_back_by_way_of_etcd() {
    isolated(|| {
        let mut fleet = Fleet::new();
        let moved = fleet.zone.around().join("moved");
        fleet.members[0].end(Signal::SIGTERM);
        outcome(Command::new("cp").arg("-a").arg(fleet.directory("infra0")).arg(&moved)).expect_code(0);
        let mut run = zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
        run.arg(moved.join("node.json"));
        fleet.members[0].replace_command(fleet.network.on("infra0", &run));
        fleet.members[0].start_again();
        wait_for_quorum(&etcdctl(&fleet.zone, "https://10.0.1.10:2379"));
        fleet.sync("infra0").expect_code(0);
        fleet.watch(&["infra0"]);
        let before = fleet.certificate("infra0");
        let told = fleet.zone.run(&["pki", "renew", "infra0", "--timeout", "20s"]).expect_code(65);
        told.expect_error_with(&["the new certificates of infra0 are not in use", "has again what it had"]);
        assert_eq!(fleet.certificate("infra0"), before);
    });
}

#[test]
fn what_etcd_has_for_a_node_that_is_revoked_is_removed() {
    isolated(|| {
        let fleet = Fleet::new();
        fleet.sync("c1").expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        // A key that is the prefix itself keeps nothing from being removed.
        fleet.put_bytes("/zone-etcd/delivery/c1.example.zone/", b"a");
        assert!(!fleet.deliveries("c1").is_empty());
        for (name, _) in &INFRA {
            fleet.sync(name).expect_code(0);
        }
        let mut fleet = fleet;
        fleet.watch(&["infra0", "infra1", "infra2"]);
        fleet.zone.run(&["pki", "revoke", "c1"]).expect_code(0);
        assert_eq!(fleet.deliveries("c1"), []);
        fleet.sync("c1").expect_code(69).expect_error_with(&["zone-etcd bundle c1"]);
        fleet.put("c2", "a").expect_code(0);
    });
}
