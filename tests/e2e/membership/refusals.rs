//! What etcd would do all the same, and is refused or waited for here.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{add, described, json, members, supervise, zone_of};
use crate::harness::isolation::isolated;
use crate::harness::members::{change_members, etcdctl};
use crate::harness::processes::{Running, until};

/// etcd adds with one of five dead, and the new quorum is one that it may never have.
#[test]
fn a_member_is_not_added_while_another_is_down() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        running[2].end(Signal::SIGKILL);
        zone.run(&["member", "add", "--node", &described(4)])
            .expect_code(69)
            .expect_error_with(&["node4 is not a member yet", "node3 is down"]);
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        assert!(!text.contains("node4"), "{text}");
    });
}

/// A learner that never starts is told of, can be taken out, and blocks nothing.
#[test]
fn a_learner_that_never_starts() {
    isolated(|| {
        let (zone, _running) = zone_of(1);
        let told = zone.run(&["member", "add", "--node", &described(2), "--timeout", "1s"]).expect_code(75);
        assert!(told.stderr.contains("member remove node2"), "{}", told.stderr);
        let again = zone.run(&["member", "add", "--node", &described(3)]).expect_code(69);
        assert!(again.stderr.contains("node2 was added, and never started"), "{}", again.stderr);
        zone.run(&["member", "promote", "node2"]).expect_code(78);
        // It votes for nothing, so it takes no word more.
        zone.run(&["member", "remove", "node2", "--yes"]).expect_code(0);
        assert_eq!(members(&zone).len(), 1);
    });
}

/// etcd promotes a learner that is dead, which ends the quorum of a cluster of one at once.
#[test]
fn a_learner_that_is_dead_is_not_promoted() {
    isolated(|| {
        let (zone, _running) = zone_of(1);
        let mut command =
            zone.command(&["member", "add", "--node", &described(2), "--learner", "--format", "json"]);
        let mut adding = Running::start(&mut command, zone.around(), "add");
        adding.wait_for_line(&["node2", "has to be started"]);
        let mut learner = supervise(&zone, "node2");
        assert!(adding.end().success(), "{}", adding.stderr());
        assert_eq!(members(&zone)[1].1, "learner");
        // It is a learner that is well: nothing is wrong, and it is said.
        let told = zone.run(&["status"]).expect_code(0).stdout;
        assert!(told.contains("node2 is a learner"), "{told}");
        learner.end(Signal::SIGKILL);
        let told = zone.run(&["member", "promote", "node2"]).expect_code(75);
        assert!(told.stderr.contains("node2 does not answer"), "{}", told.stderr);
        learner.start_again();
        let promoted = until("a promotion", || {
            let told = zone.run(&["member", "promote", "node2", "--format", "json"]);
            (told.code == 0).then(|| json(told))
        });
        assert_eq!(promoted["state"], "voter");
        // Done already, and so the same again.
        zone.run(&["member", "promote", "node2"]).expect_code(0);
    });
}

#[test]
fn what_would_end_the_cluster_is_not_removed() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        zone.run(&["member", "remove", "node1"]).expect_code(78).expect_error_with(&["--allow-no-tolerance"]);
        zone.run(&["member", "remove", "node1", "--allow-no-tolerance"])
            .expect_code(64)
            .expect_error_with(&["was not confirmed", "--yes"]);
        zone.run(&["member", "remove", "nobody", "--yes"]).expect_code(64);
        running[2].end(Signal::SIGKILL);
        // A live one would leave one of two.
        let told = zone.run(&["member", "remove", "node2", "--yes", "--allow-no-tolerance"]).expect_code(78);
        assert!(
            told.stderr.contains("of the 2 voters that would be left 1 take requests"),
            "{}",
            told.stderr
        );
        // The dead one leaves two of two.
        zone.run(&["member", "remove", "node3", "--yes", "--allow-no-tolerance"]).expect_code(0);
        running.truncate(2);
        zone.run(&["member", "remove", "node2", "--yes", "--allow-no-tolerance"]).expect_code(0);
        zone.run(&["member", "remove", "node1", "--yes", "--allow-no-tolerance"])
            .expect_code(78)
            .expect_error_with(&["the only voter"]);
    });
}

