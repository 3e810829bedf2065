//! A client that may read and write everything in etcd, and has no key of the zone or of a node but its own:
//! what it can make the signing host believe, and what that costs.

use std::time::{Duration, Instant};

use model::formats::{NotActivated, SignedAnswer};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

use super::{Nodes, answer_key, full};
use crate::harness::isolation::isolated;
use crate::harness::outcome;

/// It signs what it wants with its own key, and shows the node's certificate beside it, which is in every
/// answer; or moves the answer of another node.
#[test]
fn forged_answers_say_nothing() {
    isolated(|| {
        let nodes = Nodes::new(3);
        nodes.say("c2", |_| {});
        let believed = nodes.signed("c1", &nodes.up_to_date("c1"));
        let claim = nodes.up_to_date("c1");
        let (certificate, _) = &nodes.keys["c1"];
        let (own_certificate, own_key) = &nodes.keys["c3"];
        let forged = |certificate, key| {
            SignedAnswer::sign(&claim, certificate, key).expect("a signature").encode().expect("JSON")
        };
        let moved = nodes.signed("c2", &nodes.up_to_date("c2"));
        let mut altered: Value = serde_json::from_slice(&believed).expect("JSON");
        let text = altered["answer"].as_str().expect("a text").replace("\"sequence\":1", "\"sequence\":2");
        altered["answer"] = text.into();
        let altered = serde_json::to_vec(&altered).expect("JSON");
        let mut unsigned: Value = serde_json::from_slice(&believed).expect("JSON");
        unsigned["signature"] = "".into();
        let unsigned = serde_json::to_vec(&unsigned).expect("JSON");
        for (what, value) in [
            ("signed with another key", forged(certificate, own_key)),
            ("signed by another node", forged(own_certificate, own_key)),
            ("moved", moved),
            ("altered", altered),
            ("not signed", unsigned),
            ("empty", Vec::new()),
            ("no JSON", b"up to date".to_vec()),
        ] {
            nodes.put(&answer_key("c1"), &value);
            let seen = nodes.seen("c1");
            assert_eq!(seen["state"], "silent", "{what}: {seen:#}");
            let why = seen["why"].as_str().expect("a reason");
            assert!(why.starts_with("what is there in its name is not believed: "), "{what}: {why}");
        }
        nodes.put(&answer_key("c1"), &believed);
        assert_eq!(nodes.seen("c1")["state"], "up_to_date");
    });
}

/// An operation that waits takes none of it for the answer of the node.
#[test]
fn an_operation_is_not_told_that_a_node_has_answered() {
    isolated(|| {
        let nodes = Nodes::new(2);
        let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        nodes.zone.run(&["access", "recipient", "c1", key]).expect_code(0);
        // It knows which number comes next.
        let mut claim = nodes.up_to_date("c1");
        claim.sequence = 2;
        let (certificate, _) = &nodes.keys["c1"];
        let (_, own_key) = &nodes.keys["c2"];
        let forged = SignedAnswer::sign(&claim, certificate, own_key).expect("a signature");
        nodes.put(&answer_key("c1"), &forged.encode().expect("JSON"));
        let told = nodes.zone.run(&["pki", "renew", "c1", "--timeout", "2s"]).expect_code(69);
        told.expect_error_with(&["c1 has not answered that it has what is new"]);
        // What the node has signed of the number itself says another content.
        nodes.put(&answer_key("c1"), &nodes.signed("c1", &claim));
        let seen = nodes.seen("c1");
        assert_eq!(seen["state"], "unrecorded", "{seen:#}");
    });
}

/// Its client key is enough to sign a number; the numbers of a node are not used up by that.
#[test]
fn numbers_that_no_bundle_can_have_are_not_believed() {
    isolated(|| {
        let nodes = Nodes::new(1);
        let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        nodes.zone.run(&["access", "recipient", "c1", key]).expect_code(0);
        for number in [u64::MAX, 10_000_000_000, 9_999_999_999, 5_000_000] {
            nodes.say("c1", |answer| answer.sequence = number);
            let before = nodes.recorded("c1").0;
            nodes.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
            assert_eq!(nodes.recorded("c1").0, before + 1, "{number}");
        }
        let told = nodes.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        told.expect_error_with(&["bundle 5000000", "not believed", "--above 5000000"]);
        nodes.say("c1", |answer| answer.sequence = 50);
        nodes.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        assert_eq!(nodes.recorded("c1").0, 51);
    });
}

/// What a node said once, put back: it was so at its time, and no node is said to be further than it was.
#[test]
fn replayed_answers_are_as_old_as_they_are() {
    isolated(|| {
        let nodes = Nodes::new(1);
        let before = nodes.signed("c1", &nodes.up_to_date("c1"));
        let mut long_ago = nodes.up_to_date("c1");
        long_ago.at -= time::Duration::days(3);
        let long_ago = nodes.signed("c1", &long_ago);
        nodes.renew("c1");
        nodes.say("c1", |_| {});
        assert_eq!(nodes.seen("c1")["state"], "up_to_date");
        nodes.put(&answer_key("c1"), &before);
        let seen = nodes.seen("c1");
        assert_eq!((&seen["state"], &seen["sequence"]), (&"behind".into(), &1.into()), "{seen:#}");
        nodes.put(&answer_key("c1"), &long_ago);
        assert_eq!(nodes.seen("c1")["state"], "silent");
    });
}

