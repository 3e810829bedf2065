//! Which member is asked, and which never.

use nix::sys::signal::Signal;

use super::{json, save, zone_of};
use crate::harness::isolation::isolated;
use crate::harness::members::run_command;
use crate::harness::processes::Running;
use crate::harness::supervised::Supervised;

#[test]
fn a_frozen_member_is_not_asked() {
    isolated(|| {
        let (zone, running) = zone_of(3, "");
        let (_, before) = save(&zone, &[]);
        let name = before["manifest"]["from"]["name"].as_str().expect("a name").to_owned();
        let frozen = running.iter().find(|member| member.name == name).expect("a member");
        frozen.signal(Signal::SIGSTOP);
        let (_, after) = save(&zone, &[]);
        assert_ne!(after["manifest"]["from"]["name"], name.as_str());
        let told = zone.run(&["snapshot", "save", "--from", &name]);
        frozen.signal(Signal::SIGCONT);
        told.expect_code(69).expect_error_with(&[&format!("{name} cannot be asked"), "does not answer"]);
    });
}

#[test]
fn a_learner_is_not_asked() {
    isolated(|| {
        let (zone, _running) = zone_of(1, "");
        let mut command =
            zone.command(&["member", "add", "--node", "node2=127.0.0.1:2390:2389", "--learner"]);
        let mut adding = Running::start(&mut command, zone.around(), "add");
        adding.wait_for_line(&["node2", "has to be started"]);
        let _learner = Supervised::start(run_command(&zone, "node2", &[]), zone.around().to_owned(), "node2");
        assert!(adding.end().success(), "{}", adding.stderr());
        zone.run(&["snapshot", "save", "--from", "node2"])
            .expect_code(69)
            .expect_error_with(&["node2 is a learner"]);
        let (_, saved) = save(&zone, &[]);
        assert_eq!(saved["manifest"]["from"]["name"], "node1");
    });
}

#[test]
fn without_a_quorum_it_takes_a_word() {
    isolated(|| {
        let (zone, mut running) = zone_of(3, "");
        running.truncate(1);
        zone.run(&["snapshot", "save"]).expect_code(69).expect_error_with(&["--without-quorum"]);
        let told = zone.run(&["snapshot", "save", "--without-quorum", "-o", "json"]).expect_code(0);
        assert!(told.stderr.contains("may be missing"), "{}", told.stderr);
        assert_eq!(json(&told)["manifest"]["without_quorum"], true);
    });
}
