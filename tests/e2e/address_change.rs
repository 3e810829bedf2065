//! Members that move: their address, ports or names in zone.toml, and in the cluster, their certificates and
//! their process.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, make_leader, plan};
use crate::harness::namespaces::Network;
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_in_order, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, outcome};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

#[track_caller]
fn zone_of_three() -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let members = supervise_on_loopback(&zone, &NODES);
    (zone, members)
}

/// Writes other text into zone.toml.
#[track_caller]
fn edit(zone: &TestZone, changes: &[(&str, &str)]) {
    let mut text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    for (from, to) in changes {
        assert!(text.contains(from), "no `{from}` in:\n{text}");
        text = text.replace(from, to);
    }
    fs::write(zone.file("zone.toml"), text).expect("zone.toml");
}

const NODE2_MOVES: [(&str, &str); 2] =
    [("client_port = 2389", "client_port = 2489"), ("peer_port = 2390", "peer_port = 2490")];

fn json(told: &Outcome) -> Value {
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("no JSON: {}", told.stdout))
}

/// The ids by name, as the cluster has them.
#[track_caller]
fn ids(zone: &TestZone) -> Vec<(String, String)> {
    let told = zone.run(&["status", "--format", "json"]).expect_code(0);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let members = json(&told)["members"].as_array().expect("members").clone();
    members.iter().map(|member| (text(&member["name"]), text(&member["id"]))).collect()
}

/// Everything that looks at the zone finds nothing to say.
#[track_caller]
fn assert_settled(zone: &TestZone) {
    let status = zone.run(&["status"]).expect_code(0);
    assert!(!status.stdout.contains("differ"), "{}", status.stdout);
    let doctor = zone.run(&["doctor"]).expect_code(0);
    assert!(doctor.stdout.contains("\nexample.zone: healthy"), "{}", doctor.stdout);
    assert!(!doctor.stdout.contains("member-list"), "{}", doctor.stdout);
    for node in NODES {
        let check = zone.run(&["check", "--node", node]).expect_code(0);
        assert!(!check.stdout.contains("2390"), "{}", check.stdout);
    }
}

#[test]
fn a_member_moves_to_other_ports_and_stays_the_member_that_it_was() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        let before = ids(&zone);
        let pids: Vec<u32> = members.iter().map(Supervised::pid).collect();
        let endpoints = ["2379", "2389", "2399", "2489"].map(|port| format!("https://127.0.0.1:{port}"));
        let writer = GoWriter::start(&zone, &endpoints);
        edit(&zone, &NODE2_MOVES);
        let doctor = zone.run(&["doctor"]);
        assert!(doctor.stdout.contains("zone-etcd member update node2"), "{}", doctor.stdout);

        let told = zone.run(&["member", "update", "node2", "--format", "json"]).expect_code(0);
        let report = json(&told);
        assert_eq!(report["moved_from"], serde_json::json!(["https://127.0.0.1:2390"]));
        assert_eq!(report["peer_url"], "https://127.0.0.1:2490");
        assert_eq!(report["restarted"]["pid_after"], members[1].pid());
        assert_eq!(report["issued"], serde_json::json!([]), "no certificate names a port");
        writer.finish_unharmed();
        assert_eq!([pids[0], pids[2]], [members[0].pid(), members[2].pid()], "no other was restarted");
        assert_eq!(ids(&zone), before, "ids stay");
        assert_settled(&zone);

        // Nothing is left to do, and nothing is done.
        let again = json(&zone.run(&["member", "update", "node2", "--format", "json"]).expect_code(0));
        assert_eq!((&again["moved_from"], &again["restarted"]), (&Value::Null, &Value::Null));
        // Everybody starts again as the member that it was.
        for node in NODES {
            assert_eq!(plan(&zone, node)["decision"], "resume");
            let planned = zone.run(&["plan", "--node", node]).expect_code(0);
            assert!(!planned.stderr.contains("warning"), "{}", planned.stderr);
        }
        zone.run(&["restart", "--rolling"]).expect_code(0);
        assert_eq!(ids(&zone), before);
    });
}

