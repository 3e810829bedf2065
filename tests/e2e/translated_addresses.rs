//! Members whose connections reach the others from an address that is not in their certificates, as through NAT.

use std::process::Command;

use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{assert_ids_as_planned, call, etcdctl, plan, start_in_order, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;

/// A machine, its address in the zone, and the address from which a translated one sends.
const MACHINES: [(&str, &str, &str); 3] = [
    ("infra0", "10.0.1.10", "10.0.1.90"),
    ("infra1", "10.0.1.11", "10.0.1.91"),
    ("infra2", "10.0.1.12", "10.0.1.92"),
];

/// What etcd logs for a connection whose source is not in the certificate.
const REFUSED: &str = "rejected connection on peer endpoint";

#[test]
fn one_translated_member_works_with_nat() {
    isolated(|| {
        let network = network(&["infra2"]);
        let zone = zone(&["infra2"]);
        let members = start(&zone, &network);
        assert_all_ready(&zone, &network);
        for member in &members {
            assert!(!member.stderr().contains(REFUSED), "{}", member.stderr());
        }
    });
}

/// The others still dial it, so it limps along; what it dials is refused.
#[test]
fn one_translated_member_is_refused_without_nat() {
    isolated(|| {
        let network = network(&["infra2"]);
        let zone = zone(&[]);
        let mut members = start(&zone, &network);
        for member in &mut members[..2] {
            member.wait_for_line(&[REFUSED, "10.0.1.92", "does not match any of DNSNames"]);
        }
    });
}

#[test]
fn translated_members_form_a_cluster_with_nat() {
    isolated(|| {
        let network = network(&["infra0", "infra1", "infra2"]);
        let zone = zone(&["infra0", "infra1", "infra2"]);
        let _members = start(&zone, &network);
        assert_all_ready(&zone, &network);
    });
}

#[test]
fn translated_members_form_no_cluster_without_nat() {
    isolated(|| {
        let network = network(&["infra0", "infra1", "infra2"]);
        let zone = zone(&[]);
        let mut members = start(&zone, &network);
        for (member, (_, own, _)) in members.iter_mut().zip(MACHINES) {
            for (_, _, sender) in MACHINES.iter().filter(|(_, address, _)| *address != own) {
                member.wait_for_line(&[REFUSED, sender]);
            }
            // A member that hears of no other stands for election; later rounds show that nobody took part in the first.
            member.wait_for_line(&["is starting a new election"]);
            crate::harness::processes::until("several elections", || {
                (member.stderr().matches("is starting a new election").count() > 5).then_some(())
            });
            assert!(!member.stderr().contains("elected leader"), "{}", member.stderr());
        }
        assert_ne!(call(&client(&zone, &network, "infra0", "10.0.1.10"), &["get", "nothing"]).code, 0);
    });
}

/// The machines; those that are named send from their other address, which the zone does not know.
fn network(translated: &[&str]) -> Network {
    let network = Network::new(&MACHINES.map(|(machine, address, _)| (machine, address)));
    for (machine, _, sender) in MACHINES.iter().filter(|(machine, ..)| translated.contains(machine)) {
        network.add_address(machine, sender);
        network.send_from(machine, "10.0.1.0/24", sender);
    }
    network
}

/// The zone; the nodes that are named have `nat = true`.
fn zone(translated: &[&str]) -> TestZone {
    let mut text =
        "[zone]\nname = \"example.com\"\n[etcd]\nheartbeat = \"10ms\"\nelection = \"100ms\"\n".to_owned();
    for (node, address, _) in MACHINES {
        text += &format!(
            "[[node]]\nname = \"{node}\"\naddress = \"{address}\"\nnat = {}\n",
            translated.contains(&node)
        );
    }
    let zone = TestZone::described(&text);
    zone.run(&["init"]).expect_code(0);
    zone
}

fn start(zone: &TestZone, network: &Network) -> Vec<Running> {
    start_in_order(zone, &MACHINES.map(|(machine, ..)| machine), |node, command| network.on(node, &command))
}

fn client(zone: &TestZone, network: &Network, machine: &str, address: &str) -> Command {
    network.on(machine, &etcdctl(zone, &format!("https://{address}:2379")))
}

#[track_caller]
fn assert_all_ready(zone: &TestZone, network: &Network) {
    for (machine, address, _) in MACHINES {
        let client = client(zone, network, machine, address);
        wait_for_quorum(&client);
        assert_ids_as_planned(&client, &plan(zone, machine));
    }
}
