//! Three nodes on one machine, each with a directory of its own.

use super::{generation, served};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::{TestZone, outcome, program, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn zone() -> TestZone {
    let place = std::env::temp_dir().join("nodes");
    std::fs::create_dir(&place).expect("a directory");
    let (program, place) = (program().display().to_string(), place.display().to_string());
    let zone = loopback_zone(
        3,
        &format!("[access]\ncommand = \"{program}\"\nnode_dir = \"{place}/{{name}}\"\nlimit = \"20s\"\n"),
    );
    zone.run(&["init"]).expect_code(0);
    zone
}

fn directory(node: &str) -> std::path::PathBuf {
    std::env::temp_dir().join("nodes").join(node)
}

fn start(zone: &TestZone, node: &str, directory: &std::path::Path) -> Running {
    let mut command = zone_etcd(["run", "--end-with-parent", &std::process::id().to_string(), "--config"]);
    Running::start(command.arg(directory.join("node.json")), zone.around(), node)
}

#[test]
fn a_zone_is_brought_to_its_nodes_and_renewed_while_it_runs() {
    isolated(|| {
        let zone = zone();
        let told = zone.run(&["pki", "renew", "--all", "--format", "json"]).expect_code(0);
        NODES.iter().for_each(|node| assert_eq!(served(&told, node), ["delivered"; 4], "{node}"));
        let mut members: Vec<Running> =
            NODES.iter().map(|node| start(&zone, node, &directory(node))).collect();
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        wait_for_quorum(&client);
        let pids: Vec<u32> = members.iter().map(Running::pid).collect();

        let told = zone.run(&["pki", "renew", "--all", "--format", "json"]).expect_code(0);
        NODES.iter().for_each(|node| assert_eq!(served(&told, node), ["proved"; 4], "{node}"));
        call(&client, &["put", "a", "b"]).expect_code(0);
        assert!(members.iter_mut().all(Running::is_alive));
        assert_eq!(members.iter().map(Running::pid).collect::<Vec<_>>(), pids);
        zone.run(&["status"]).expect_code(0);

        zone.run(&["pki", "issue", "--client", "app"]).expect_code(0);
        let revoked = zone.run(&["pki", "revoke", "client/app"]).expect_code(0);
        assert!(revoked.stdout.contains("refused by node1, node2, node3"), "{}", revoked.stdout);
    });
}

/// The member of node1 reads a copy of its directory, as after a move that nobody told of.
#[test]
fn what_a_member_does_not_show_is_put_back_on_its_node() {
    isolated(|| {
        let zone = zone();
        zone.run(&["pki", "renew", "--all"]).expect_code(0);
        let moved = zone.around().join("moved");
        outcome(std::process::Command::new("cp").arg("-a").arg(directory("node1")).arg(&moved))
            .expect_code(0);
        let mut members = vec![start(&zone, "node1", &moved)];
        members.extend(NODES[1..].iter().map(|node| start(&zone, node, &directory(node))));
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2389"));
        let here = |node: &str| generation(&zone.file(&format!("nodes/{node}/pki")));
        let before = (here("node1"), here("node2"));
        zone.run(&["pki", "renew", "node1", "node2"]).expect_code(65).expect_error_with(&[
            "the new certificates of node1 are not in use",
            "it reads other files",
            "node1 has gone back to what it had",
            "is in use again, as before",
        ]);
        assert_eq!((here("node1"), here("node2")), before, "node2 was left alone");
        assert_eq!(generation(&directory("node1").join("pki")), "gen-1");
    });
}