/// The machine gets another address, and loses the old one afterwards.
#[test]
fn a_member_moves_to_another_address() {
    isolated(|| {
        let network = Network::new(&[("node1", "10.0.1.10"), ("node2", "10.0.1.11"), ("node3", "10.0.1.12")]);
        let zone = TestZone::init("example.zone", &["node1=10.0.1.10", "node2=10.0.1.11", "node3=10.0.1.12"]);
        let members = supervise_in_order(&zone, &NODES, |node, command| network.on(node, &command));
        for member in &members {
            member.wait_for_line(&["\"serving client traffic securely\""]);
        }
        let desk = |arguments: &[&str]| outcome(&mut network.on("node1", &zone.command(arguments)));
        let before = certificates(&zone);
        network.add_address("node2", "10.0.1.21");
        edit(&zone, &[("10.0.1.11", "10.0.1.21")]);
        network.send_from("node2", "10.0.1.0/24", "10.0.1.21");
        let report = json(&desk(&["member", "update", "node2", "--format", "json"]).expect_code(0));
        assert_eq!(report["client_url"], "https://10.0.1.21:2379");
        assert_eq!(report["issued"], serde_json::json!(["peer", "server"]));
        let after = certificates(&zone);
        assert_eq!((&before[0], &before[2]), (&after[0], &after[2]), "those of the others stay");
        assert_ne!(before[1], after[1]);
        let told = desk(&["status"]).expect_code(0).stdout;
        assert!(!told.contains("10.0.1.11"), "{told}");
        let etcdctl = network.on("node3", &etcdctl(&zone, "https://10.0.1.21:2379"));
        call(&etcdctl, &["put", "a", "b"]).expect_code(0);
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [1, 2, 1]);
    });
}

fn certificates(zone: &TestZone) -> Vec<String> {
    let read = |node: &&str| fs::read_to_string(zone.file(&format!("nodes/{node}/pki/current/peer.crt")));
    NODES.iter().map(|node| read(node).expect("a certificate")).collect()
}

/// A leader too: it hands over first. And a name more is a matter of certificates, which etcd reads at each
/// handshake.
#[test]
fn a_leader_moves_and_a_name_needs_no_restart() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379,https://127.0.0.1:2389,https://127.0.0.1:2399");
        make_leader(&etcdctl, "node2");
        edit(&zone, &NODE2_MOVES);
        let told = zone.run(&["member", "update", "node2"]).expect_code(0);
        assert!(told.stderr.contains("leadership moved from node2"), "{}", told.stderr);
        assert!(told.stdout.contains("serves as zone.toml says"), "{}", told.stdout);

        edit(&zone, &[("name = \"node3\"\n", "name = \"node3\"\nsans = [\"etcd.example.zone\"]\n")]);
        let report = json(&zone.run(&["member", "update", "node3", "--format", "json"]).expect_code(0));
        assert_eq!((&report["moved_from"], &report["restarted"]), (&Value::Null, &Value::Null));
        assert!(!report["issued"].as_array().expect("roles").is_empty());
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [1, 2, 1]);
        let shown = Command::new("sh")
            .args([
                "-c",
                "openssl s_client -connect 127.0.0.1:2399 </dev/null 2>/dev/null | openssl x509 -noout -text",
            ])
            .output()
            .expect("openssl");
        assert!(String::from_utf8_lossy(&shown.stdout).contains("etcd.example.zone"));
    });
}

#[test]
fn a_move_that_is_more_than_that_is_refused() {
    isolated(|| {
        let (zone, mut members) = zone_of_three();
        let description = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        edit(&zone, &NODE2_MOVES);
        edit(&zone, &[("peer_port = 2400", "peer_port = 2500")]);
        zone.run(&["member", "update", "node2"]).expect_code(78).expect_error_with(&[
            "differ in more than its address",
            "node3 is reached by members",
            "member update node2 node3",
        ]);

        fs::write(zone.file("zone.toml"), &description).expect("zone.toml");
        edit(&zone, &NODE2_MOVES);
        members[2].end(Signal::SIGKILL);
        zone.run(&["member", "update", "node2"]).expect_code(69).expect_error_with(&["node3 is down"]);
        assert_eq!(members[1].starts(), 1);
        // The cluster was told nothing: it is as if nothing had been. (First the file, which a starting
        // member reads.)
        fs::write(zone.file("zone.toml"), &description).expect("zone.toml");
        members[2].start_again();
        until("a healthy zone", || (zone.run(&["status"]).code == 0).then_some(()));
    });
}

/// Killed between its steps, by what it says of them.
#[test]
fn a_killed_move_is_run_again() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        let before = ids(&zone);
        for (line, changes) in [
            ("the cluster looks for node2", [("2389", "2489"), ("2390", "2490")]),
            ("restarting node2", [("2489", "2589"), ("2490", "2590")]),
            ("takes requests again", [("2589", "2689"), ("2590", "2690")]),
        ] {
            edit(&zone, &changes);
            let mut first =
                Running::start(&mut zone.command(&["member", "update", "node2"]), zone.around(), "first");
            first.wait_for_line(&[line]);
            first.signal(Signal::SIGKILL);
            first.end();
            zone.run(&["member", "update", "node2"]).expect_code(0);
            assert_eq!(ids(&zone), before);
        }
        assert!(members[1].starts() >= 4);
        assert_settled(&zone);
    });
}

