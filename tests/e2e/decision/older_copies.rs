//! Data whose notes tell that it is an older copy, and notes that are lost, or all that is left.

use std::fs;

use super::founded_once::{copy_directory, data_of, stop, write_keys};
use super::{client, issued_zone, planned, refused, remove, run_with, running_zone, start};
use crate::harness::isolation::isolated;
use crate::harness::members::wait_for_quorum;
use crate::harness::processes::Running;

/// The newest note of a log is of its last start, of a check, or of `status` and `doctor`.
#[test]
fn refuses_a_log_that_went_back_in_time() {
    isolated(|| {
        for by_a_check in [false, true] {
            let (zone, mut members) = running_zone();
            members[0].stop();
            let copy = zone.around().join("copy");
            copy_directory(&data_of(&zone, "node1"), &copy);
            members[0] = start(&zone, "node1");
            wait_for_quorum(&client(&zone, 1));
            write_keys(&zone, 5);
            if by_a_check {
                zone.run(&["check", "--node", "node1"]);
            } else {
                members[0].stop();
                members[0] = start(&zone, "node1");
                wait_for_quorum(&client(&zone, 1));
            }
            members[0].stop();
            let newest = zone.around().join("newest");
            fs::rename(data_of(&zone, "node1"), &newest).expect("aside");
            copy_directory(&copy, &data_of(&zone, "node1"));
            let texts = ["the write-ahead log is an older copy", "commit index", "member replace node1"];
            refused(&zone, "node1", &[], 65, &texts);
            refused(&zone, "node1", &["--accept-older-data"], 65, &["is an older copy"]);
            // Its notes may be lost with its node directory: then it may be any copy.
            let state = zone.file("nodes/node1/state.json");
            let kept = fs::read(&state).expect("the state");
            fs::remove_file(&state).expect("the state is lost");
            refused(&zone, "node1", &[], 65, &["state.json is gone", "--data-is-current"]);
            refused(&zone, "node1", &["--data-is-current"], 65, &["is an older copy"]);
            fs::write(&state, kept).expect("it is found again");
            remove(&data_of(&zone, "node1"));
            fs::rename(&newest, data_of(&zone, "node1")).expect("the newest is back");
            members[0] = start(&zone, "node1");
            wait_for_quorum(&client(&zone, 1));
        }
    });
}

#[test]
fn goes_on_with_data_whose_notes_are_lost_by_the_word_of_the_operator() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        write_keys(&zone, 5);
        members[0].stop();
        for note in ["state.json", "high-water.json"] {
            let _ = fs::remove_file(zone.file(&format!("nodes/node1/{note}")));
        }
        refused(&zone, "node1", &[], 65, &["state.json is gone", "--data-is-current"]);
        members[0] =
            Running::start(&mut run_with(&zone, "node1", &["--data-is-current"]), zone.around(), "node1");
        wait_for_quorum(&client(&zone, 1));
        members[0].stop();
        planned(&zone, "node1", "resume", &["serves"]);
    });
}

#[test]
fn the_only_member_goes_on_with_an_older_copy_by_the_word_of_the_operator() {
    isolated(|| {
        let zone = issued_zone(1);
        let mut member = start(&zone, "node1");
        wait_for_quorum(&client(&zone, 1));
        member.stop();
        let copy = zone.around().join("copy");
        copy_directory(&data_of(&zone, "node1"), &copy);
        for _ in 0..2 {
            member = start(&zone, "node1");
            wait_for_quorum(&client(&zone, 1));
            write_keys(&zone, 5);
            member.stop();
        }
        remove(&data_of(&zone, "node1"));
        copy_directory(&copy, &data_of(&zone, "node1"));
        refused(&zone, "node1", &[], 65, &["is an older copy", "run --node node1 --accept-older-data"]);
        let mut member =
            Running::start(&mut run_with(&zone, "node1", &["--accept-older-data"]), zone.around(), "node1");
        wait_for_quorum(&client(&zone, 1));
        member.stop();
        // The word was for one start, and what it went on with is what it has now.
        let mut member = start(&zone, "node1");
        wait_for_quorum(&client(&zone, 1));
        member.stop();
    });
}

/// Its data and `state.json` are gone, and what was noted of its log is not: it has run, whether or not
/// anybody answers.
#[test]
fn refuses_a_member_of_which_only_a_note_is_left() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        zone.run(&["check", "--node", "node1"]);
        stop(&mut members);
        remove(&data_of(&zone, "node1"));
        fs::remove_file(zone.file("nodes/node1/state.json")).expect("the state");
        refused(&zone, "node1", &[], 65, &["was started here, and its write-ahead log is gone"]);
    });
}
