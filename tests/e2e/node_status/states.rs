//! How far nodes are, by what they say.

use model::formats::NotActivated;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{Nodes, row};
use crate::harness::isolation::isolated;
use crate::harness::members::turn_authentication_on;
use crate::harness::{outcome, zone_etcd};

const KEYS: [&str; 2] = [
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg",
];

#[test]
fn nodes_that_are_up_to_date() {
    isolated(|| {
        let nodes = Nodes::new(3);
        for name in ["c1", "c2", "c3"] {
            nodes.say(name, |_| {});
        }
        let told = nodes.status(0);
        assert_eq!((&told["counts"]["up_to_date"], &told["counts"]["not_by_etcd"]), (&3.into(), &1.into()));
        assert!(told["next"].is_null(), "{told:#}");
        let c1 = row(&told, "c1");
        assert_eq!(
            (&c1["state"], &c1["sequence"], &c1["latest"]),
            (&"up_to_date".into(), &1.into(), &1.into())
        );
        let text = nodes.text().expect_code(0).stdout;
        assert!(text.starts_with("example.zone  all 3 nodes are up to date\n"), "{text}");
        let ours = deliveries(&nodes);
        assert_eq!((&ours[0]["verdict"], &ours[0]["found"]), (&"passed".into(), &"3 up to date".into()));
    });
}

#[test]
fn nodes_that_are_not() {
    isolated(|| {
        let nodes = Nodes::new(10);
        let now = OffsetDateTime::now_utc();
        nodes.say("c1", |_| {});
        nodes.say("c2", |_| {});
        nodes.renew("c2");
        nodes.say("c3", |answer| answer.at -= Duration::days(2));
        nodes.say("c5", |answer| {
            answer.not_activated =
                Some(NotActivated { sequence: 2, why: "it is damaged".to_owned(), exit: 65 });
        });
        nodes.renew("c5");
        nodes.say("c6", |answer| answer.expires_at = Some(now + Duration::days(3)));
        nodes.zone.run(&["access", "recipient", "c7", KEYS[0]]).expect_code(0);
        nodes.say("c7", |answer| answer.recipient = Some(KEYS[1].to_owned()));
        nodes.say("c8", |answer| answer.sequence = 9);
        nodes.say("c9", |answer| answer.needs_restart = true);
        nodes.say("c10", |answer| answer.next_sync_at = Some(now - Duration::hours(2)));

        let told = nodes.status(65);
        let state = |name: &str| row(&told, name)["state"].as_str().expect("a state").to_owned();
        let expected = [
            ("node1", "not_by_etcd"),
            ("c1", "up_to_date"),
            ("c2", "behind"),
            ("c3", "silent"),
            ("c4", "silent"),
            ("c5", "refused"),
            ("c6", "expiring"),
            ("c7", "other_recipient"),
            ("c8", "unrecorded"),
            ("c9", "needs_restart"),
            ("c10", "silent"),
        ];
        expected.iter().for_each(|(name, expected)| assert_eq!(state(name), *expected, "{name}: {told:#}"));
        assert_eq!(told["counts"]["silent"], 3);
        let c2 = row(&told, "c2");
        assert_eq!((&c2["sequence"], &c2["latest"], &c2["offered"]), (&1.into(), &2.into(), &false.into()));
        assert!(c2["behind_since"].as_str().is_some_and(|since| since.starts_with("20")), "{c2:#}");
        assert_eq!(row(&told, "c4")["why"], "has never answered");
        assert_eq!(row(&told, "c5")["why"], "has refused bundle 2: it is damaged");

        let text = nodes.text().expect_code(65).stdout;
        assert!(text.starts_with("example.zone  9 of 10 nodes are not up to date\n"), "{text}");
        assert!(!text.contains("\n  c1 "), "{text}");
        let metrics = nodes.zone.run(&["status", "--nodes", "-o", "prometheus"]).expect_code(65).stdout;
        for line in [
            "zone_etcd_nodes{zone=\"example.zone\",state=\"silent\"} 3",
            "zone_etcd_nodes{zone=\"example.zone\",state=\"up_to_date\"} 1",
            "zone_etcd_node_not_up_to_date{zone=\"example.zone\",node=\"c8\",state=\"unrecorded\"} 1",
            "zone_etcd_node_behind_since_timestamp_seconds{zone=\"example.zone\",node=\"c2\"} ",
        ] {
            assert!(metrics.contains(line), "no `{line}` in {metrics}");
        }
        assert!(!metrics.contains("node=\"c1\""), "{metrics}");
        expect_the_first_of_each_kind(&nodes);

        // A certificate is named earlier on request.
        let far = nodes.zone.run(&["status", "--nodes", "--before", "400d", "-o", "json"]).expect_code(65);
        let far = serde_json::from_str(&far.stdout).expect("JSON");
        assert_eq!(row(&far, "c1")["state"], "expiring");
        // What the operator has compared is recorded.
        nodes.zone.run(&["access", "recipient", "c7", KEYS[1]]).expect_code(0);
        assert_eq!(nodes.seen("c7")["state"], "up_to_date");
    });
}