/// A node that is in other hands signs what it wants. It does nothing to a terminal, and passes for no line
/// of ours.
#[test]
fn control_characters_are_shown() {
    isolated(|| {
        let nodes = Nodes::new(1);
        let bad = "\u{1b}[2J\nnext: zone-etcd pki revoke c2\r\u{202e}".to_owned() + &"x".repeat(5_000);
        nodes.say("c1", |answer| {
            answer.not_activated = Some(NotActivated { sequence: 2, why: bad.clone(), exit: 65 });
            answer.zone_etcd = bad.clone();
            answer.generation = bad.clone();
            answer.restart_reasons = vec![bad.clone()];
        });
        nodes.renew("c1");
        for arguments in [
            &["status", "--nodes"][..],
            &["status", "--nodes", "-o", "json"],
            &["status", "--nodes", "-o", "prometheus"],
            &["doctor"],
            &["doctor", "-o", "json"],
        ] {
            let told = nodes.zone.run(arguments);
            let said = format!("{}{}", told.stdout, told.stderr);
            assert!(!said.contains(['\u{1b}', '\r', '\u{202e}']), "{arguments:?}: {said}");
            assert!(!said.lines().any(|line| line.starts_with("next: zone-etcd pki revoke")), "{said}");
            assert!(!said.contains(&"x".repeat(500)), "{arguments:?}: {said}");
        }
        assert_eq!(nodes.seen("c1")["state"], "refused");
    });
}

/// What is on its way can be removed and replaced: that is seen, and no other state comes of it.
#[test]
fn removed_bundles_are_missed() {
    isolated(|| {
        let nodes = Nodes::new(2);
        nodes.say("c1", |_| {});
        nodes.renew("c1");
        let place = format!("/zone-etcd/delivery/{}", full("c1"));
        nodes.put(&format!("{place}/bundle/0000000002"), b"sealed");
        nodes.put(&format!("{place}/head"), b"{\"version\":1,\"sequence\":2}");
        assert_eq!(nodes.seen("c1")["offered"], true);
        let etcdctl = crate::harness::members::etcdctl(&nodes.zone, super::ENDPOINT);
        crate::harness::members::call(&etcdctl, &["del", "--prefix", &place]).expect_code(0);
        let seen = nodes.seen("c1");
        assert_eq!((&seen["state"], &seen["offered"]), (&"behind".into(), &false.into()), "{seen:#}");
        let why = seen["why"].as_str().expect("a reason");
        assert!(why.contains("has bundle 1, lacks 2, which etcd has no more"), "{why}");
        let text = nodes.text().expect_code(65).stdout;
        assert!(text.contains("next: have another put there: zone-etcd pki renew c1"), "{text}");
        // A number that was never made, offered and refused, is no fault of the node.
        nodes.say("c2", |answer| {
            answer.not_activated =
                Some(NotActivated { sequence: 99, why: "it is not signed".to_owned(), exit: 65 });
        });
        assert_eq!(nodes.seen("c2")["state"], "up_to_date");
    });
}

/// 100,000 keys under both prefixes, and every value as large as etcd takes it.
#[test]
fn junk_costs_neither_memory_nor_time() {
    isolated(|| {
        let nodes = Nodes::new(40);
        for number in 2..=40 {
            nodes.say(&format!("c{number}"), |_| {});
        }
        let key = |prefix: &str, number: usize| format!("/zone-etcd/{prefix}/junk{number:06}").into_bytes();
        let junk =
            |number| [(key("answer", number), b"x".to_vec()), (key("delivery", number), b"x".to_vec())];
        let junk: Vec<_> = (0..50_000).flat_map(junk).collect();
        nodes.put_all(&junk);
        let large = vec![b'x'; 1_400_000];
        for number in 2..=33 {
            nodes.put(&answer_key(&format!("c{number}")), &large);
        }
        let begun = Instant::now();
        let told = nodes.status(65);
        let took = begun.elapsed();
        assert_eq!((&told["counts"]["silent"], &told["counts"]["up_to_date"]), (&33.into(), &7.into()));
        let doctor = nodes.zone.run(&["doctor"]);
        assert!(doctor.stdout.contains("silent: has never answered; 32 more"), "{}", doctor.stdout);
        assert!(took < Duration::from_secs(10), "{took:?}");
        // An operation reads the same, and watches while it waits.
        let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let all: Vec<String> = (2..=33).map(|number| format!("c{number}")).collect();
        for name in &all {
            nodes.zone.run(&["access", "recipient", name, key]).expect_code(0);
        }
        let begun = Instant::now();
        let mut renew = nodes.zone.command(&["pki", "renew", "--timeout", "2s"]);
        outcome(renew.args(&all)).expect_code(69);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
        // The largest of all that this test has called and waited for, in KiB.
        let largest = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the usage").max_rss();
        assert!(largest < 100 * 1024, "{largest} KiB");
    });
}
