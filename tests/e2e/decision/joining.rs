//! Members that a running cluster was told of, and those that it was not.

use super::{NODES, client, issued_zone, peer_url, planned, refused, run_with, running_zone, start};
use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, change_members, found_without, id_of, listed, start_alone, wait_for_quorum,
};
use crate::harness::processes::{Running, until};
use crate::harness::programs::write_program;
use crate::harness::{TestZone, bundle, outcome};

/// A zone that has grown: node1 runs alone, and node2 is described since.
fn grown_zone() -> (TestZone, Running) {
    let zone = issued_zone(1);
    let first = start_alone(&zone);
    call(&client(&zone, 1), &["put", "kept", "here"]).expect_code(0);
    describe_node2(&zone);
    zone.run(&["pki", "issue", "node2"]).expect_code(0);
    (zone, first)
}

fn describe_node2(zone: &TestZone) {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let node =
        "[[node]]\nname = \"node2\"\naddress = \"127.0.0.1\"\nclient_port = 2389\npeer_port = 2390\n[etcd]";
    std::fs::write(zone.file("zone.toml"), text.replace("[etcd]", node)).expect("zone.toml");
}

#[track_caller]
fn has_caught_up(zone: &TestZone) {
    let second = client(zone, 2);
    until("what was written before", || {
        let local = call(&second, &["get", "kept", "--print-value-only", "--consistency=s"]);
        (local.stdout.trim() == "here").then_some(())
    });
}

/// Stops the member and starts it again: by its data, and with nothing to warn of although its ids never
/// followed from zone.toml.
#[track_caller]
fn resumes_quietly(zone: &TestZone, second: &mut Running) {
    second.stop();
    planned(zone, "node2", "resume", &["serves"]);
    let shown = zone.run(&["plan", "--node", "node2"]).expect_code(0);
    assert_eq!(warnings(&shown.stderr), Vec::<&str>::new());
    *second = start(zone, "node2");
    wait_for_quorum(&client(zone, 2));
    assert_eq!(warnings(&second.stderr()), Vec::<&str>::new());
}

/// All but that two members survive no failure, which is so.
fn warnings(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.contains("warning: ") && !line.contains("2 members survive no failure"))
        .collect()
}

#[test]
fn plan_join_as_learner() {
    isolated(|| {
        let (zone, _first) = grown_zone();
        change_members(&client(&zone, 1), &["add", "node2", "--learner", "--peer-urls", &peer_url(2)]);
        let plan = planned(
            &zone,
            "node2",
            "join",
            &["as a learner, without a vote", "this node, learner", "serves"],
        );
        let ids: Vec<String> = listed(&client(&zone, 1)).into_iter().map(|(_, id, _)| id).collect();
        assert!(ids.contains(&plan["member"]["id"].as_str().expect("an id").to_owned()), "{plan} {ids:?}");
        assert_eq!(plan["members"].as_array().map(Vec::len), Some(2));
        assert!(plan["argv"].to_string().contains("--initial-cluster-state=existing"), "{plan}");

        let mut second = start(&zone, "node2");
        second.wait_for_line(&["node2 joins cluster", "as a learner: `member add`"]);
        let state = until("the state", || std::fs::read_to_string(zone.file("nodes/node2/state.json")).ok());
        assert!(state.contains("\"joins\": true"), "{state}");
        let id = until("its name", || {
            listed(&client(&zone, 1)).into_iter().find(|(name, ..)| name == "node2").map(|(_, id, _)| id)
        });
        change_members(&client(&zone, 1), &["promote", &id]);
        wait_for_quorum(&client(&zone, 2));
        has_caught_up(&zone);
        resumes_quietly(&zone, &mut second);
    });
}

