//! The same call again: after nothing, after a change, after an interruption.

use std::fs;

use super::{bundle, file, inspect, log, out, plain, row, zone};
use crate::support::{Refusal, Tree, append};

#[test]
fn nothing_has_changed() {
    let zone = zone();
    plain(&zone, &[]);
    let (zone_before, out_before) = (Tree::of(&zone.path()), Tree::of(&out(&zone)));
    let report = plain(&zone, &[]);
    assert!(["node1", "worker"].iter().all(|node| row(&report, node)["written"] == false));
    Tree::of(&zone.path()).assert_same_as(&zone_before, "a second call");
    Tree::of(&out(&zone)).assert_same_as(&out_before, "a second call");
}

/// However often bundles are made, a node has one live certificate for each role.
#[test]
fn certificates_that_live_are_not_issued_again() {
    let zone = zone();
    zone.run(&["pki", "issue", "node1"]).expect_code(0);
    plain(&zone, &[]);
    let issued = log(&zone, "issued.jsonl").len();
    for name in ["node1", "node2"] {
        fs::remove_file(file(&zone, name)).expect("a bundle");
    }
    plain(&zone, &[]);
    plain(&zone, &["--allow-bootstrap", "node1"]);
    assert_eq!(log(&zone, "issued.jsonl").len(), issued);
    let mut holders: Vec<String> = log(&zone, "issued.jsonl")
        .iter()
        .map(|entry| format!("{} {}", entry["node"], entry["role"]))
        .collect();
    holders.sort_unstable();
    let count = holders.len();
    holders.dedup();
    assert_eq!(holders.len(), count, "a role of a node was issued twice");
}

#[test]
fn an_older_bundle_is_kept_beside_the_new_one() {
    let zone = zone();
    plain(&zone, &["node1", "node2"]);
    let first = fs::read(file(&zone, "node1")).expect("a bundle");
    append(&zone.file("zone.toml"), "[etcd]\nheartbeat = \"150ms\"\nelection = \"2s\"\n");
    let report = plain(&zone, &["node1"]);
    assert_eq!(
        (&row(&report, "node1")["written"], &row(&report, "node1")["sequence"]),
        (&true.into(), &2.into())
    );
    assert!(fs::read(out(&zone).join("node1.bundle.1")).expect("the first") == first);
    inspect(&out(&zone).join("node1.bundle.1"), &[]).expect_code(0);
    assert!(!out(&zone).join("node2.bundle.1").exists(), "another node's is left alone");
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let zone = zone();
    fs::create_dir(out(&zone)).expect("a directory");
    fs::write(file(&zone, "node1"), "somebody's").expect("a file");
    bundle(&zone, &["node1", "--no-encryption"])
        .expect_refusal(73, &["is there already", "not a bundle of this zone"]);
    assert_eq!(fs::read_to_string(file(&zone, "node1")).expect("the file"), "somebody's");
    assert!(log(&zone, "bundles.jsonl").is_empty());

    fs::remove_file(file(&zone, "node1")).expect("the file");
    fs::create_dir(out(&zone).join(".node1.bundle.partial")).expect("a directory");
    bundle(&zone, &["node1", "--no-encryption"]).expect_refusal(73, &["is in the way"]);
}

/// It was written and recorded, and the call ended before it had its name.
#[test]
fn a_recorded_file_gets_its_name() {
    let zone = zone();
    plain(&zone, &["node1"]);
    let whole = fs::read(file(&zone, "node1")).expect("a bundle");
    fs::rename(file(&zone, "node1"), out(&zone).join(".node1.bundle.partial"))
        .expect("its name is taken away");
    let report = plain(&zone, &["node1"]);
    assert_eq!(row(&report, "node1")["written"], false);
    assert!(fs::read(file(&zone, "node1")).expect("a bundle") == whole, "the right in it is not lost");
    assert_eq!(log(&zone, "bundles.jsonl").len(), 1);
}

/// It was not recorded, so nobody has it: a new one is made, with the same right.
#[test]
fn a_file_that_was_not_recorded_is_made_again() {
    let zone = zone();
    plain(&zone, &["node1"]);
    let partial = out(&zone).join(".node1.bundle.partial");
    fs::rename(file(&zone, "node1"), &partial).expect("its name is taken away");
    fs::remove_file(zone.file("bundles.jsonl")).expect("the log");
    let report = plain(&zone, &["node1"]);
    assert_eq!(
        (&row(&report, "node1")["written"], &row(&report, "node1")["sequence"]),
        (&true.into(), &1.into())
    );
    assert!(!partial.exists());
    inspect(&file(&zone, "node1"), &[]).expect_code(0);
}
