//! The keys of the CAs at rest, and where their passphrase comes from.

mod locking;
mod new_zone;
mod prompt;
mod sources;
mod use_of_keys;
mod wrong;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Outcome, TestZone, outcome};
use crate::support::three_members;

/// The passphrase of the zones here.
const RIGHT: &str = "correct horse";

/// A file with a passphrase, which nobody else may read.
fn passphrase_file(zone: &TestZone, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = zone.around().join(name);
    std::fs::write(&path, content).expect("a passphrase");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("a mode");
    path
}

/// A zone of which these keys are locked, and all if none is named, with the file that has the passphrase.
fn locked_zone(keys: &[&str]) -> (TestZone, PathBuf) {
    let zone = three_members();
    let file = passphrase_file(&zone, "passphrase", format!("{RIGHT}\n"));
    let mut arguments = vec!["ca", "lock"];
    keys.iter().for_each(|key| arguments.extend(["--key", key]));
    with_file(&zone, &arguments, &file).expect_code(0);
    (zone, file)
}

/// A call with `--ca-passphrase-file`.
#[track_caller]
fn with_file(zone: &TestZone, arguments: &[&str], file: &Path) -> Outcome {
    outcome(zone.command(arguments).arg("--ca-passphrase-file").arg(file))
}

/// A call that has no terminal, even if this test has one.
#[track_caller]
fn without_terminal(zone: &TestZone, arguments: &[&str]) -> Outcome {
    let command = zone.command(arguments);
    let mut detached = Command::new("setsid");
    detached
        .arg("--wait")
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(std::process::Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => detached.env(name, value),
            None => detached.env_remove(name),
        };
    }
    outcome(&mut detached)
}

/// `root locked, peer clear, client absent`, as `ca status` says.
pub fn states(zone: &TestZone) -> String {
    let shown = zone.run(&["ca", "status", "--format", "json"]).expect_code(0).stdout;
    let rows: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    let row = |row: &serde_json::Value| {
        format!("{} {}", row["key"].as_str().expect("a key"), row["state"].as_str().expect("a state"))
    };
    rows.as_array().expect("rows").iter().map(row).collect::<Vec<_>>().join(", ")
}

fn key(zone: &TestZone, stem: &str) -> Vec<u8> {
    std::fs::read(zone.file(&format!("ca/{stem}.key"))).expect("a key")
}