/// What `doctor` says of them.
#[track_caller]
fn deliveries(nodes: &Nodes) -> Vec<Value> {
    let told = nodes.zone.run(&["doctor", "-o", "json"]);
    let told: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let findings = told["findings"].as_array().expect("findings").iter();
    findings.filter(|finding| finding["check"] == "node-deliveries").cloned().collect()
}

/// `doctor` names the first of each kind, with what to do.
#[track_caller]
fn expect_the_first_of_each_kind(nodes: &Nodes) {
    let ours = deliveries(nodes);
    let about: Vec<&str> = ours.iter().filter_map(|finding| finding["node"].as_str()).collect();
    assert_eq!(about, ["c2", "c9", "c3", "c5", "c6", "c7", "c8"], "{ours:#?}");
    let silent = ours[2]["found"].as_str().expect("a text");
    assert!(silent.contains("2 more: status --nodes"), "{silent}");
    assert!(ours.iter().all(|finding| finding["remedy"].is_string()), "{ours:#?}");
}

/// Of many the first twenty have a line, and all are in the JSON.
#[test]
fn many_nodes_are_summed_up() {
    isolated(|| {
        let nodes = Nodes::new(24);
        let text = nodes.text().expect_code(65).stdout;
        assert!(text.contains("24 of 24 nodes are not up to date"), "{text}");
        assert!(text.contains("and 4 more: zone-etcd status --nodes -o json"), "{text}");
        assert_eq!(text.matches("has never answered").count(), 20, "{text}");
        assert_eq!(nodes.status(65)["nodes"].as_array().map(Vec::len), Some(25));
    });
}

#[test]
fn nodes_are_asked_for_with_authentication_on_and_without_a_quorum() {
    isolated(|| {
        let mut nodes = Nodes::new(1);
        nodes.say("c1", |_| {});
        turn_authentication_on(&nodes.zone);
        nodes.status(0);
        nodes.zone.run(&["access", "grants", "--format", "apply"]).expect_code(0);
        nodes.status(0);
        nodes.zone.run(&["status", "--nodes", "--watch"]).expect_code(64);
        nodes.zone.run(&["status", "--before", "3d"]).expect_code(64);
        nodes._member.stop();
        let told = nodes.zone.run(&["status", "--nodes"]).expect_code(69);
        told.expect_error_with(&["no member takes requests", "next: "]);
    });
}

/// By what nodes really say, with authentication on and no more than `access grants` gives.
#[test]
fn a_node_that_syncs_is_seen() {
    isolated(|| {
        let nodes = Nodes::new(2);
        let directory = nodes.zone.around().join("c1");
        nodes.activate("c1", &directory);
        turn_authentication_on(&nodes.zone);
        let sync = || outcome(zone_etcd(["sync", "--config"]).arg(directory.join("node.json")));
        sync().expect_code(77).expect_error_with(&["access grants"]);
        assert_eq!(nodes.seen("c1")["why"], "has never answered");
        nodes.zone.run(&["access", "grants", "--format", "apply"]).expect_code(0);
        sync().expect_code(0);
        let seen = nodes.seen("c1");
        assert_eq!((&seen["state"], &seen["sequence"]), (&"up_to_date".into(), &1.into()), "{seen:#}");
        // The node is not there while the signing host waits.
        nodes.zone.run(&["pki", "renew", "c1", "--timeout", "2s"]).expect_code(69);
        let seen = nodes.seen("c1");
        assert_eq!((&seen["state"], &seen["offered"]), (&"behind".into(), &true.into()), "{seen:#}");
        sync().expect_code(0);
        let seen = nodes.seen("c1");
        assert_eq!((&seen["state"], &seen["sequence"]), (&"up_to_date".into(), &2.into()), "{seen:#}");
        let expires = seen["expires_at"].as_str().expect("when its certificates end");
        assert!(expires.starts_with("20"), "{expires}");
    });
}
