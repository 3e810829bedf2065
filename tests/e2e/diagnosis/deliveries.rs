//! Nodes that etcd has bundles for, as `doctor` sees them on one of them. On the signing host it says what
//! `status --nodes` says: `node_status`.

use std::fs;

use serde_json::Value;
use time::Duration;

use crate::harness::isolation::isolated;
use crate::harness::members::turn_authentication_on;
use crate::harness::{outcome, zone_etcd};
use crate::node_status::{Nodes, answer_key};

/// What `doctor` says on a node that etcd has bundles for: whether its own answer is there.
#[test]
fn node_deliveries() {
    isolated(|| {
        let nodes = Nodes::new(2);
        let directory = nodes.zone.around().join("c1");
        nodes.activate("c1", &directory);
        let own = || {
            let told =
                outcome(zone_etcd(["doctor", "-o", "json", "--config"]).arg(directory.join("node.json")));
            let told: Value = serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
            let findings = told["findings"].as_array().expect("findings").iter();
            let ours = findings.filter(|finding| finding["check"] == "node-deliveries");
            ours.map(|finding| (text(&finding["verdict"]), text(&finding["found"]))).next()
        };
        fs::remove_file(directory.join("delivery.key")).ok();
        assert_eq!(own(), None, "nothing comes to it by etcd");
        fs::write(directory.join("delivery.key"), "").expect("its key");
        assert_eq!(own(), Some(("warning".to_owned(), "has never answered".to_owned())));
        nodes.say("c1", |_| {});
        let (verdict, found) = own().expect("a finding");
        assert_eq!(verdict, "passed");
        assert!(
            found.starts_with("has answered 0 minutes ago, 20") && found.ends_with("bundle 1"),
            "{found}"
        );
        nodes.say("c1", |answer| answer.at -= Duration::days(2));
        assert_eq!(own().expect("a finding").0, "warning");
        nodes.put(&answer_key("c1"), &nodes.signed("c2", &nodes.up_to_date("c1")));
        let (verdict, found) = own().expect("a finding");
        assert_eq!(verdict, "warning");
        assert!(found.contains("another certificate than the one in use here"), "{found}");
        turn_authentication_on(&nodes.zone);
        let (verdict, found) = own().expect("a finding");
        assert_eq!(
            (verdict.as_str(), found.as_str()),
            ("warning", "may not read its answer: permission denied")
        );
    });
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
