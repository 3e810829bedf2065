//! Certificates that are renewed while the zone runs: in use at once, with no restart, or put back.

use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, etcdctl, loopback_zone, start_on_loopback, start_together, wait_until_serving,
};
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;
use crate::harness::{TestZone, outcome};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn serials(zone: &TestZone, role: &str) -> Vec<String> {
    let serial = |node: &&str| {
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", "-serial", "-in"]);
        outcome(openssl.arg(zone.file(&format!("nodes/{node}/pki/current/{role}.crt")))).expect_code(0).stdout
    };
    NODES.iter().map(serial).collect()
}

/// What a server shows, as openssl sees it.
fn shown(port: u16) -> String {
    let line = format!(
        "openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null | openssl x509 -noout -serial"
    );
    outcome(Command::new("sh").args(["-c", &line])).stdout
}

#[test]
fn every_certificate_is_new_and_in_use_and_no_process_is() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let mut members = start_on_loopback(&zone, &NODES);
        let pids: Vec<u32> = members.iter().map(Running::pid).collect();
        let before = [serials(&zone, "server"), serials(&zone, "peer")];
        let told = zone.run(&["pki", "renew", "--all", "--format", "json"]).expect_code(0);
        let rows: Vec<Value> = serde_json::from_str(&told.stdout).expect("JSON");
        for row in rows.iter().filter(|row| NODES.contains(&row["holder"].as_str().expect("a name"))) {
            assert_eq!(row["served"], "proved", "{row}");
        }
        let after = [serials(&zone, "server"), serials(&zone, "peer")];
        for (index, ports) in [[2379, 2380], [2389, 2390], [2399, 2400]].into_iter().enumerate() {
            assert!(before[0][index] != after[0][index] && before[1][index] != after[1][index]);
            assert_eq!(
                [shown(ports[0]), shown(ports[1])],
                [after[0][index].clone(), after[1][index].clone()]
            );
        }
        call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["put", "a", "b"]).expect_code(0);
        assert!(members.iter_mut().all(Running::is_alive));
        assert_eq!(members.iter().map(Running::pid).collect::<Vec<_>>(), pids);
        zone.run(&["status"]).expect_code(0);
        zone.run(&["doctor"]).expect_code(0);
    });
}

/// The zone directory is on a machine of its own, which has none of the addresses in the certificates: etcd
/// takes none of a peer's from there, and that is no reason to put them back.
#[test]
fn a_desk_that_is_no_node_renews() {
    isolated(|| {
        let machines =
            [("node1", "10.0.1.10"), ("node2", "10.0.1.11"), ("node3", "10.0.1.12"), ("desk", "10.0.1.99")];
        let network = Network::new(&machines);
        let zone = TestZone::init("example.zone", &["node1=10.0.1.10", "node2=10.0.1.11", "node3=10.0.1.12"]);
        let mut members = start_together(&zone, &NODES, |node, command| network.on(node, &command));
        wait_until_serving(&mut members);
        let before = serials(&zone, "peer");
        outcome(&mut network.on("desk", &zone.command(&["pki", "renew", "node2"]))).expect_code(0);
        assert_ne!(serials(&zone, "peer")[1], before[1]);
    });
}

/// The zone directory was copied, and the members run from the copy: what is renewed here reaches nobody.
#[test]
fn what_no_member_shows_is_put_back() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let copy = TestZone::empty();
        outcome(Command::new("cp").arg("-a").arg(zone.path()).arg(copy.path())).expect_code(0);
        let _members = start_on_loopback(&copy, &NODES);
        let before = serials(&zone, "server");
        zone.run(&["pki", "renew", "node1", "node2"]).expect_code(65).expect_error_with(&[
            "the new certificates of node1 are not in use",
            "it reads other files",
            "is in use again, as before",
        ]);
        assert_eq!(serials(&zone, "server"), before, "node1 has its old ones, and node2 was left alone");
        call(&etcdctl(&copy, "https://127.0.0.1:2379"), &["put", "a", "b"]).expect_code(0);
    });
}
