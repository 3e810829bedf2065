//! What is not restored, by name; and what is told.

use std::fs;
use std::path::Path;

use super::{begin, keys, kill, restore, start, zone_members};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, fill_database, loopback_zone, start_alone};
use crate::harness::processes::until;
use crate::snapshot::{copy, manifest_of, save, zone_of};

#[test]
fn a_snapshot_that_is_not_whole_or_of_another_zone() {
    isolated(|| {
        let (zone, mut running) = zone_of(1, "");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        let refused = |file: &Path, code: i32, texts: &[&str]| {
            let told = zone.run(&["snapshot", "restore", file.to_str().expect("a path"), "--yes"]);
            told.expect_code(code).expect_error_with(texts);
        };
        let flipped = copy(&zone, &file, "flipped");
        let mut bytes = fs::read(&flipped).expect("a snapshot");
        bytes[9000] ^= 1;
        fs::write(&flipped, &bytes).expect("a snapshot");
        refused(&flipped, 65, &["the last 32 bytes", "SHA-256"]);
        let cut = copy(&zone, &file, "cut");
        let whole = fs::read(&cut).expect("a snapshot");
        fs::write(&cut, &whole[..whole.len() - 4096]).expect("a snapshot");
        refused(&cut, 65, &["bytes, and", "in the manifest"]);
        let bare = copy(&zone, &file, "bare");
        fs::remove_file(manifest_of(&bare)).expect("a manifest");
        refused(&bare, 66, &["no manifest beside it", "--allow-missing-manifest"]);
        let other = TestZone::init("other.zone", &["node1=127.0.0.1"]);
        let told = other.run(&["snapshot", "restore", file.to_str().expect("a path"), "--yes"]);
        told.expect_code(65).expect_error_with(&["it is of the zone example.zone, not of other.zone"]);
        assert!(!zone.file("ca/restored.json").exists(), "nothing has begun");

        // By its own digest alone, where that is said.
        let mut restoring = begin(&zone, &bare, &["--allow-missing-manifest"]);
        restoring.wait_for_line(&["has to be started"]);
        let _running = zone_members(&zone);
        assert!(restoring.end().success(), "{}", restoring.stderr());
    });
}

/// It is told what would be done, and nothing is.
#[test]
fn a_dry_run_changes_nothing() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        let (file, _) = save(&zone, &[]);
        let path = file.to_str().expect("a path");
        let told = zone.run(&["snapshot", "restore", path, "--dry-run", "-o", "json"]).expect_code(78);
        assert!(told.stdout.contains("a quorum of its members answers"), "{}", told.stdout);
        // One that is left out, and runs on, would serve what it has.
        running.drain(1..).for_each(drop);
        let without = ["snapshot", "restore", path, "--without", "node1", "--dry-run"];
        zone.run(&without).expect_code(78).expect_error_with(&["node1 runs, and is not restored"]);
        drop(running);
        let told = zone.run(&["snapshot", "restore", path, "--dry-run"]).expect_code(0);
        for step in ["restored beside its data", "its data set aside", "holds the same data"] {
            assert!(told.stdout.contains(step), "no `{step}`: {}", told.stdout);
        }
        assert!(!zone.file("ca/restored.json").exists());
        zone.run(&["snapshot", "restore", path]).expect_code(64).expect_error_with(&["--yes"]);
        assert!(!zone.file("ca/restored.json").exists());
    });
}

/// The alarm is in the data: it is told, with the way out.
#[test]
fn the_alarm_that_comes_along_is_told() {
    isolated(|| {
        let zone = loopback_zone(1, "[etcd]\nquota = \"16MiB\"\n");
        zone.run(&["init"]).expect_code(0);
        let member = start_alone(&zone);
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        fill_database(&zone, &client);
        // Of etcd's own tool, which makes no manifest.
        let file = zone.around().join("full.db");
        until("a snapshot", || {
            let saved = call(&client, &["snapshot", "save", file.to_str().expect("a path")]);
            (saved.code == 0).then_some(())
        });
        drop(member);
        let mut restoring = begin(&zone, &file, &["--allow-missing-manifest"]);
        restoring.wait_for_line(&["has to be started"]);
        let _running = start(&zone, &["node1"]);
        assert!(restoring.end().success(), "{}", restoring.stderr());
        assert!(
            restoring.stderr().contains("the alarm NOSPACE came with the data"),
            "{}",
            restoring.stderr()
        );
        assert!(restoring.stderr().contains("zone-etcd doctor"), "{}", restoring.stderr());
    });
}

/// A zone whose token is written in zone.toml has another one there afterwards.
#[test]
fn the_token_in_the_description_is_another_afterwards() {
    isolated(|| {
        let (zone, mut running) = zone_of(1, "[etcd]\ntoken = \"first\"\n");
        let (file, _) = save(&zone, &[]);
        kill(&mut running);
        let (_, _running) = restore(&zone, &file, &[]);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let token = fs::read_to_string(zone.file("ca/token")).expect("a token");
        assert!(text.contains(&format!("token = \"{}\"", token.trim())), "{text}");
        call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["get", "one"]).expect_code(0);
        zone.run(&["status"]).expect_code(0);
    });
}

/// Back to what was, of a zone that works.
#[test]
fn although_a_quorum_answers() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        let (file, _) = save(&zone, &[]);
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        call(&client, &["put", "four", "is taken back"]).expect_code(0);
        let mut restoring = begin(&zone, &file, &["--although-quorum-answers"]);
        restoring.wait_for_line(&["has to be started"]);
        // Each was stopped, and its supervisor's start refused or under way again.
        for member in &mut running {
            if member.has_ended() {
                member.start_again();
            }
        }
        assert!(restoring.end().success(), "{}", restoring.stderr());
        assert_eq!(keys(&zone, 2399), ["one", "three", "two"]);
    });
}
