//! Members that come and go: `member list`, `add`, `promote`, `remove`.

mod dry_run;
mod elsewhere;
mod growth;
mod partition;
mod prompt;
mod refusals;
mod replacement;
mod under_load;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, run_command};
use crate::harness::processes::Running;
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{Outcome, TestZone};

const NODES: [&str; 5] = ["node1", "node2", "node3", "node4", "node5"];

/// A zone whose members run under supervisors.
#[track_caller]
fn zone_of(members: u16) -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(members, "");
    zone.run(&["init"]).expect_code(0);
    let running = supervise_on_loopback(&zone, &NODES[..usize::from(members)]);
    (zone, running)
}

/// `NAME=ADDRESS:PEER_PORT:CLIENT_PORT` of a node that comes.
fn described(number: u16) -> String {
    format!("node{number}=127.0.0.1:{}:{}", 2370 + 10 * number, 2369 + 10 * number)
}

#[track_caller]
fn supervise(zone: &TestZone, node: &str) -> Supervised {
    Supervised::start(run_command(zone, node, &[]), zone.around().to_owned(), node)
}

/// Adds a node as its operator does: the command waits for the first start, which comes when it says so.
#[track_caller]
fn add(zone: &TestZone, number: u16) -> Supervised {
    let node = NODES[usize::from(number) - 1];
    let mut command = zone.command(&["member", "add", "--node", &described(number)]);
    let mut adding = Running::start(&mut command, zone.around(), &format!("add-{node}"));
    adding.wait_for_line(&[node, "has to be started"]);
    let member = supervise(zone, node);
    assert!(adding.end().success(), "{}", adding.stderr());
    member
}

#[track_caller]
fn json(told: Outcome) -> Value {
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("no JSON: {}{}", told.stdout, told.stderr))
}

/// The members as `member list` has them: name, role.
#[track_caller]
fn members(zone: &TestZone) -> Vec<(String, String)> {
    let list = json(zone.run(&["member", "list", "--format", "json"]).expect_code(0));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let members = list["members"].as_array().expect("members").iter();
    members.map(|member| (text(&member["name"]), text(&member["role"]))).collect()
}

#[test]
fn the_list_says_when_there_is_no_quorum() {
    isolated(|| {
        let (zone, mut running) = zone_of(3);
        let told = zone.run(&["member", "list"]).expect_code(0);
        assert_eq!(told.stdout.lines().count(), 4, "{}", told.stdout);
        running.truncate(1);
        let told = zone.run(&["member", "list", "--format", "json"]).expect_code(69);
        assert!(told.stderr.contains("no quorum"), "{}", told.stderr);
        let list = json(told);
        assert_eq!(list["is_confirmed"], false);
        assert_eq!(list["members"].as_array().expect("members").len(), 3);
    });
}
