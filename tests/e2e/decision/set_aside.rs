//! `--move-data-aside`: what does not fit is put aside and never deleted, and not where votes would be lost.

use std::path::PathBuf;

use super::{client, issued_zone, refused, run_with};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, plan, start_alone, wait_for_quorum};
use crate::harness::processes::Running;

fn set_aside(zone: &TestZone) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(zone.file("nodes/node1")).expect("a directory").flatten();
    entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("/data.aside-")).collect()
}

#[test]
fn plan_refuses_foreign_data() {
    isolated(|| {
        let (one, other) = (issued_zone(1), issued_zone(1));
        let mut member = start_alone(&one);
        call(&client(&one, 1), &["put", "whose", "of the one"]).expect_code(0);
        member.stop();
        let ids =
            [&one, &other].map(|zone| plan(zone, "node1")["cluster_id"].as_str().expect("an id").to_owned());
        std::fs::rename(one.file("nodes/node1/data"), other.file("nodes/node1/data"))
            .expect("the data moves");
        let [found, expected] = &ids;
        let texts = [found, expected, "but this zone's is member", "run --node node1 --move-data-aside"];
        refused(&other, "node1", &[], 65, &texts);
        assert!(!other.file("nodes/node1/state.json").exists(), "the refused start is not recorded as one");
        let mut member =
            Running::start(&mut run_with(&other, "node1", &["--move-data-aside"]), other.around(), "node1");
        wait_for_quorum(&client(&other, 1));
        assert_eq!(call(&client(&other, 1), &["get", "whose"]).stdout, "", "a new cluster");
        member.stop();

        // What was put aside is whole: back in its place it goes on.
        let aside = set_aside(&other);
        let [aside] = &aside[..] else { panic!("{aside:?}") };
        std::fs::rename(aside, one.file("nodes/node1/data")).expect("the data moves back");
        let _member = start_alone(&one);
        let value = call(&client(&one, 1), &["get", "whose", "--print-value-only"]).stdout;
        assert_eq!(value.trim(), "of the one");
    });
}

#[test]
fn plan_refuses_data_without_log() {
    isolated(|| {
        let zone = issued_zone(1);
        let left = zone.file("nodes/node1/data/member/snap");
        std::fs::create_dir_all(&left).expect("a directory");
        std::fs::write(left.join("db"), "what is left").expect("a file");
        let mode = |path: &str| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            std::fs::set_permissions(zone.file(path), mode).expect("a mode");
        };
        mode("nodes/node1/data");
        refused(&zone, "node1", &[], 65, &["no write-ahead log", "run --node node1 --move-data-aside"]);
        let mut member =
            Running::start(&mut run_with(&zone, "node1", &["--move-data-aside"]), zone.around(), "node1");
        wait_for_quorum(&client(&zone, 1));
        member.stop();
        let aside = set_aside(&zone);
        let [aside] = &aside[..] else { panic!("{aside:?}") };
        assert_eq!(std::fs::read_to_string(aside.join("member/snap/db")).expect("a file"), "what is left");
    });
}

/// A member that has voted does not get rid of its votes by putting them aside, with or without its state.
#[test]
fn votes_are_not_put_aside() {
    isolated(|| {
        let zone = issued_zone(1);
        start_alone(&zone).stop();
        refused(&zone, "node1", &["--move-data-aside"], 65, &["lost its votes"]);
        std::fs::remove_file(zone.file("nodes/node1/state.json")).expect("the state");
        refused(&zone, "node1", &["--move-data-aside"], 65, &["lost its votes"]);
        assert_eq!(set_aside(&zone), Vec::<PathBuf>::new(), "nothing was moved");
        let _member = start_alone(&zone);
    });
}
