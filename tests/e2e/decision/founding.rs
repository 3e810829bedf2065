//! Members that found their cluster: at once, late, and with others that are bound or down.

use std::net::TcpListener;

use nix::sys::signal::Signal;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{client, issued_zone, planned, refused, run_with, running_zone, start, states};
use crate::harness::TestZone;
use crate::harness::isolation::{isolated, isolated_alone};
use crate::harness::members::{
    call, found_without, kill_all, loopback_zone, wait_for_quorum, wait_until_serving,
};
use crate::harness::processes::Running;
use crate::harness::programs::write_program;

/// How long etcd waits for the answer of one other member when it starts.
const REQUEST_LIMIT: time::Duration = time::Duration::SECOND;

#[test]
fn plan_bootstrap() {
    isolated(|| {
        let zone = issued_zone(3);
        let plan = planned(
            &zone,
            "node2",
            "bootstrap",
            &[
                "a new cluster with the other 2 members",
                "this node",
                "not there: nothing listens at 127.0.0.1:2380",
                "waits for node1 and node3",
            ],
        );
        assert_eq!(states(&plan), ["absent", "absent"]);
        assert_eq!(plan["peers"][0]["name"], "node1");
        assert_eq!(plan["peers"][0]["url"], "https://127.0.0.1:2380");
        assert!(plan["peers"][0]["detail"].as_str().expect("a reason").contains("nothing listens"), "{plan}");
        assert_eq!(plan["set_aside"], false);

        // Without certificates nobody can be asked, and it says so.
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        assert_eq!(states(&planned(&zone, "node2", "bootstrap", &["not asked"])), ["not_asked"; 2]);
    });
}

#[test]
fn plan_resume() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        members[0].stop();
        let plan = planned(&zone, "node1", "resume", &["goes on with the data that is there", "serves"]);
        assert_eq!(states(&plan), ["serves", "serves"]);
        let again = zone.run(&["plan", "--node", "node1"]).expect_code(0);
        assert_eq!(again.stderr, "", "nothing to warn of");
    });
}

/// Of three that are there in different ways, each is told apart.
#[test]
fn plan_tells_bound_from_down() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        let mut third = members.pop().expect("node3");
        let second = members.pop().expect("node2");
        members[0].stop();
        second.signal(Signal::SIGSTOP);
        third.stop();
        let plan =
            planned(&zone, "node1", "resume", &["bound, does not serve yet", "not there: nothing listens"]);
        assert_eq!(states(&plan), ["starts", "absent"]);

        // It does not wait for ever for one that does not get on, and says for whom.
        members[0] = start(&zone, "node1");
        members[0].wait_for_line(&["node1 waits for node2, at most 5 s"]);
        members[0].wait_for_line(&[
            "it takes requests once 2 of 3 members run",
            "node2 and node3 do not answer yet",
        ]);
        second.signal(Signal::SIGCONT);
        wait_for_quorum(&client(&zone, 1));
    });
}

/// A socket that somebody has bound and never takes a connection from. Whether a cluster runs there nobody
/// can tell, so none is founded beside it; a later start may find it gone.
#[test]
fn a_port_that_is_bound_and_silent_is_waited_for_and_not_for_ever() {
    isolated(|| {
        let zone = issued_zone(3);
        let silent = TcpListener::bind("127.0.0.1:2390").expect("node2's port");
        let mut first = start(&zone, "node1");
        first.wait_for_line(&["node1 waits for node2 (accepts TCP, no TLS reply), node3 (not there"]);
        assert_eq!(first.end().code(), Some(69));
        refused(&zone, "node1", &[], 69, &["node2: accepts TCP, no TLS reply", "start or fix them"]);
        drop(silent);
        let mut first = start(&zone, "node1");
        first.wait_for_line(&["node1 waits for node2 (not there", "gives up after 600 s"]);
        let mut members = vec![first, start(&zone, "node2"), start(&zone, "node3")];
        wait_until_serving(&mut members);
    });
}

/// The first two are alone for a while, and say for whom they wait. A `plan` beside them sees them, and takes
/// no part.
#[test]
fn founding_members_that_come_late_are_waited_for() {
    isolated(|| {
        let zone = issued_zone(3);
        let mut members = vec![start(&zone, "node1")];
        members[0].wait_for_line(&[
            "node1 waits for node2 (not there",
            "node3 (not there",
            "all members have to be there",
        ]);
        members.push(start(&zone, "node2"));
        members[1].wait_for_line(&["node2 waits for node3 (not there"]);
        let plan = planned(&zone, "node3", "bootstrap", &["is about to start"]);
        assert_eq!(states(&plan), ["waits", "waits"]);
        for node in ["node1", "node2"] {
            assert!(!zone.file(&format!("nodes/{node}/data/member/wal")).exists(), "{node} is not etcd yet");
        }
        members.push(start(&zone, "node3"));
        wait_until_serving(&mut members);
        (1..=3).for_each(|number| wait_for_quorum(&client(&zone, number)));
        for member in &members {
            assert!(member.stderr().contains("bootstraps cluster"), "{}", member.stderr());
        }
    });
}

