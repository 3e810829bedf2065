//! A bundled etcd whose bytes are not those of its manifest, at the first start and after one.

use super::untouched;
use crate::harness::programs::write_program;
use crate::harness::{Outcome, TestZone, outcome};
use crate::support::{FakeBundle, StandIn, one_member, replace_in};

fn run(zone: &TestZone, etcd: &str) -> Outcome {
    outcome(&mut zone.command(&["run", "--node", "node1", "--etcd", etcd]))
}

#[track_caller]
fn refused(zone: &TestZone, bundle: &FakeBundle) {
    let started = bundle.directory.join("etcd.arguments");
    let _ = std::fs::remove_file(&started);
    let etcd = bundle.as_argument();
    let texts = ["was altered: its SHA-256 is", "the bundle's manifest says", "scripts/bundle-etcd"];
    untouched(zone, &["run", "--node", "node1", "--etcd", &etcd], 65, &texts);
    untouched(zone, &["plan", "--node", "node1", "--etcd", &etcd], 65, &texts);
    assert!(!started.exists(), "the altered etcd was started");
}

/// The same number of bytes, other bytes.
fn alter(bundle: &FakeBundle) {
    let text = std::fs::read_to_string(bundle.etcd()).expect("the stand-in");
    write_program(&bundle.etcd(), text.replace("as it was bundled", "as it was altered"));
}

#[test]
fn before_the_first_start() {
    let zone = one_member();
    let bundle = FakeBundle::new(zone.around(), "3.7.3");
    run(&zone, &bundle.as_argument()).expect_code(0);
    let zone = one_member();
    let bundle = FakeBundle::new(zone.around(), "3.7.3");
    alter(&bundle);
    refused(&zone, &bundle);
    let text = std::fs::read_to_string(bundle.etcd()).expect("the stand-in");
    write_program(&bundle.etcd(), &(text + "# longer\n"));
    refused(&zone, &bundle);
}

#[test]
fn after_a_start_that_found_it_sound() {
    let zone = one_member();
    let bundle = FakeBundle::new(zone.around(), "3.7.3");
    run(&zone, &bundle.as_argument()).expect_code(0);
    alter(&bundle);
    refused(&zone, &bundle);
}

/// Setting the time of modification back does not hide a write: the kernel sets the time of change itself.
#[test]
fn with_its_time_of_modification_set_back() {
    let zone = one_member();
    let bundle = FakeBundle::new(zone.around(), "3.7.3");
    run(&zone, &bundle.as_argument()).expect_code(0);
    let before = std::fs::metadata(bundle.etcd()).expect("the file").modified().expect("a time");
    let text = std::fs::read_to_string(bundle.etcd()).expect("the stand-in");
    // Written in place, so that even the inode stays.
    std::fs::write(bundle.etcd(), text.replace("as it was bundled", "as it was altered")).expect("altered");
    let file = std::fs::File::options().append(true).open(bundle.etcd()).expect("the file");
    file.set_modified(before).expect("the time is set back");
    drop(file);
    refused(&zone, &bundle);
}

/// What a start found out is believed while the file stays the same: the digest is then not taken again. It
/// is seen by writing another digest into the record.
#[test]
fn a_file_that_stays_the_same_is_not_digested_again() {
    let zone = one_member();
    let bundle = FakeBundle::new(zone.around(), "3.7.3");
    run(&zone, &bundle.as_argument()).expect_code(0);
    let record = zone.file("nodes/node1/verified-etcd.json");
    let text = std::fs::read_to_string(&record).expect("the record");
    let known: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let digest = known["sha256"].as_str().expect("a digest").to_owned();
    replace_in(&record, &digest, &"0".repeat(64));
    let said = format!("its SHA-256 is {}", "0".repeat(64));
    let etcd = bundle.as_argument();
    untouched(&zone, &["plan", "--node", "node1", "--etcd", &etcd], 65, &[&said]);
    // Once it is touched, its own bytes count again.
    let status = std::process::Command::new("touch").arg(bundle.etcd()).status().expect("touch runs");
    assert!(status.success());
    run(&zone, &etcd).expect_code(0);
    let text = std::fs::read_to_string(&record).expect("the record");
    assert!(text.contains(&digest), "the new record has the digest: {text}");
}

#[test]
fn a_record_that_is_damaged_costs_a_digest_and_no_more() {
    let zone = one_member();
    let bundle = FakeBundle::new(zone.around(), "3.7.3");
    run(&zone, &bundle.as_argument()).expect_code(0);
    for text in ["", "{", "[]", "{\"identity\": 1}"] {
        std::fs::write(zone.file("nodes/node1/verified-etcd.json"), text).expect("the record");
        run(&zone, &bundle.as_argument()).expect_code(0);
    }
    std::fs::write(zone.file("nodes/node1/verified-etcd.json"), "{").expect("the record");
    alter(&bundle);
    refused(&zone, &bundle);
}

/// An etcd without a manifest is asked for its version, once.
#[test]
fn one_without_a_manifest_is_asked_again_only_when_it_changed() {
    let zone = one_member();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    run(&zone, etcd.as_argument()).expect_code(0);
    assert_eq!(etcd.times_asked(), 1);
    run(&zone, etcd.as_argument()).expect_code(0);
    zone.run(&["plan", "--node", "node1", "--etcd", etcd.as_argument()]).expect_code(0);
    assert_eq!(etcd.times_asked(), 1, "nothing has changed");
    let etcd = StandIn::new(zone.around(), "3.4.1");
    untouched(
        &zone,
        &["run", "--node", "node1", "--etcd", etcd.as_argument()],
        78,
        &["etcd 3.4.1 is not supported"],
    );
}
