//! A snapshot that does not restore to what its manifest says, and what a drill leaves behind.

use std::fs;
use std::path::Path;

use super::{fill, json, manifest_of, save, zone_of};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, processes_named, until};
use crate::harness::terminal::OnTerminal;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[track_caller]
fn drill(zone: &TestZone, file: &Path) -> crate::harness::Outcome {
    zone.run(&["snapshot", "verify", file.to_str().expect("a path"), "-o", "json"])
}

/// What drills leave in the directory for temporary files.
fn left() -> Vec<String> {
    let entries = fs::read_dir(std::env::temp_dir()).expect("a directory");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with("zone-etcd-")).collect()
}

#[test]
fn what_does_not_come_back_is_named() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (file, saved) = save(&zone, &["--no-signature"]);
        let text = fs::read_to_string(manifest_of(&file)).expect("a manifest");
        let keys = &saved["manifest"]["keys"];
        fs::write(manifest_of(&file), text.replace(&format!("\"keys\": {keys}"), "\"keys\": 999"))
            .expect("a manifest");
        let told = drill(&zone, &file).expect_code(65).expect_error_with(&["the number of keys", "999"]);
        assert_eq!(json(&told)["drill"]["passed"], false);
        let hash = &saved["manifest"]["hash_kv"]["hash"];
        fs::write(manifest_of(&file), text.replace(&format!("\"hash\": {hash}"), "\"hash\": 1"))
            .expect("a manifest");
        drill(&zone, &file)
            .expect_code(65)
            .expect_error_with(&["the hash of the restored member", "00000001"]);
        let listed = zone.run(&["snapshot", "list", zone.file("snapshots").to_str().expect("a path")]);
        assert!(listed.stdout.contains("failed"), "{}", listed.stdout);
        fs::write(manifest_of(&file), text).expect("a manifest");
        drill(&zone, &file).expect_code(0);
        assert_eq!(left(), Vec::<String>::new());
    });
}

/// The members of the zone go on, and are the only ones.
#[test]
fn a_drill_that_is_ended_leaves_no_member_and_no_file() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        fill(&zone, 32);
        let (file, _) = save(&zone, &[]);
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            let mut command = zone.command(&["snapshot", "verify", file.to_str().expect("a path")]);
            let mut verifying = Running::start(&mut command, zone.around(), "verifying");
            until("the restored member", || (processes_named("etcd").len() == 2).then_some(()));
            verifying.signal(signal);
            assert!(!verifying.end().success());
            until("the end of the restored member", || (processes_named("etcd").len() == 1).then_some(()));
            if signal == Signal::SIGTERM {
                assert_eq!(left(), Vec::<String>::new());
            }
        }
    });
}

/// Where a line told how far the reading was.
#[test]
fn a_drill_that_is_interrupted_on_a_terminal_leaves_no_member_and_no_file() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);
        let mut command = zone.command(&["snapshot", "verify", file.to_str().expect("a path")]);
        let verifying = OnTerminal::start(&mut command);
        until("the restored member", || (processes_named("etcd").len() == 2).then_some(()));
        kill(Pid::from_raw(verifying.child.id() as i32), Signal::SIGINT).expect("it is there");
        let (told, status) = verifying.ended();
        assert!(!status.success(), "{told:?}");
        until("the end of the restored member", || (processes_named("etcd").len() == 1).then_some(()));
        assert_eq!(left(), Vec::<String>::new(), "{told:?}");
    });
}
