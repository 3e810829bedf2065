//! From one member to several and back, while clients write.

use super::{NODES, add, members, zone_of};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl};
use crate::harness::outcome;
use crate::harness::processes::until;

#[test]
fn from_one_to_three_and_back() {
    isolated(|| {
        let (zone, mut running) = zone_of(1);
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
        call(&etcdctl, &["put", "greeting", "hello"]).expect_code(0);
        running.push(add(&zone, 2));
        running.push(add(&zone, 3));
        let told = members(&zone);
        assert!(told.iter().all(|(_, role)| role != "learner"), "{told:?}");
        assert_eq!(told.len(), 3);
        zone.run(&["doctor"]).expect_code(0);

        // Without the first, which may lead: the two others have all of it.
        let alone = zone.run(&["member", "remove", "node1", "--yes"]).expect_code(78);
        assert!(alone.stderr.contains("--allow-no-tolerance"), "{}", alone.stderr);
        zone.run(&["member", "remove", "node1", "--yes", "--allow-no-tolerance"]).expect_code(0);
        until("the end of the process", || running[0].has_ended().then_some(()));
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        assert!(text.contains("member = false"), "{text}");
        assert!(!zone.file("nodes/node1/data").exists(), "it is aside");
        let told = outcome(&mut zone.command(&["run", "--node", "node1"])).expect_code(78);
        assert!(told.stderr.contains("node1"), "{}", told.stderr);
        let mut other = crate::harness::members::again(&etcdctl, &["get", "greeting", "--print-value-only"]);
        other.env("ETCDCTL_ENDPOINTS", "https://127.0.0.1:2389");
        assert_eq!(outcome(&mut other).expect_code(0).stdout, "hello\n");
        // The same command once more finds nothing to do.
        zone.run(&["member", "remove", "node1", "--yes"]).expect_code(0);

        // It comes back as another member.
        let mut command = zone.command(&["member", "add", "node1"]);
        let mut adding = crate::harness::processes::Running::start(&mut command, zone.around(), "add-again");
        adding.wait_for_line(&["node1", "has to be started"]);
        let _again = super::supervise(&zone, NODES[0]);
        assert!(adding.end().success(), "{}", adding.stderr());
        assert_eq!(members(&zone).len(), 3);
        zone.run(&["status"]).expect_code(0);
    });
}
