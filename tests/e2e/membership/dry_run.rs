//! `--dry-run` of what changes the members: the gates, the steps with ids, and nothing done.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{described, json, members, zone_of};
use crate::harness::isolation::isolated;

fn steps(told: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = told["steps"].as_array().expect("steps").iter();
    steps.map(|step| (text(&step["step"]), text(&step["node"]))).collect()
}

fn pairs(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    steps.iter().map(|(step, node)| ((*step).to_owned(), (*node).to_owned())).collect()
}

#[test]
fn what_would_be_done_is_listed() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        let before = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let list = |arguments: &[&str], code: i32| {
            let told = zone.run(&[arguments, &["--dry-run", "--format", "json"]].concat()).expect_code(code);
            json(told)
        };
        let adds = list(&["member", "add", "--node", &described(4)], 0);
        let expected = [
            ("change", ""),
            ("change", "node4"),
            ("cluster", "node4"),
            ("verify", "node4"),
            ("cluster", "node4"),
        ];
        assert_eq!(steps(&adds), pairs(&expected), "{adds:#}");

        // Closed, and listed all the same, with its id.
        let removes = list(&["member", "remove", "node2"], 78);
        let removal =
            removes["steps"].as_array().expect("steps").iter().find(|step| step["member_id"].is_string());
        assert!(removal.is_some_and(|step| step["node"] == "node2"), "{removes:#}");
        let mut gates = removes["gates"].as_array().expect("gates").iter();
        assert!(gates.any(|gate| gate["open"] == false && gate["node"] == "node2"), "{removes:#}");
        list(&["member", "remove", "node2", "--allow-no-tolerance"], 0);
        zone.run(&["member", "replace", "node2", "--dry-run"])
            .expect_code(78)
            .expect_error_with(&["its member answers"]);

        running[1].end(Signal::SIGKILL);
        let replaces = list(&["member", "replace", "node2"], 0);
        let last = steps(&replaces);
        assert_eq!(last.last(), pairs(&[("cluster", "node2")]).last(), "{replaces:#}");
        let text = zone.run(&["member", "replace", "node2", "--dry-run"]).expect_code(0).stdout;
        assert!(
            text.contains("removed from the member list") && text.contains("nothing was changed"),
            "{text}"
        );

        assert_eq!(std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml"), before);
        assert!(!zone.file("nodes/node4").exists(), "something was issued");
        assert_eq!(members(&zone).len(), 3);
    });
}
