//! `--dry-run` of operations on members that run: the steps that are listed are those that are taken, and
//! nothing is done.

use nix::sys::signal::Signal;
use operations::lock::OperationLock;
use serde_json::Value;
use store::site::Site;
use store::zone_directory::CaPassphrase;

use crate::crash::invariants::Picture;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

#[track_caller]
fn zone_of_three() -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    let members = supervise_on_loopback(&zone, &NODES);
    (zone, members)
}

/// Runs it, and sees that the zone directory, the processes and etcd's leases stay as they were.
#[track_caller]
fn dry(zone: &TestZone, members: &[Supervised], arguments: &[&str]) -> Outcome {
    let look = || {
        let leases = call(&etcdctl(zone, "https://127.0.0.1:2379"), &["lease", "list"]).stdout;
        let list = call(&etcdctl(zone, "https://127.0.0.1:2379"), &["member", "list"]).stdout;
        (leases, list, members.iter().map(Supervised::pid).collect::<Vec<_>>())
    };
    let (files, before) = (Picture::of(&zone.path()).without_data(), look());
    let told = zone.run(&[arguments, &["--dry-run"]].concat());
    assert!(
        Picture::of(&zone.path()).without_data() == files,
        "{arguments:?} has changed the zone directory"
    );
    assert!(before == look(), "{arguments:?} has changed the cluster");
    told
}

#[track_caller]
fn listed(zone: &TestZone, members: &[Supervised], arguments: &[&str]) -> Value {
    let told = dry(zone, members, &[arguments, &["--format", "json"]].concat()).expect_code(0);
    serde_json::from_str(&told.stdout).expect("JSON")
}

/// The nodes whose members are to be restarted, in this order.
fn restarted(listed: &Value) -> Vec<&str> {
    let steps = listed["steps"].as_array().expect("steps").iter().filter(|step| step["restarts"] == true);
    steps.map(|step| step["node"].as_str().expect("a node")).collect()
}

#[test]
fn restarts_are_listed_in_the_order_in_which_they_are_done() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        let listed = listed(&zone, &members, &["restart", "--rolling"]);
        let order = restarted(&listed);
        assert_eq!(order.len(), 3);
        let ids = call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["member", "list"]).expect_code(0).stdout;
        for step in listed["steps"].as_array().expect("steps") {
            let (id, node) =
                (step["member_id"].as_str().expect("an id"), step["node"].as_str().expect("a node"));
            assert!(
                ids.lines().any(|line| line.starts_with(id) && line.contains(node)),
                "{id} {node}: {ids}"
            );
        }
        let last = listed["steps"].as_array().expect("steps").iter().rev().nth(1).expect("a step");
        assert_eq!((&last["step"], last["node"].as_str()), (&"cluster".into(), order.last().copied()));

        let told = zone.run(&["restart", "--rolling", "--format", "json"]).expect_code(0);
        let done: Value = serde_json::from_str(&told.stdout).expect("JSON");
        let done: Vec<&str> =
            done.as_array().expect("rows").iter().map(|row| row["node"].as_str().expect("a node")).collect();
        assert_eq!(done, order);
    });
}

#[test]
fn the_gates_of_a_restart_are_told_and_say_the_exit_code() {
    isolated(|| {
        let (zone, mut members) = zone_of_three();
        let site =
            Site::open(Some(&zone.path()), None, CaPassphrase::new(None, None).expect("no passphrase"));
        let held = OperationLock::take(&site.expect("the zone"), "pki rotate-ca").expect("a free lock");
        for arguments in [&["restart", "--rolling"][..], &["pki", "rotate-ca"], &["upgrade"]] {
            let told =
                dry(&zone, &members, arguments).expect_code(75).expect_error_with(&["`pki rotate-ca`"]);
            assert!(told.stdout.contains("closed  another operation on this zone"), "{}", told.stdout);
        }
        held.still_held().expect("nobody else has taken it");
        drop(held);

        members[2].end(Signal::SIGTERM);
        let told = zone.run(&["restart", "--node", "node1", "--dry-run"]).expect_code(69);
        let words = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in ["would start again node1 open resume", "closed node1 is not restarted: node3 is down"] {
            assert!(words.contains(text), "{}", told.stdout);
        }
        assert_eq!((members[0].starts(), members[1].starts()), (1, 1));
    });
}

#[test]
fn a_rotation_restarts_the_members_that_are_listed_forward_and_back() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        let starts = || members.iter().map(Supervised::starts).collect::<Vec<_>>();
        let expected = |listed: &Value, before: Vec<usize>| {
            let due = restarted(listed);
            let of = |node: &str| due.iter().filter(|due| **due == node).count();
            NODES.iter().zip(before).map(|(node, before)| before + of(node)).collect::<Vec<_>>()
        };
        for (arguments, restarts) in [
            (&["pki", "rotate-ca", "--plane", "peer", "--stop-after", "new-leaves"][..], 3),
            (&["pki", "rotate-ca", "--rollback"], 3),
            (&["pki", "rotate-ca", "--plane", "client"], 6),
        ] {
            let listed = listed(&zone, &members, arguments);
            assert_eq!(restarted(&listed).len(), restarts, "{arguments:?}");
            let expected = expected(&listed, starts());
            zone.run(arguments).expect_code(0);
            assert_eq!(starts(), expected, "{arguments:?}");
        }
    });
}

#[test]
fn a_renewal_and_a_revocation_leave_everything_as_it_is() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        let renewal = listed(&zone, &members, &["pki", "renew", "--all"]);
        let verified =
            renewal["steps"].as_array().expect("steps").iter().filter(|step| step["step"] == "verify");
        assert_eq!(verified.count(), 3, "{renewal}");
        assert!(restarted(&renewal).is_empty());

        let departure = listed(&zone, &members, &["pki", "revoke", "node3"]);
        let steps = departure["steps"].as_array().expect("steps");
        assert_eq!((&steps[0]["step"], &steps[0]["node"]), (&"cluster".into(), &"node3".into()));
        let tried = steps.iter().filter(|step| step["step"] == "verify").map(|step| step["node"].as_str());
        assert_eq!(tried.collect::<Vec<_>>(), [Some("node1"), Some("node2")], "{departure}");
        let told = dry(&zone, &members, &["member", "update", "node1"]).expect_code(0);
        assert!(told.stdout.contains("it serves as zone.toml says"), "{}", told.stdout);
    });
}
