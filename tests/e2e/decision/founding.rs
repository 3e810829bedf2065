//! Members that found their cluster: at once, late, and with others that are bound or down.

use std::net::TcpListener;

use nix::sys::signal::Signal;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{client, issued_zone, planned, refused, running_zone, start, states};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, loopback_zone, wait_for_quorum, wait_until_serving};
use crate::harness::processes::Running;

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

/// A socket that somebody has bound and never takes a connection from. Whether a cluster runs there nobody can tell, so none is
/// founded beside it; a later start may find it gone.
#[test]
fn a_port_that_is_bound_and_silent_is_waited_for_and_not_for_ever() {
    isolated(|| {
        let zone = issued_zone(3);
        let silent = TcpListener::bind("127.0.0.1:2390").expect("node2's port");
        let mut first = start(&zone, "node1");
        first.wait_for_line(&["node1 waits for node2, at most 5 s"]);
        assert_eq!(first.end().code(), Some(69));
        refused(&zone, "node1", &[], 69, &["node2: it takes connections and says nothing"]);
        drop(silent);
        let mut first = start(&zone, "node1");
        first.wait_for_line(&["node1 founds cluster", "node2 and node3 do not answer yet"]);
        first.wait_for_line(&["\"starting an etcd server\""]);
    });
}

/// The first is alone for so long that etcd itself gives up publishing; the third comes when the others have written.
#[test]
fn founding_members_that_come_late_take_part() {
    isolated(|| {
        // etcd gives up publishing after a time that grows with the election time-out: 5 s and twice that.
        let zone = issued_zone(3);
        let mut first = start(&zone, "node1");
        first.wait_for_line(&[
            "node1 founds cluster",
            "once 2 of 3 members run",
            "node2 and node3 do not answer yet",
        ]);
        first.wait_for_line(&["failed to publish local member to cluster through raft"]);
        let plan = planned(&zone, "node2", "bootstrap", &["serves"]);
        assert_eq!(states(&plan), ["serves", "absent"]);
        let mut members = vec![first, start(&zone, "node2")];
        wait_until_serving(&mut members);
        let announced = members[1].stderr();
        assert!(
            !announced.contains("do not answer yet") && announced.contains("founds cluster"),
            "{announced}"
        );
        wait_for_quorum(&client(&zone, 1));
        for number in 0..20 {
            call(&client(&zone, 1), &["put", &format!("key{number}"), "value"]).expect_code(0);
        }
        members.push(start(&zone, "node3"));
        wait_until_serving(&mut members);
        let third = client(&zone, 3);
        wait_for_quorum(&third);
        let held = call(&third, &["get", "key", "--prefix", "--keys-only"]).stdout;
        assert_eq!(held.matches("key").count(), 20, "{held}");
    });
}

/// etcd asks each of the others before it founds, a second each, and says nothing when that is in vain: five at the same instant
/// stand still for four seconds between these two lines of their logs.
#[test]
fn members_started_at_the_same_instant_do_not_hold_each_other_up() {
    isolated(|| {
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
            // The same again with data, as after a loss of power: here the check for corruption asks, and logs what it asked in
            // vain.
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
    assert!(waited < zone_etcd::plan::TURN_LIMIT, "{node} waited for {waited}:\n{}", member.stderr());
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