/// A member that does not run any more, as on a machine that has moved already, is started by hand in its new
/// place.
#[test]
fn a_member_that_is_down_moves_as_well() {
    isolated(|| {
        let (zone, mut members) = zone_of_three();
        members[1].end(Signal::SIGKILL);
        edit(&zone, &NODE2_MOVES);
        zone.run(&["member", "update", "node2"])
            .expect_code(69)
            .expect_error_with(&["its member does not run here", "zone-etcd run --node node2"]);
        members[1].start_again();
        members[1].wait_for_line(&["\"serving client traffic securely\""]);
        let told = until("a member that serves", || {
            let told = zone.run(&["member", "update", "node2", "--format", "json"]);
            (told.code == 0).then_some(told)
        });
        assert_eq!(json(&told)["moved_from"], Value::Null, "the first call has told the cluster");
        assert_settled(&zone);
    });
}

/// All but one, the leader among them. A fourth call has nothing to do.
#[test]
fn several_move_one_after_the_other() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379,https://127.0.0.1:2389,https://127.0.0.1:2399");
        let before = ids(&zone);
        make_leader(&etcdctl, "node2");
        edit(&zone, &NODE2_MOVES);
        edit(
            &zone,
            &[("client_port = 2399", "client_port = 2499"), ("peer_port = 2400", "peer_port = 2500")],
        );
        let endpoints: Vec<String> =
            ["2379", "2389", "2399", "2489", "2499"].map(|port| format!("https://127.0.0.1:{port}")).to_vec();

        let listed = json(&zone.run(&["member", "update", "--dry-run", "--format", "json"]).expect_code(0));
        let steps = listed["steps"].as_array().expect("steps").iter();
        let restarts = steps.filter(|step| step["restarts"] == true).map(|step| step["node"].clone());
        assert_eq!(restarts.collect::<Vec<_>>(), ["node3", "node2"], "the leader last: {listed:#}");

        let writer = GoWriter::start(&zone, &endpoints);
        let reports = json(&zone.run(&["member", "update", "--format", "json"]).expect_code(0));
        writer.finish_unharmed();
        let order = reports.as_array().expect("reports").iter().map(|report| report["node"].clone());
        assert_eq!(order.collect::<Vec<_>>(), ["node3", "node2"]);
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [1, 2, 2]);
        assert_eq!(ids(&zone), before, "ids stay");
        assert_settled(&zone);

        let again = zone.run(&["member", "update"]).expect_code(0);
        assert!(again.stderr.contains("there is nothing to do"), "{}", again.stderr);
    });
}

/// Killed between two of them.
#[test]
fn what_is_left_of_several_moves_with_the_same_command() {
    isolated(|| what_is_left_moves_after("takes requests again"));
}

/// Killed while the first is on its way, for which the cluster looks in its new place.
#[test]
fn the_one_on_its_way_goes_on_first() {
    isolated(|| what_is_left_moves_after("the cluster looks for node"));
}

#[track_caller]
fn what_is_left_moves_after(line: &str) {
    let (zone, members) = zone_of_three();
    edit(&zone, &NODE2_MOVES);
    edit(&zone, &[("client_port = 2399", "client_port = 2499"), ("peer_port = 2400", "peer_port = 2500")]);
    let update = ["member", "update"];
    let mut first = Running::start(&mut zone.command(&update), zone.around(), "first");
    first.wait_for_line(&[line]);
    first.signal(Signal::SIGKILL);
    first.end();
    until("the rest", || (zone.run(&update).code == 0).then_some(()));
    assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [1, 2, 2]);
    assert_settled(&zone);
}

/// None is where it is looked for.
#[test]
fn all_at_once_are_not_found() {
    isolated(|| {
        let (zone, members) = zone_of_three();
        edit(&zone, &NODE2_MOVES);
        let others = [("2399", "2499"), ("2400", "2500"), ("2379", "2479"), ("2380", "2480")];
        edit(&zone, &others);
        zone.run(&["member", "update"])
            .expect_code(69)
            .expect_error_with(&["none answers where zone.toml has it", "put one node back as it was"]);
        assert!(members.iter().all(|member| member.starts() == 1));
    });
}
