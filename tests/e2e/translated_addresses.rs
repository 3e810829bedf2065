//! Members whose connections reach the others from an address that is not in their certificates, as through
//! NAT.

use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    assert_ids_as_planned, etcdctl, plan, run_command, start_together, wait_for_quorum,
};
use crate::harness::namespaces::Network;
use crate::harness::processes::Running;
use crate::harness::{TestZone, outcome};

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

/// Started by hand it would limp along, since the others dial it. What it dials is refused.
#[test]
fn one_translated_member_is_refused_without_nat() {
    isolated(|| {
        let network = network(&["infra2"]);
        let zone = zone(&[]);
        let mut members =
            start_together(&zone, &["infra0", "infra1"], |node, command| network.on(node, &command));
        let command = network.on("infra2", &run_command(&zone, "infra2", &[]));
        let refused = outcome(&mut { command }).expect_code(69);
        refused.expect_error_with(&[
            "infra0: unusable: it closes the connection",
            "infra1: unusable: it closes the connection",
            "this machine sends from 10.0.1.92, which is not in it",
            "sans = [\"10.0.1.92\"]",
        ]);
        // It did not commit, so nothing is bootstrapped.
        for member in &mut members {
            assert!(member.is_alive());
            assert!(!member.stderr().contains("bootstraps cluster"), "{}", member.stderr());
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
        // Bare etcd would wait for ever. The start says which address is missing, and the line that adds it.
        for (member, (machine, _, sender)) in members.iter_mut().zip(MACHINES) {
            let refused = member.outcome().expect_code(69);
            refused.expect_error_with(&[
                &format!("this machine sends from {sender}, which is not in it"),
                &format!("sans = [\"{sender}\"]"),
            ]);
            assert!(!zone.file(&format!("nodes/{machine}/data/member/wal")).exists(), "it founded");
        }
    });
}

#[test]
fn the_line_that_a_refused_start_names_mends_it() {
    isolated(|| {
        let network = network(&["infra0", "infra1", "infra2"]);
        let zone = zone(&[]);
        let mut description = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        for (_, address, sender) in MACHINES {
            let line = format!("address = \"{address}\"\n");
            description = description.replace(&line, &format!("{line}sans = [\"{sender}\"]\n"));
        }
        std::fs::write(zone.file("zone.toml"), description).expect("zone.toml");
        let _members = start(&zone, &network);
        assert_all_ready(&zone, &network);
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
    start_together(zone, &MACHINES.map(|(machine, ..)| machine), |node, command| network.on(node, &command))
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