#[test]
fn plan_join_as_voter() {
    isolated(|| {
        let (zone, first) = grown_zone();
        change_members(&client(&zone, 1), &["add", "whatever", "--peer-urls", &peer_url(2)]);
        let shown = zone.run(&["plan", "--node", "node2"]).expect_code(0).stdout;
        assert!(!shown.contains("learner"), "{shown}");
        planned(&zone, "node2", "join", &["the running cluster expects this member"]);
        // The cluster has lost its quorum by the addition of a second voter, and the one that joins brings it
        // back.
        let mut second = start(&zone, "node2");
        wait_for_quorum(&client(&zone, 2));
        has_caught_up(&zone);
        resumes_quietly(&zone, &mut second);
        drop(first);
    });
}

/// One of the founding members that never came was removed since: the cluster is the right one, and does not
/// know it.
#[test]
fn plan_refuses_an_unlisted_member() {
    isolated(|| {
        let zone = issued_zone(3);
        let _members = found_without(&zone, &NODES[..2], &NODES[2..]);
        let first = client(&zone, 1);
        wait_for_quorum(&first);
        let text = call(&first, &["member", "list"]).expect_code(0).stdout;
        let line = text.lines().find(|line| line.contains(&peer_url(3))).expect("node3 is listed");
        change_members(&first, &["remove", line.split(',').next().expect("an id")]);
        let refusal = refused(
            &zone,
            "node3",
            &[],
            65,
            &["it has no member here", "tell the cluster of it", "member add node3 "],
        );
        assert!(!refusal.stderr.contains("--move-data-aside"), "{}", refusal.stderr);
        let mut third = super::told::do_as_told(&zone, "node3", &refusal);
        wait_for_quorum(&client(&zone, 3));
        assert!(third.is_alive());
    });
}

/// Its first start to join was ended before etcd wrote anything, and now nobody is there.
#[test]
fn plan_refuses_a_join_that_nobody_answers() {
    isolated(|| {
        let (zone, mut first) = grown_zone();
        change_members(&client(&zone, 1), &["add", "node2", "--learner", "--peer-urls", &peer_url(2)]);
        let nothing = zone.around().join("nothing");
        let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'etcd Version: 3.7.3'\nexit 0\n";
        write_program(&nothing, script);
        let nothing = nothing.to_str().expect("UTF-8");
        outcome(&mut run_with(&zone, "node2", &["--etcd", nothing])).expect_code(0);
        first.stop();
        refused(
            &zone,
            "node2",
            &[],
            69,
            &["was to join cluster", "start the members that have run before first"],
        );
        first = start(&zone, "node1");
        wait_for_quorum(&client(&zone, 1));
        let mut second = start(&zone, "node2");
        second.wait_for_line(&["node2 joins cluster"]);
        has_caught_up(&zone);
        drop(first);
    });
}

#[test]
fn plan_refuses_a_version_that_cannot_join() {
    isolated(|| {
        let (zone, _first) = grown_zone();
        // The cluster has a version once its leader has decided it.
        until("the version of the cluster", || {
            let text = call(&client(&zone, 1), &["endpoint", "status", "-w", "json"]).stdout;
            text.contains("\"storageVersion\":\"3.7.0\"").then_some(())
        });
        change_members(&client(&zone, 1), &["add", "node2", "--learner", "--peer-urls", &peer_url(2)]);
        let older = bundle("3.6.16").join("etcd").display().to_string();
        let texts = ["runs as etcd 3.7, and the etcd here is 3.6.16", "upgrade one minor at a time"];
        refused(&zone, "node2", &["--etcd", &older], 65, &texts);
    });
}

/// A joined member that asks members of which one is behind believes the one that knows more.
#[test]
fn a_frozen_member_does_not_hide_what_the_others_know() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        let first = client(&zone, 1);
        let third = id_of(&first, "node3");
        members[2].stop();
        super::remove(&zone.file("nodes/node3/data"));
        std::fs::remove_file(zone.file("nodes/node3/state.json")).expect("the state");
        members[0].signal(nix::sys::signal::Signal::SIGSTOP);
        let texts = ["has run, and its data is not here", third.as_str()];
        zone.run(&["plan", "--node", "node3"]).expect_code(65).expect_error_with(&texts);
        members[0].signal(nix::sys::signal::Signal::SIGCONT);
    });
}
