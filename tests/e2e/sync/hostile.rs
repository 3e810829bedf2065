//! What a client with the right to write everything in etcd, and no key, can do to a node: delay it.

use std::fs;

use super::Fleet;
use crate::harness::isolation::isolated;
use crate::harness::members::call;

const PREFIX: &str = "/zone-etcd/delivery/worker.example.zone/";

/// Nothing of it is activated, it is told of, and what is good beside it is activated all the same.
#[test]
fn bundles_that_are_none_keep_no_other_out() {
    isolated(|| {
        let fleet = Fleet::of_one();
        fleet.join("worker");
        fleet.join("other");
        let first = fleet.in_use("worker");
        let generation = fs::read_link(fleet.directory("worker").join("pki/current")).expect("a link");
        let foreign = fleet.sealed("other").0;
        let of_other = format!("worker={}", fleet.recipient("other"));
        let (file, _) = fleet.made("worker", &["--recipient", &of_other, "--above", "50"]);
        let to_other = fs::read(file).expect("a bundle");
        let of_another_node = {
            // Sealed to this node by whom it is not for: its public key is no secret.
            let seal = format!("other={}", fleet.recipient("worker"));
            fs::read(fleet.made("other", &["--recipient", &seal, "--above", "60"]).0).expect("a bundle")
        };
        for (sequence, value, why) in [
            (70, b"garbage".to_vec(), "it begins neither as an age file nor as a plain bundle"),
            (71, b"age".to_vec(), "it is cut off"),
            (72, foreign, "it is not sealed to this identity"),
            (73, to_other, "it is not sealed to this identity"),
            (61, of_another_node, "this is worker.example.zone: that is active here"),
            (75, vec![b'x'; 1200 * 1024], "of at most 1048576"),
        ] {
            fleet.put_bundle("worker", sequence, &value);
            let told = fleet.sync("worker", &[]).expect_code(65);
            let what = format!("bundle {sequence} in etcd was not activated");
            assert!(told.stderr.contains(&what) && told.stderr.contains(why), "{why}: {}", told.stderr);
            let refused = fleet.answer("worker").not_activated.expect("a bundle that was refused");
            assert_eq!(refused.sequence, sequence);
            let link = fs::read_link(fleet.directory("worker").join("pki/current")).expect("a link");
            assert_eq!((fleet.in_use("worker"), link), (first, generation.clone()));
            call(&fleet.etcdctl, &["del", &format!("{PREFIX}bundle/{sequence:010}")]).expect_code(0);
        }

        // The good one is between two that are not: it is activated, and only what is above it is told of.
        let good = fleet.sealed("worker");
        fleet.put_bundle("worker", good.1 - 1, b"garbage");
        fleet.put_bundle("worker", good.1, &good.0);
        fleet.sync("worker", &[]).expect_code(0);
        assert_eq!((fleet.in_use("worker"), fleet.answer("worker").not_activated), (good.1, None));
        fleet.put_bundle("worker", good.1 + 1, b"garbage");
        fleet.sync("worker", &[]).expect_code(65);
        assert_eq!(fleet.answer("worker").not_activated.expect("one").sequence, good.1 + 1);
    });
}

/// What the node has had is not activated again, under whatever number it is written.
#[test]
fn an_older_bundle_is_not_activated_again() {
    isolated(|| {
        let fleet = Fleet::of_one();
        fleet.join("worker");
        let old = fleet.sealed("worker");
        fleet.put_bundle("worker", old.1, &old.0);
        fleet.synced("worker", &[]);
        let new = fleet.deliver("worker");
        fleet.synced("worker", &[]);
        assert_eq!(fleet.in_use("worker"), new);

        // As etcd has it when it was restored from older data: only the old one is there.
        call(&fleet.etcdctl, &["del", "--prefix", PREFIX]).expect_code(0);
        fleet.put_bundle("worker", old.1, &old.0);
        assert_eq!(fleet.synced("worker", &[])["activated"], serde_json::json!([]));
        assert_eq!(fleet.in_use("worker"), new);
        // Under a number of its own it says which it is.
        fleet.put_bundle("worker", new + 5, &old.0);
        let told = fleet.sync("worker", &[]).expect_code(65);
        let why = format!("it is number {}, and its key in etcd says {}", old.1, new + 5);
        assert!(told.stderr.contains(&why), "{}", told.stderr);
        assert_eq!(fleet.in_use("worker"), new);
        // With nothing there at all the node goes on with what it has.
        call(&fleet.etcdctl, &["del", "--prefix", PREFIX]).expect_code(0);
        assert_eq!(fleet.synced("worker", &[])["sequence"], new);
    });
}

/// What another writes in the name of a node is not believed, and replaced by the node at once.
#[test]
fn an_answer_in_the_name_of_another_node() {
    isolated(|| {
        let fleet = Fleet::of_one();
        fleet.join("worker");
        fleet.join("other");
        fleet.synced("other", &[]);
        fleet.synced("worker", &[]);
        let key = |node: &str| format!("/zone-etcd/answer/{node}.example.zone");
        let get = |node: &str| call(&fleet.etcdctl, &["get", "--print-value-only", &key(node)]).stdout;
        let of_other = get("other");
        fleet.put(&key("worker"), of_other.trim().as_bytes());
        let told = fleet.judged("worker").expect_err("another node's answer").to_string();
        assert_eq!(told, "its certificate is that of other.example.zone");
        fleet.put(&key("worker"), b"garbage");
        assert!(fleet.judged("worker").is_err());
        fleet.synced("worker", &[]);
        assert_eq!(fleet.answer("worker").node, "worker.example.zone");
    });
}
