//! Certificates renewed by way of etcd.

use super::{CLIENTS, Fleet, served};
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::outcome;

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
