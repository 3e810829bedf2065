//! The next steps that the program proposes: each command in them has to be one of ours that parses, and to
//! fit where it was said. Every call that a test makes is looked at, so whatever a test can bring about is
//! tried.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::typed::commands_in;
use super::{Outcome, outcome, zone_etcd};

/// Does what was proposed: runs the first command of a next step, with these words in the place of its
/// placeholders.
#[track_caller]
pub fn obey(step: &str, meant: &[(&str, &str)]) -> Outcome {
    outcome(&mut proposed_command(step, meant))
}

/// That command, to be run somewhere.
#[track_caller]
pub fn proposed_command(step: &str, meant: &[(&str, &str)]) -> Command {
    let typed = commands_in(step).into_iter().next().unwrap_or_else(|| panic!("no command in: {step}"));
    let instead = |word: String| {
        meant.iter().find(|(word_there, _)| *word_there == word).map_or(word, |(_, by)| (*by).to_owned())
    };
    zone_etcd(typed.words.into_iter().map(instead))
}

/// Looks at everything that a call has proposed.
#[track_caller]
pub fn check(command: &Command, stdout: &str, stderr: &str) {
    let arguments: Vec<OsString> = command.get_args().map(OsString::from).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let is_on_node = (has("--config") || has("--node-dir")) && !has("--zone");
    let mut steps = next_steps(stderr);
    if let Ok(report) = serde_json::from_str(stdout) {
        remedies(&report, &mut steps);
    }
    for step in steps {
        note(stderr, &step);
        let proposed = commands_in(&step).into_iter();
        // "`zone-etcd bundle` printed it": what it is called, and not what to type.
        for typed in proposed.filter(|typed| typed.is_subcommand() && !typed.is_named_only) {
            let shown = typed.words.join(" ");
            if let Some(fault) = typed.fault() {
                panic!("`zone-etcd {shown}`: {fault}\nproposed in: {step}");
            }
            // The CAs are on the signing host, and never on a node.
            let is_elsewhere =
                ["signing", "there", "where the CAs are"].iter().any(|word| typed.before.contains(word));
            assert!(
                !is_on_node || is_elsewhere || !typed.has("--zone"),
                "`zone-etcd {shown}` needs a zone directory, which a node does not have\nproposed in: {step}",
            );
        }
    }
}

/// What a report in JSON proposes, wherever it stands in it.
fn remedies(report: &Value, into: &mut Vec<String>) {
    match report {
        Value::Array(parts) => parts.iter().for_each(|part| remedies(part, into)),
        Value::Object(fields) => {
            let proposed = ["remedy", "next"].iter().filter_map(|name| fields.get(*name)?.as_str());
            into.extend(proposed.map(str::to_owned));
            fields.values().for_each(|field| remedies(field, into));
        }
        _ => {}
    }
}

/// The parts of standard error that begin with `next: `, each with the lines that belong to it.
fn next_steps(stderr: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_within = false;
    for line in stderr.lines() {
        if let Some(step) = line.strip_prefix("next: ") {
            steps.push(step.to_owned());
            is_within = true;
        } else if let (true, Some(more), Some(step)) =
            (is_within, line.strip_prefix("      "), steps.last_mut())
        {
            step.push('\n');
            step.push_str(more);
        } else {
            is_within = false;
        }
    }
    steps
}

/// Writes down a refusal and what it proposes, where `TEST_NEXT_STEPS` names a file.
fn note(stderr: &str, step: &str) {
    let Some(path) = std::env::var_os("TEST_NEXT_STEPS") else { return };
    let what = stderr.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or_default();
    let line = format!("{what}\t{}\n", step.replace('\n', " "));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(Path::new(&path));
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the list of next steps");
}
