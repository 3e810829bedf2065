//! Addresses in zone.toml that are not those of the members: a founder's that was mistyped, swapped ports, a
//! port that is closed.

use std::fs;
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, etcdctl, found_without, loopback_text, loopback_zone, run_command, start, start_on_loopback,
    wait_for_quorum,
};
use crate::harness::namespaces::Network;
use crate::harness::next_step::obey;
use crate::harness::processes::{Running, until};
use crate::harness::{TestZone, outcome};
use crate::status::status;

/// The others have founded the cluster without it. A learner beside it would leave a voter for ever that
/// never comes.
#[test]
fn a_founder_whose_address_is_corrected_stays_the_member_that_it_is() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        let text = loopback_text("example.zone", 3, "");
        let mistyped = text.replace("peer_port = 2400", "peer_port = 2500");
        fs::write(zone.file("zone.toml"), mistyped).expect("zone.toml");
        zone.run(&["init"]).expect_code(0);
        let _others = found_without(&zone, &["node1", "node2"], &["node3"]);
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        fs::write(zone.file("zone.toml"), text).expect("zone.toml");

        let refused = outcome(&mut run_command(&zone, "node3", &[]));
        assert!(refused.stderr.contains("zone-etcd member update node3 "), "{}", refused.stderr);
        assert!(!refused.stderr.contains("member add"), "{}", refused.stderr);
        let shown = zone.run(&["status"]).expect_code(65).stdout;
        let (_, step) = shown.split_once("\nnext: ").expect("a next step");
        assert!(step.starts_with("if node3 is where zone.toml says, tell the cluster, "), "{shown}");
        // It cannot be seen in its place before it is started.
        obey(step, &[])
            .expect_error_with(&["the cluster looks for node3 at https://127.0.0.1:2400 from now on"]);
        let _third = start(&zone, "node3");
        until("the zone to be healthy", || (zone.run(&["status"]).code == 0).then_some(()));
        assert_eq!(status(&zone, 0)["voters"], 3);
        let list = call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["member", "list"]).expect_code(0).stdout;
        assert_eq!(list.lines().count(), 3, "{list}");
    });
}

#[test]
fn swapped_ports_are_named() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let _members = start_on_loopback(&zone, &["node1"]);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let swapped =
            text.replace("client_port = 2379\npeer_port = 2380", "client_port = 2380\npeer_port = 2379");
        fs::write(zone.file("zone.toml"), swapped).expect("zone.toml");
        let shown = zone.run(&["status"]).expect_code(69).stdout;
        let words: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains(
                "node1 is down: the ports are swapped: https://127.0.0.1:2380 answers as the peer \
                 plane, and https://127.0.0.1:2379 as the client plane"
            ),
            "{shown}"
        );
        assert!(
            shown.contains("\nnext: give the node node1 its client_port and its peer_port in zone.toml "),
            "{shown}"
        );
        let doctor = zone.run(&["doctor"]).stdout;
        assert!(doctor.contains("the ports are swapped"), "{doctor}");
        // What is proposed.
        fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        zone.run(&["status"]).expect_code(0);
    });
}

/// Packets to and from the port for peers get lost on the machine of one member, as by a firewall.
#[test]
fn a_closed_peer_port_is_named() {
    isolated(|| {
        let nodes = ["node1", "node2", "node3"];
        let network = Network::new(&[("node1", "10.0.1.10"), ("node2", "10.0.1.11"), ("node3", "10.0.1.12")]);
        let zone = TestZone::init("example.zone", &["node1=10.0.1.10", "node2=10.0.1.11", "node3=10.0.1.12"]);
        let start = |node: &&str| {
            let mut run = network.on(node, &run_command(&zone, node, &[]));
            Running::start(&mut run, zone.around(), node)
        };
        let _members: Vec<Running> = nodes.iter().map(start).collect();
        let ask = |command: &str| outcome(&mut network.on("node1", &zone.command(&[command])));
        until("the zone to be healthy", || (ask("status").code == 0).then_some(()));
        for port in ["dport", "sport"] {
            let rule = format!("-n node3 rule add ipproto tcp {port} 2380 blackhole");
            outcome(Command::new("ip").args(rule.split(' '))).expect_code(0);
        }
        let shown = until("the port to be named", || {
            let shown = ask("status").stdout;
            shown.contains("is cut off at its port for peers").then_some(shown)
        });
        assert!(
            shown.contains("\nnext: let all members reach https://10.0.1.12:2380 and node3 reach theirs: "),
            "{shown}"
        );
        let doctor = ask("doctor").stdout;
        assert!(doctor.contains("is cut off at its port for peers"), "{doctor}");
    });
}
