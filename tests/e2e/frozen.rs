//! A member that is stopped in the middle of everything: it takes connections, and says nothing. No command
//! waits for it without end, and each says which member it is.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::harness::Outcome;
use crate::harness::isolation::isolated;
use crate::harness::members::loopback_zone;
use crate::harness::processes::until;
use crate::harness::supervised::supervise_on_loopback;

/// The time that a command waits for by itself, and as much again, in seconds.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn what_is_about_all_members_names_it_in_time() {
    isolated(|| {
        for (command, told) in beside_a_frozen_member(&[
            &["status"],
            &["doctor"],
            &["restart", "--rolling"],
            &["pki", "rotate-ca", "--plane", "client"],
        ]) {
            assert_ne!(told.code, 0, "{command:?}");
            assert!(told.stdout.contains("node2") || told.stderr.contains("node2"), "{command:?}: {told:?}");
        }
    });
}

#[test]
fn what_is_about_others_ends_in_time() {
    isolated(|| {
        for (command, told) in beside_a_frozen_member(&[
            &["pki", "renew", "node1"],
            &["pki", "revoke", "client/app"],
            &["member", "update", "node1"],
        ]) {
            assert_eq!(told.code, 0, "{command:?}: {told:?}");
        }
    });
}

/// What each command says while node2 is stopped.
#[track_caller]
fn beside_a_frozen_member<'c>(commands: &[&'c [&'c str]]) -> Vec<(&'c [&'c str], Outcome)> {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--client", "app"]).expect_code(0);
    let members = supervise_on_loopback(&zone, &["node1", "node2", "node3"]);
    members[1].signal(Signal::SIGSTOP);
    let told = commands.iter().map(|command| {
        let begun = Instant::now();
        let told = zone.run(command);
        assert!(begun.elapsed() < LIMIT, "{command:?} took {:?}: {told:?}", begun.elapsed());
        (*command, told)
    });
    let told = told.collect();
    members[1].signal(Signal::SIGCONT);
    told
}

/// On its own node it looks as if it ran: its process is there, and so are its ports.
#[test]
fn its_own_node_finds_out() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let members = supervise_on_loopback(&zone, &["node1"]);
        zone.run(&["check", "--node", "node1"]).expect_code(0);
        members[0].signal(Signal::SIGSTOP);
        let told = zone.run(&["check", "--node", "node1"]).expect_code(69).stdout;
        assert!(told.contains(&format!("kill -CONT {}", members[0].pid())), "{told}");
        members[0].signal(Signal::SIGCONT);
    });
}

/// It is stopped in the moment in which it is awaited again: its sockets are there, and nobody is behind
/// them.
#[test]
fn a_member_that_freezes_as_it_comes_back_is_named_in_time() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let members = supervise_on_loopback(&zone, &["node1", "node2", "node3"]);
        let begun = Instant::now();
        let told = std::thread::scope(|scope| {
            let restart = scope.spawn(|| zone.run(&["restart", "--node", "node1", "--timeout", "5s"]));
            until("another start", || (members[0].starts() == 2).then_some(()));
            members[0].wait_for_line(&["\"starting an etcd server\""]);
            members[0].signal(Signal::SIGSTOP);
            restart.join().expect("an end")
        });
        told.expect_code(69).expect_error_with(&["node1 was stopped, and did not come back"]);
        assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
        members[0].signal(Signal::SIGCONT);
    });
}
