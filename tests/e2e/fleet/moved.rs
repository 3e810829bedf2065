//! A member that moves, on a node that takes what etcd has for it.

use super::Fleet;
use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, wait_for_quorum};

#[test]
fn a_member_moves_when_its_node_has_taken_its_bundle() {
    isolated(|| {
        let mut fleet = Fleet::new();
        fleet.watch_all();
        let text = std::fs::read_to_string(fleet.zone.file("zone.toml")).expect("zone.toml");
        let moved = text.replace(
            "address = \"10.0.1.12\"",
            "address = \"10.0.1.12\"\npeer_port = 2480\nclient_port = 2479",
        );
        std::fs::write(fleet.zone.file("zone.toml"), moved).expect("zone.toml");
        fleet.zone.run(&["member", "update", "infra2", "--timeout", "40s"]).expect_code(0);
        wait_for_quorum(&etcdctl(&fleet.zone, "https://10.0.1.12:2479"));
        // Every other node knows where it is.
        fleet.zone.run(&["pki", "renew", "--all", "--due", "--timeout", "30s"]).expect_code(0);
        for name in ["infra0", "c1"] {
            let local = std::fs::read_to_string(fleet.directory(name).join("node.json")).expect("node.json");
            assert!(local.contains("2479"), "{name}: {local}");
        }
        assert_eq!(fleet.members[2].starts(), 2);
    });
}
