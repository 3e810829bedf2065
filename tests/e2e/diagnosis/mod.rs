//! `check` and `doctor` on members that run.
//!
//! | module | what it holds |
//! |---|---|
//! | [`check`] | one node: what only a running member, or another machine, can show |
//! | [`doctor`] | the zone |
//! | [`foreign`] | certificates of another CA: the proposed line replaces them |
//! | [`published_names`] | names of members that are not plain words |

mod check;
mod deliveries;
mod doctor;
mod foreign;
mod published_names;

use serde_json::Value;

use crate::harness::{Outcome, TestZone};

/// The findings of a report in JSON.
#[track_caller]
fn findings(outcome: &Outcome) -> Vec<Value> {
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    report["findings"].as_array().expect("findings").clone()
}

/// What `doctor` finds, and its exit code.
#[track_caller]
fn examined(zone: &TestZone, code: i32) -> Vec<Value> {
    findings(&zone.run(&["doctor", "--format", "json"]).expect_code(code))
}

/// What `check` finds on node1, and its exit code.
#[track_caller]
fn checked(zone: &TestZone, code: i32) -> Vec<Value> {
    findings(&zone.run(&["check", "--node", "node1", "--format", "json"]).expect_code(code))
}

/// Asserts that there is such a finding, and returns it.
#[track_caller]
fn found(findings: &[Value], check: &str, verdict: &str, text: &str) -> Value {
    let is_it = |finding: &&Value| {
        finding["check"] == check
            && finding["verdict"] == verdict
            && (finding["found"].as_str().expect("a text").contains(text)
                || finding["subject"].as_str().expect("a text").contains(text))
    };
    let finding = findings
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {verdict} {check} with `{text}` in {findings:#?}"));
    if verdict != "passed" && verdict != "note" {
        assert!(finding["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{finding:#}");
    }
    finding.clone()
}

/// The checks that failed, each once.
fn failed(findings: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["verdict"] == "failed")
        .map(|finding| finding["check"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
