//! The log that `-v`, `ZONE_ETCD_LOG` and `--log-format` ask for.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{Outcome, TestZone, outcome, zone_etcd};
use crate::rooms::sources;
use crate::support::{StandIn, one_member_issued, three_members_issued};

/// `run` of a member whose etcd ends at once, with further arguments before.
fn run(zone: &TestZone, etcd: &StandIn, arguments: &[&str]) -> Command {
    let mut command = zone_etcd(arguments);
    command.args(["run", "--node", "node1", "--etcd", etcd.as_argument(), "--zone"]).arg(zone.path());
    command
}

fn is_logged(line: &str) -> bool {
    ["TRACE", "DEBUG", " INFO", " WARN", "ERROR"].iter().any(|level| line.contains(&format!("Z {level} ")))
}

fn logged(outcome: &Outcome) -> Vec<&str> {
    outcome.stderr.lines().filter(|line| is_logged(line)).collect()
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let zone = one_member_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let silent = outcome(&mut run(&zone, &etcd, &[])).expect_code(0);
    let told = outcome(&mut run(&zone, &etcd, &["-vv"])).expect_code(0);
    assert_eq!(logged(&silent), [""; 0]);
    let messages: Vec<&str> = told.stderr.lines().filter(|line| !is_logged(line)).collect();
    assert_eq!(messages, silent.stderr.lines().collect::<Vec<_>>());
    assert_eq!((silent.stdout.as_str(), told.stdout.as_str()), ("", ""));
}

#[test]
fn each_step_of_a_start_is_logged_before_etcd_takes_over() {
    let zone = one_member_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let told = outcome(&mut run(&zone, &etcd, &["-v"])).expect_code(0);
    let lines = logged(&told);
    let steps = ["run:lock:", "run:find etcd:", "run:prepare:observe:", "run:judge certificates:", "decided"];
    for step in steps {
        assert!(lines.iter().any(|line| line.contains(step)), "no {step} in {lines:#?}");
    }
    assert!(lines.iter().any(|line| line.contains("run:decide:write{") && line.contains("time.busy=")));
    assert!(lines.last().expect("a line").contains("becomes etcd"), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("DEBUG")), "{lines:#?}");
}

#[test]
fn each_question_to_a_member_is_logged_with_how_it_ended() {
    let zone = three_members_issued();
    let told = zone.run(&["-vv", "plan", "--node", "node1"]).expect_code(0);
    let lines = logged(&told);
    let asked = |line: &&&str| line.contains("connect{host=") && line.contains("error=");
    assert_eq!(lines.iter().filter(asked).count(), 2, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("heard member=\"node2\"")), "{lines:#?}");
}

#[test]
fn the_environment_asks_by_a_filter_and_the_command_line_comes_first() {
    let zone = one_member_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let with = |filter: &str, arguments: &[&str]| {
        outcome(run(&zone, &etcd, arguments).env("ZONE_ETCD_LOG", filter)).expect_code(0)
    };
    let told = with("launch::decision=info", &[]);
    assert!(logged(&told).iter().all(|line| line.contains("launch::decision")), "{}", told.stderr);
    assert_eq!(logged(&told).len(), 1);
    assert!(logged(&with("off", &["-v"])).len() > 5);
    assert_eq!(logged(&with("", &[])).len(), 0);
    with("launch=loud", &[]).expect_error_with(&["warning: ZONE_ETCD_LOG is not a filter"]);
}

#[test]
fn json_is_one_object_a_line_with_its_time() {
    let zone = one_member_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let told = outcome(&mut run(&zone, &etcd, &["-vv", "--log-format", "json"])).expect_code(0);
    let lines: Vec<Value> = told.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.len() > 5, "{}", told.stderr);
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    assert_eq!(lines.last().expect("a line")["fields"]["message"], "becomes etcd");
}

#[test]
fn the_journal_gets_the_level_of_each_line_and_nobody_else() {
    let zone = one_member_issued();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    let path = zone.around().join("journal");
    let written = |stream: &dyn Fn(&File) -> String| {
        let file = File::create(&path).expect("a file");
        let stream = stream(&file);
        let mut command = run(&zone, &etcd, &["-vv"]);
        outcome(command.env("JOURNAL_STREAM", stream).stderr(file)).expect_code(0);
        std::fs::read_to_string(&path).expect("what was written")
    };
    let of =
        |file: &File| file.metadata().map(|file| format!("{}:{}", file.dev(), file.ino())).expect("a file");
    let told = written(&of);
    assert!(told.lines().any(|line| line.starts_with("<6> INFO run:lock:")), "{told}");
    assert!(told.lines().any(|line| line.starts_with("<7>DEBUG ")), "{told}");
    assert!(told.lines().any(|line| line.starts_with("node1 bootstraps")), "{told}");
    let elsewhere = written(&|_| "1:1".to_owned());
    assert!(elsewhere.lines().any(is_logged) && !elsewhere.contains("<6>"), "{elsewhere}");
}

/// The Rust sources below a directory.
fn sources_below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in
        std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path())
    {
        match entry.is_dir() {
            true => sources_below(&entry, found),
            false => found.push(entry),
        }
    }
}

#[test]
fn no_function_is_logged_with_its_arguments() {
    let mut files = Vec::new();
    sources().iter().for_each(|source| sources_below(source, &mut files));
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        for attribute in text.split("#[tracing::instrument").skip(1) {
            let fields = attribute.trim_start_matches('(').trim_start();
            assert!(fields.starts_with("skip_all"), "{}: {}", file.display(), &fields[..40]);
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}
