//! A snapshot that does not come to its end has no name, and the next one takes away what is left of it.

use std::fs;

use nix::sys::signal::Signal;

use super::{fill, names, save, zone_of};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, until};

/// So large that it takes a while.
const MEBIBYTES: usize = 64;

/// Begins a snapshot of `node2`, and returns once some of it has come.
#[track_caller]
fn begun(zone: &TestZone, more: &[&str]) -> Running {
    let mut command = zone.command(&[&["snapshot", "save", "--from", "node2"], more].concat());
    let saving = Running::start(&mut command, zone.around(), "saving");
    until("the first bytes", || {
        let part = names(zone).into_iter().find(|name| name.ends_with(".part"))?;
        let size = fs::metadata(zone.file("snapshots").join(part)).ok()?.len();
        (size > 0).then_some(())
    });
    saving
}

#[test]
fn a_member_that_freezes_in_the_middle_is_given_up() {
    isolated(|| {
        let (zone, running) = zone_of(3, "");
        fill(&zone, MEBIBYTES);
        let mut saving = begun(&zone, &["--stall-timeout", "3s"]);
        running[1].signal(Signal::SIGSTOP);
        let second = zone.run(&["snapshot", "save", "--from", "node1"]);
        let told = saving.outcome();
        running[1].signal(Signal::SIGCONT);
        second.expect_code(75).expect_error_with(&["another operation on this zone", "snapshot save"]);
        told.expect_code(69).expect_error_with(&["node2 does not send its database", "nothing came for 3s"]);
        assert_eq!(names(&zone), Vec::<String>::new());
    });
}

/// It is not to take what is not whole for all of it: it never sees an end.
#[test]
fn a_command_that_gets_a_part_is_ended() {
    isolated(|| {
        let (zone, running) = zone_of(3, "");
        fill(&zone, MEBIBYTES);
        let file = |name: &str| zone.around().join(name);
        let line = "head -c 1000 >begun; until [ -e go ]; do sleep 0.1; done; cat >part; touch finished";
        let options = ["--from", "node2", "--stall-timeout", "3s", "--to-command", line];
        let mut command = zone.command(&[&["snapshot", "save"], &options[..]].concat());
        let mut saving = Running::start(command.current_dir(zone.around()), zone.around(), "saving");
        until("the first bytes", || fs::metadata(file("begun")).ok().filter(|begun| begun.len() > 0));
        running[1].signal(Signal::SIGSTOP);
        fs::write(file("go"), "").expect("a mark");
        let told = saving.outcome();
        running[1].signal(Signal::SIGCONT);
        told.expect_code(69).expect_error_with(&["node2 does not send its database", "nothing came for 3s"]);
        assert!(file("part").exists() && !file("finished").exists(), "it has seen an end");
        assert_eq!(fs::read_dir(zone.file("snapshots/sent")).expect("a directory").count(), 0);
    });
}

#[test]
fn what_a_killed_one_leaves_is_taken_away() {
    isolated(|| {
        let (zone, _running) = zone_of(3, "");
        fill(&zone, MEBIBYTES);
        let mut saving = begun(&zone, &[]);
        saving.signal(Signal::SIGKILL);
        saving.end();
        let left = names(&zone);
        assert!(left.len() == 1 && left[0].ends_with(".db.part"), "{left:?}");
        save(&zone, &[]);
        let names = names(&zone);
        assert!(names.len() == 2 && names.iter().all(|name| !name.ends_with(".part")), "{names:?}");
    });
}

/// 100 MB, from the first byte to the drill.
#[test]
fn long_a_large_one_is_whole_and_restores() {
    isolated(|| {
        let (zone, _running) = zone_of(3, "");
        fill(&zone, 100);
        let (file, saved) = save(&zone, &[]);
        assert!(saved["manifest"]["size"].as_u64().expect("a size") > 100 << 20);
        zone.run(&["snapshot", "verify", file.to_str().expect("a path")]).expect_code(0);
    });
}
