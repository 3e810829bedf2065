//! What Go refuses is refused before etcd is started, and what Go takes is taken: sets of certificates, each
//! judged by `plan` and by a program in Go that shakes hands as etcd does.

mod made;
mod sets;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{outcome, zone_etcd};
use made::{Keys, Set};
use sets::{Row, SETS, Verdict};

#[test]
fn every_set_is_judged_as_go_judges_it() {
    let around = tempfile::tempdir().expect("a temporary directory");
    let keys = Keys::new();
    let directories: Vec<_> = SETS
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let directory = around.path().join(format!("{index:03}"));
            let mut set = Set::new();
            (row.spoil)(&mut set);
            set.write(&keys, &directory);
            directory
        })
        .collect();
    let by_go = as_go_judges(&directories);
    let rows: Vec<_> = SETS.iter().zip(&directories).zip(by_go).collect();
    let judge = |rows: &[((&Row, &PathBuf), String)]| -> Vec<String> {
        rows.iter().filter_map(|((row, directory), go)| disagreement(row, directory, go)).collect()
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> =
            rows.chunks(rows.len().div_ceil(4)).map(|part| scope.spawn(|| judge(part))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("a part of the sets")).collect()
    });
    assert!(wrong.is_empty(), "{} of {} sets:\n{}", wrong.len(), SETS.len(), wrong.join("\n"));
}

/// What is not as the row has it.
fn disagreement(row: &Row, directory: &Path, go: &str) -> Option<String> {
    let plan = outcome(zone_etcd(["plan", "--format", "argv", "--config"]).arg(directory.join("node.json")));
    let refused_with = |text| plan.code == 65 && plan.stderr.contains(text);
    let is_as_expected = match row.verdict {
        Verdict::Taken => go.is_empty() && plan.code == 0,
        Verdict::Refused(text) => !go.is_empty() && refused_with(text),
        Verdict::Stricter(text, _) => go.is_empty() && refused_with(text),
    };
    (!is_as_expected).then(|| {
        format!(
            "{}\n  expected {:?}\n  Go: {go:?}\n  plan: {} {}",
            row.name, row.verdict, plan.code, plan.stderr
        )
    })
}

/// For each directory why Go refuses its certificates, or nothing.
fn as_go_judges(directories: &[impl AsRef<Path>]) -> Vec<String> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/verifier");
    assert!(program.is_file(), "run scripts/clients first");
    let mut command = Command::new(program);
    command.arg("192.0.2.1").args(directories.iter().map(AsRef::as_ref)).env_remove("GODEBUG");
    let told = outcome(&mut command).expect_code(0).stdout;
    let answers: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!(answers.len(), directories.len());
    answers.iter().map(|answer| answer["refused"].as_str().expect("a text").to_owned()).collect()
}