/// One that another tool has added as a voter counts from the first moment.
#[test]
fn a_voter_that_never_started_is_told_of() {
    isolated(|| {
        let (zone, _running) = zone_of(3);
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
        let added = ["add", "node4", "--peer-urls=https://127.0.0.1:2410"];
        change_members(&etcdctl, &added);
        let told = zone.run(&["member", "add", "--node", &described(4)]).expect_code(78);
        assert!(told.stderr.contains("was added as a voter, and never started"), "{}", told.stderr);
    });
}

#[test]
fn two_at_once_are_refused() {
    isolated(|| {
        let (zone, _running) = zone_of(1);
        let mut command = zone.command(&["member", "add", "--node", &described(2)]);
        let mut first = Running::start(&mut command, zone.around(), "first");
        first.wait_for_line(&["has to be started"]);
        zone.run(&["member", "add", "--node", &described(3)])
            .expect_code(75)
            .expect_error_with(&["another operation on this zone is under way", "member add"]);
        let _member = supervise(&zone, "node2");
        assert!(first.end().success(), "{}", first.stderr());
        drop(add(&zone, 3));
    });
}

/// What was revoked stays revoked: its node is not let in again by an addition.
#[test]
fn a_revoked_node_is_not_added() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        zone.run(&["pki", "revoke", "node3"]).expect_code(0);
        until("the end of the member", || running[2].has_ended().then_some(()));
        for command in ["add", "replace"] {
            let told = zone.run(&["member", command, "node3", "--timeout", "1s"]);
            assert_ne!(told.code, 0, "{}", told.stdout);
            assert!(told.stderr.contains("revoked"), "{}", told.stderr);
        }
        let listed: Vec<String> = members(&zone).into_iter().map(|(name, _)| name).collect();
        assert!(listed.len() == 3 && members(&zone)[2].1 == "-", "{listed:?}");
        running.truncate(2);
    });
}

/// A member that is frozen accepts connections and says nothing: no command waits for it without end.
#[test]
fn a_frozen_member_holds_nothing_up() {
    isolated(|| {
        let (zone, running) = zone_of(3);
        running[2].signal(Signal::SIGSTOP);
        let begun = Instant::now();
        zone.run(&["member", "add", "--node", &described(4)]).expect_code(69).expect_error_with(&["node3"]);
        zone.run(&["member", "list"]).expect_code(0);
        zone.run(&["member", "remove", "node3", "--yes", "--allow-no-tolerance", "--dry-run"]).expect_code(0);
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        running[2].signal(Signal::SIGCONT);
    });
}

/// Its process takes long to end, and by then the cluster has another member at its place.
#[test]
fn the_data_of_one_that_is_expected_again_stays() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        running[2].signal(Signal::SIGSTOP);
        let mut command = zone.command(&["member", "remove", "node3", "--yes", "--allow-no-tolerance"]);
        let mut removing = Running::start(&mut command, zone.around(), "removing");
        removing.wait_for_line(&["node3", "is no member any more"]);
        // Its first look at the list is over.
        members(&zone);
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
        let add = ["add", "node3", "--learner", "--peer-urls=https://127.0.0.1:2400"];
        change_members(&etcdctl, &add);
        running[2].end(Signal::SIGKILL);
        removing.outcome().expect_code(75).expect_error_with(&[
            "node3 is a member of the cluster again",
            "its data and zone.toml stay as they are",
        ]);
        assert!(zone.file("nodes/node3/data/member").exists(), "its data was moved");
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        assert!(!text.contains("member = false"), "{text}");
    });
}
