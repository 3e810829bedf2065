//! `plan`, `check` and `run` on one start: the same exit code, and the same reason.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Others, StandIn};
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

/// A start, as all three are told of it.
pub struct Asked<'t> {
    place: Vec<OsString>,
    zone: Option<&'t TestZone>,
    etcd: &'t StandIn,
}

impl<'t> Asked<'t> {
    /// Of the node of a local config.
    pub fn config(file: &Path, etcd: &'t StandIn) -> Self {
        Self { place: vec!["--config".into(), file.into()], zone: None, etcd }
    }

    /// The same where the node is node1 of this zone, of which the others are there if it may start.
    pub fn beside(self, zone: &'t TestZone) -> Self {
        Self { zone: Some(zone), ..self }
    }

    /// Of node1, from a zone directory.
    pub fn zone(zone: &'t TestZone, etcd: &'t StandIn) -> Self {
        Self {
            place: vec!["--zone".into(), zone.path().into(), "--node".into(), "node1".into()],
            zone: Some(zone),
            etcd,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = zone_etcd(arguments);
        command.args(&self.place);
        command
    }

    /// Asks all three, `run` last, and asserts that they agree. Returns what `run` did.
    #[track_caller]
    pub fn one_verdict(&self) -> Outcome {
        let etcd = self.etcd.as_argument();
        let plan = outcome(&mut self.command(&["plan", "--format", "argv", "--etcd", etcd]));
        let check = outcome(&mut self.command(&["check", "--format", "json"]));
        // A cluster is bootstrapped with all members.
        let _others = self.zone.filter(|_| plan.code == 0).map(|zone| Others::of(zone, "node1"));
        let run = outcome(&mut self.command(&["run", "--etcd", etcd]));
        assert_eq!(plan.code, run.code, "plan:\n{}\nrun:\n{}", plan.stderr, run.stderr);
        assert_eq!(refusal(&plan.stderr), refusal(&run.stderr), "plan and run");
        assert_eq!(run.code == 0, self.etcd.arguments().is_some(), "etcd is started, or not: {}", run.stderr);
        let start = found_start(&check.stdout);
        if run.code == 0 {
            let verdict = start.map(|start| start["verdict"].clone());
            assert_eq!(verdict, Some("passed".into()), "{}{}", check.stdout, check.stderr);
            return run;
        }
        assert_eq!(check.code, run.code, "check:\n{}{}\nrun:\n{}", check.stdout, check.stderr, run.stderr);
        match start {
            // What other checks have found is left out there.
            Some(start) => {
                let found = start["found"].as_str().expect("a text");
                let what = refusal(&run.stderr).first().expect("an error line").replacen("error: ", "", 1);
                assert!(found.starts_with(&what), "check: {found}\nrun: {}", run.stderr);
            }
            None => assert_eq!(refusal(&check.stderr), refusal(&run.stderr), "check and run"),
        }
        run
    }
}

/// The lines of a refusal: what failed, why, and what to do next. The time of day differs from call to call.
fn refusal(stderr: &str) -> Vec<&str> {
    let untimed = |line: &'_ str| line.find(", and this machine's clock says").unwrap_or(line.len());
    let lines = stderr.lines().skip_while(|line| !line.starts_with("error: "));
    lines.map(|line| &line[..untimed(line)]).collect()
}

/// The finding about the start; none if `check` did not come as far.
fn found_start(report: &str) -> Option<Value> {
    let report: Value = serde_json::from_str(report).ok()?;
    report["findings"].as_array()?.iter().find(|finding| finding["check"] == "start").cloned()
}