/// The operator knows that node3 never ran: the others found without it. Then it is no founder any more,
/// unless its operator says as much of it, and the others say so too.
#[test]
fn who_was_left_out_of_the_founding_comes_in_by_the_word_of_its_operator() {
    isolated(|| {
        let zone = issued_zone(3);
        zone.run(&["plan", "--node", "node1", "--found-without", "node1"]).expect_code(64);
        let members = found_without(&zone, &["node1", "node2"], &["node3"]);
        wait_for_quorum(&client(&zone, 1));
        call(&client(&zone, 1), &["put", "kept", "here"]).expect_code(0);
        let texts =
            ["was bootstrapped before", "its member is expected to start", "run --node node3 --never-ran"];
        refused(&zone, "node3", &[], 65, &texts);
        // One that cannot be asked says nothing.
        members[1].signal(Signal::SIGSTOP);
        let texts = ["believe that this member never ran", "node2: has not answered for the cluster"];
        refused(&zone, "node3", &["--never-ran"], 69, &texts);
        members[1].signal(Signal::SIGCONT);
        let mut third =
            Running::start(&mut run_with(&zone, "node3", &["--never-ran"]), zone.around(), "node3");
        third.wait_for_line(&["node3 bootstraps cluster"]);
        wait_for_quorum(&client(&zone, 3));
        let held = call(&client(&zone, 3), &["get", "kept", "--print-value-only"]).stdout;
        assert_eq!(held.trim(), "here");
        // The word was for one start.
        third.stop();
        planned(&zone, "node3", "resume", &["serves"]);
    });
}

/// A start that ends after it committed goes on, whatever became of the data directory: etcd was never there.
#[test]
fn a_commit_outlives_its_start() {
    isolated(|| {
        let zone = issued_zone(3);
        let members = at_a_standstill(&zone);
        kill_all(members);
        for node in super::NODES {
            let state =
                std::fs::read_to_string(zone.file(&format!("nodes/{node}/state.json"))).expect("the state");
            assert!(
                state.contains("\"phase\": \"attempted\"") || state.contains("\"phase\": \"committed\""),
                "{state}"
            );
        }
        let mut members: Vec<Running> = super::NODES.iter().map(|node| start(&zone, node)).collect();
        wait_until_serving(&mut members);
        (1..=3).for_each(|number| wait_for_quorum(&client(&zone, number)));
    });
}

/// Starts all with an etcd that does nothing: they have become it, and wrote nothing more.
fn at_a_standstill(zone: &TestZone) -> Vec<Running> {
    let nothing = zone.around().join("nothing");
    write_program(
        &nothing,
        "#!/bin/sh\n[ \"$1\" = --version ] && echo 'etcd Version: 3.7.3' && exit 0\n\
         echo stands still >&2\nexec sleep 60\n",
    );
    let nothing = nothing.to_str().expect("UTF-8");
    let start =
        |node: &&str| Running::start(&mut run_with(zone, node, &["--etcd", nothing]), zone.around(), node);
    let mut members: Vec<Running> = super::NODES.iter().map(start).collect();
    for member in &mut members {
        member.wait_for_line(&["stands still"]);
    }
    members
}

/// etcd asks each of the others before it founds, a second each, and says nothing when that is in vain: five
/// at the same instant stand still for four seconds between these two lines of their logs.
#[test]
fn members_started_at_the_same_instant_do_not_hold_each_other_up() {
    isolated_alone(|| {
        for count in [3, 5] {
            let zone = issued_zone(count);
            let nodes: Vec<String> = (1..=count).map(|number| format!("node{number}")).collect();
            let mut members = at_once(&zone, &nodes);
            for (member, node) in members.iter().zip(&nodes) {
                nobody_took_all_the_time(&zone, node, member);
                let (before, after) = (
                    time_of(member, "\"bootstrapping cluster\""),
                    time_of(member, "\"bootstrapping storage\""),
                );
                assert!(after - before < REQUEST_LIMIT, "{node} asked in vain:\n{}", member.stderr());
            }
            // The same again with data, as after a loss of power: here the check for corruption asks, and
            // logs what it asked in vain.
            members.iter().for_each(|member| member.signal(Signal::SIGKILL));
            for member in &mut members {
                member.end();
            }
            let members = at_once(&zone, &nodes);
            for (member, node) in members.iter().zip(&nodes) {
                nobody_took_all_the_time(&zone, node, member);
                let log = member.stderr();
                let in_vain = |line: &&str| {
                    line.contains("failed hash kv request") && line.contains("deadline exceeded")
                };
                assert_eq!(log.lines().find(in_vain), None, "{node}");
            }
        }
    });
}

#[track_caller]
fn at_once(zone: &TestZone, nodes: &[String]) -> Vec<Running> {
    let mut members: Vec<Running> = nodes.iter().map(|node| start(zone, node)).collect();
    wait_until_serving(&mut members);
    for number in 1..=nodes.len() {
        wait_for_quorum(&client(zone, u16::try_from(number).expect("a number")));
    }
    members
}

/// `run` gave the others less than all the time that it has.
#[track_caller]
fn nobody_took_all_the_time(zone: &TestZone, node: &str, member: &Running) {
    let state = std::fs::read(zone.file(&format!("nodes/{node}/state.json"))).expect("the state");
    let state: serde_json::Value = serde_json::from_slice(&state).expect("JSON");
    let begun = instant(state["decided_at"].as_str().expect("a time"));
    let waited = time_of(member, "\"Running: \"") - begun;
    assert!(waited < model::plan::START_ORDER_LIMIT, "{node} waited for {waited}:\n{}", member.stderr());
}

/// When etcd wrote the first line with this text.
#[track_caller]
fn time_of(member: &Running, text: &str) -> OffsetDateTime {
    let log = member.stderr();
    let line = log.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text} in:\n{log}"));
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    instant(line["ts"].as_str().expect("a time"))
}

#[track_caller]
fn instant(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).expect("RFC 3339")
}
