//! The right to bootstrap goes out once for each member, and for one cluster.

use serde_json::Value;
use store::zone_directory::{CaPassphrase, ZoneDirectory};

use super::{NODES, bundle, file, inspect, log, plain, row, zone};
use crate::harness::TestZone;
use crate::support::{Refusal, append, replace_in, write_log};

/// Whether the bundle of a node has the right, as the bundle itself says.
fn may(zone: &TestZone, node: &str) -> bool {
    let inspected = inspect(&file(zone, node), &["--format", "json"]).expect_code(0);
    let inspected: Value = serde_json::from_str(&inspected.stdout).expect("JSON");
    inspected["manifest"]["may_bootstrap"].as_bool().expect("a boolean")
}

/// Makes a bundle of other content necessary.
fn change(zone: &TestZone) {
    append(&zone.file("zone.toml"), "[etcd]\nheartbeat = \"150ms\"\nelection = \"2s\"\n");
}

#[test]
fn the_first_bundle_of_a_member_has_it_and_later_ones_do_not() {
    let zone = zone();
    let first = plain(&zone, &[]);
    for node in ["node1", "node2", "node3"] {
        assert!(may(&zone, node), "{node}");
        assert!(row(&first, node).get("joins_only_because").is_none());
    }
    assert!(!may(&zone, "worker"), "no member runs there");
    // Made again without a change, it is the same bundle.
    plain(&zone, &[]);
    assert!(may(&zone, "node1"));
    change(&zone);
    let second = plain(&zone, &[]);
    for node in ["node1", "node2", "node3"] {
        assert!(!may(&zone, node), "{node}");
        let why = row(&second, node)["joins_only_because"].as_str().expect("a reason");
        assert!(why.contains("had a bundle before"), "{why}");
    }
    assert!(row(&second, "worker").get("joins_only_because").is_none());
    let records = log(&zone, "bundles.jsonl");
    let rights = records.iter().filter(|record| record["may_bootstrap"] == true).count();
    assert_eq!(rights, 3, "one for each member");
}

/// A rebuilt machine gets a new bundle, and can only join with it.
#[test]
fn a_lost_file_does_not_bring_it_back() {
    let zone = zone();
    plain(&zone, &["node1"]);
    std::fs::remove_file(file(&zone, "node1")).expect("the bundle");
    let told = bundle(&zone, &["node1", "--no-encryption"]).expect_code(0);
    assert!(!may(&zone, "node1"));
    assert!(told.stderr.contains("may only join a cluster that runs: node1"), "{}", told.stderr);
    let all = "bundle node1 --allow-bootstrap node1 --out";
    assert!(told.stderr.contains(all) && told.stderr.contains("--no-encryption"), "{}", told.stderr);
    assert_eq!(log(&zone, "bundles.jsonl").last().expect("a record")["sequence"], 2);
}

/// Nobody can see that a machine was rebuilt, and its first bundle is there still.
#[test]
fn the_bundle_for_a_rebuilt_machine_is_another() {
    let zone = zone();
    let told = bundle(&zone, &["--no-encryption"]).expect_code(0);
    assert!(told.stderr.contains("may bootstrap the cluster until 20"), "{}", told.stderr);
    assert!(told.stderr.contains("bundle it with --rebuilt NODE"), "{}", told.stderr);
    let report = plain(&zone, &["node1", "--rebuilt", "node1"]);
    assert!(!may(&zone, "node1"));
    let row = row(&report, "node1");
    assert!(row["joins_only_because"].as_str().expect("a reason").contains("rebuilt"), "{row}");
    assert_eq!((&row["written"], &row["sequence"]), (&true.into(), &2.into()));
    // Once more, it is the same bundle.
    let again = plain(&zone, &["node1", "--rebuilt", "node1"]);
    assert_eq!(super::row(&again, "node1")["written"], false);
    for wrong in [["node1", "--rebuilt", "node2"], ["worker", "--rebuilt", "worker"]] {
        bundle(&zone, &[&wrong[..], &["--no-encryption"]].concat()).expect_refusal(64, &["--rebuilt"]);
    }
    let both = ["node1", "--rebuilt", "node1", "--allow-bootstrap", "node1", "--no-encryption"];
    bundle(&zone, &both).expect_refusal(64, &["may have voted before"]);
}

#[test]
fn the_operator_can_give_it_again() {
    let zone = zone();
    plain(&zone, &["node1", "node2"]);
    std::fs::remove_file(file(&zone, "node1")).expect("the bundle");
    plain(&zone, &["node1"]);
    assert!(!may(&zone, "node1"));
    // Nothing else has changed, but the bundle that is there does not say what it is to say.
    plain(&zone, &["node1", "node2", "--allow-bootstrap", "node1"]);
    assert!(may(&zone, "node1") && may(&zone, "node2"));
    let sequences: Vec<u64> = log(&zone, "bundles.jsonl")
        .iter()
        .filter(|record| record["node"] == "node1.example.zone")
        .map(|record| record["sequence"].as_u64().expect("a number"))
        .collect();
    assert_eq!(sequences, [1, 2, 3]);
}

