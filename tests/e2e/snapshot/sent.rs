//! A snapshot that is sent as it comes: to a command, or to standard output.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use super::{etcdutl_status, fill, json, manifest_of, names, status, zone_of};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, processes_named};

/// A line that keeps what comes, each file under its name.
#[track_caller]
fn kept(zone: &TestZone) -> (PathBuf, String) {
    let directory = zone.around().join("elsewhere");
    fs::create_dir_all(&directory).expect("a directory");
    let line = format!("umask 077; cat >{}/$ZONE_ETCD_SNAPSHOT", directory.display());
    (directory, line)
}

#[track_caller]
fn files(directory: &PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn a_command_gets_the_snapshot_and_then_its_manifest() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (elsewhere, line) = kept(&zone);
        zone.run(&["snapshot", "save", "--to-command", &line]).expect_code(0);
        let [file, manifest] = files(&elsewhere).try_into().expect("two files");
        assert_eq!(manifest_of(&file), manifest);
        status(&zone, &file, &["--signed"]).expect_code(0);
        assert_eq!(etcdutl_status("3.7.3", &file)["totalKey"].as_u64().map(|keys| keys >= 3), Some(true));
        zone.run(&["snapshot", "verify", file.to_str().expect("a path")]).expect_code(0);

        assert_eq!(names(&zone), ["sent"], "nothing of it is on the disk here");
        let seen = json(&zone.run(&["status", "--format", "json"]).expect_code(0));
        assert!(seen["snapshots"]["last_good"].is_string(), "{seen:#}");
    });
}

/// Neither is there a manifest, nor does it count as a good one.
#[test]
fn what_a_command_does_not_take_is_no_snapshot() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let told = zone.run(&["snapshot", "save", "--to-command", "cat >/dev/null; exit 3"]).expect_code(69);
        told.expect_error_with(&["the command did not take example.zone-", "exit status: 3"]);
        let told = zone.run(&["snapshot", "save", "--to-command", "exec <&-; exit 0"]);
        assert_ne!(told.code, 0, "it has read nothing: {}", told.stderr);
        let seen = json(&zone.run(&["status", "--format", "json"]).expect_code(0));
        assert!(seen["snapshots"]["last_good"].is_null(), "{seen:#}");
        zone.run(&["snapshot", "save", "--to-command", "cat", "--keep", "3"]).expect_code(64);
    });
}

/// What the pipe has of it when its reader goes is lost, and no write fails. One that stays without an
/// input is not waited for.
#[test]
fn a_command_that_closes_its_input_unread_has_taken_nothing() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        for end in ["exit 0", "exec sleep 600 <&-"] {
            let mark = zone.around().join("mark");
            let line = format!("until [ -e {} ]; do sleep 0.01; done; {end}", mark.display());
            let mut command = zone.command(&["snapshot", "save", "--to-command", &line]);
            let mut saving = Running::start(&mut command, zone.around(), "saving");
            saving.wait_for_line(&["waiting until the command has stored"]);
            fs::write(&mark, "").expect("a mark");
            let told = saving.outcome().expect_code(69);
            told.expect_error_with(&["the command did not take", "it has not read all that it was given"]);
            assert!(processes_named("sleep").is_empty(), "{end}: it was ended");
            fs::remove_file(&mark).expect("the mark");
        }
    });
}

#[test]
fn a_command_that_takes_nothing_is_given_up() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        fill(&zone, 2);
        zone.run(&["snapshot", "save", "--to-command", "exec sleep 600", "--stall-timeout", "1s"])
            .expect_code(73)
            .expect_error_with(&["the command has taken nothing for 1s"]);
        assert!(processes_named("sleep").is_empty(), "it was ended");
        let seen = json(&zone.run(&["status", "--format", "json"]).expect_code(0));
        assert!(seen["snapshots"]["last_good"].is_null(), "{seen:#}");
    });
}

#[test]
fn standard_output_is_the_snapshot_and_nothing_else() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let file = zone.around().join("copy.db");
        let mut command = zone.command(&["snapshot", "save", "--to", "-"]);
        command.stdout(fs::File::create(&file).expect("a file")).stderr(Stdio::piped());
        let ended = command.output().expect("zone-etcd runs");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let [manifest] = files(&zone.file("snapshots/sent")).try_into().expect("a manifest");
        let named = file.with_file_name(manifest.with_extension("db").file_name().expect("a name"));
        fs::rename(&file, &named).expect("its name");
        fs::copy(&manifest, manifest_of(&named)).expect("beside it");
        status(&zone, &named, &["--signed"]).expect_code(0);
    });
}
