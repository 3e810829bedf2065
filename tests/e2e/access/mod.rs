//! Members that the signing host reaches while they run: by the command itself, and by OpenSSH.

mod by_hand;
mod local;
mod owner;
mod ssh;

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::Outcome;

/// The roles and the ways in which they are in use, by node.
#[track_caller]
fn served(told: &Outcome, node: &str) -> Vec<String> {
    let rows: Vec<Value> = serde_json::from_str(&told.stdout).expect("JSON");
    let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
    rows.iter().filter(|row| text(row, "holder") == node).map(|row| text(row, "served")).collect()
}

/// The number of the generation that is in use in a directory of generations.
#[track_caller]
fn generation(pki: &Path) -> String {
    let link = fs::read_link(pki.join("current")).expect("a generation in use");
    link.file_name().expect("a name").to_string_lossy().into_owned()
}