/// Its id follows from the list of members: with another list it would found another cluster.
#[test]
fn a_member_that_is_added_later_only_joins() {
    let zone = zone();
    plain(&zone, &[]);
    append(&zone.file("zone.toml"), "[[node]]\nname = \"node4\"\naddress = \"10.0.1.5\"\n");
    let report = plain(&zone, &["node4"]);
    assert!(!may(&zone, "node4"));
    let why = row(&report, "node4")["joins_only_because"].as_str().expect("a reason");
    assert!(why.contains("another cluster"), "{why}");
}

/// Of the same cluster, however late its bundle is made, it is a founding member.
#[test]
fn a_founding_member_may_come_later() {
    let zone = zone();
    plain(&zone, &["node1"]);
    plain(&zone, &["node3"]);
    assert!(may(&zone, "node1") && may(&zone, "node3"));
}

#[test]
fn a_member_that_has_run_from_here_only_joins() {
    let zone = zone();
    std::fs::create_dir_all(zone.file("nodes/node1/data")).expect("a directory");
    write_log(&zone.file("nodes/node1/data"), 1, 2);
    let report = plain(&zone, &[]);
    let why = row(&report, "node1")["joins_only_because"].as_str().expect("a reason");
    assert!(why.contains("has run from this zone directory"), "{why}");
    assert!(may(&zone, "node2"), "the others may still found it with node1");
}

/// Who was given the right, nobody knows then.
#[test]
fn a_log_that_cannot_be_read_gives_it_to_nobody() {
    let zone = zone();
    plain(&zone, &["node1"]);
    replace_in(
        &zone.file("bundles.jsonl"),
        "node1.example.zone\",\"sequence",
        "node1.example.zone\"!\"sequence",
    );
    let report = plain(&zone, &["node2"]);
    let why = row(&report, "node2")["joins_only_because"].as_str().expect("a reason");
    assert!(why.contains("bundles.jsonl has lines that cannot be read"), "{why}");
}

/// Whose directory the node has, is then not to be told from the record.
#[test]
fn a_record_that_cannot_be_read_is_of_the_node_that_it_names() {
    let zone = zone();
    plain(&zone, &["node1"]);
    replace_in(&zone.file("bundles.jsonl"), "\"sequence\":1", "\"sequence\":");
    let opened =
        ZoneDirectory::open(&zone.path(), CaPassphrase::new(None, None).expect("none")).expect("a zone");
    assert_eq!(["node1", "node2"].map(|node| opened.has_bundled(node)), [true, false]);
}

/// Who had a bundle is asked of thousands of nodes in one operation, which makes bundles meanwhile. The log
/// is read on from where it ended, and from its beginning where it is another one.
#[test]
fn a_bundle_that_is_made_meanwhile_counts() {
    let zone = zone();
    let opened =
        ZoneDirectory::open(&zone.path(), CaPassphrase::new(None, None).expect("none")).expect("a zone");
    let had = || ["node1", "node2", "node3"].map(|node| opened.has_bundled(node));
    assert_eq!(had(), [false, false, false], "there is no log");
    plain(&zone, &["node1"]);
    assert_eq!(had(), [true, false, false]);
    let only_one = std::fs::read(zone.file("bundles.jsonl")).expect("the log");
    plain(&zone, &["node2"]);
    assert_eq!(had(), [true, true, false], "the next line");

    let whole = std::fs::read(zone.file("bundles.jsonl")).expect("the log");
    append(&zone.file("bundles.jsonl"), "{\"node\":\"node3.example.zone\"");
    assert_eq!(had(), [true, true, true], "a line that is cut off may be of the node that it names");
    std::fs::write(zone.file("bundles.jsonl"), &whole).expect("the log");
    assert_eq!(had(), [true, true, false], "the same without it");
    std::fs::write(zone.file("bundles.jsonl"), &only_one).expect("the log");
    assert_eq!(had(), [true, false, false], "a copy was put back");
    std::fs::remove_file(zone.file("bundles.jsonl")).expect("the log");
    assert_eq!(had(), [false, false, false], "there is no log again");
}

/// A zone whose log is gone with everything else is a new zone, and has other certificates.
#[test]
fn another_zone_founds_another_cluster() {
    let zones = [zone(), TestZone::described(NODES)];
    zones[1].run(&["init"]).expect_code(0);
    let clusters = zones.map(|zone| row(&plain(&zone, &["node1"]), "node1")["cluster_id"].clone());
    assert_ne!(clusters[0], clusters[1]);
}
