//! Two signing hosts, a quorum that is lost, and etcd as it was before.

use std::process::Command;

use nix::sys::signal::Signal;
use time::Duration;

use super::{CLIENTS, Fleet};
use crate::harness::clock::turn;
use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, wait_for_quorum};
use crate::harness::outcome;

/// A copy of the zone directory that goes on by itself.
#[test]
fn a_node_takes_the_bundles_of_two_signing_hosts_one_above_the_other() {
    isolated(|| {
        let mut fleet = Fleet::new();
        fleet.sync("c1").expect_code(0);
        fleet.watch(&["c1"]);
        fleet.zone.run(&["pki", "renew", "c1"]).expect_code(0);
        let copy = fleet.zone.around().join("copy");
        outcome(Command::new("cp").arg("-a").arg(fleet.zone.path()).arg(&copy)).expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1"]).expect_code(0);
        let of_one = fleet.certificate("c1");

        let mut other = crate::harness::zone_etcd(["pki", "renew", "c1", "--zone"]);
        outcome(other.arg(&copy))
            .expect_code(0)
            .expect_error_with(&["c1 has bundle", "put back from a copy"]);
        let of_other = fleet.certificate("c1");
        assert_ne!(of_one, of_other);
        let told = fleet.zone.run(&["pki", "renew", "c1"]).expect_code(0);
        told.expect_error_with(&["c1 has bundle", "the next is"]);
        assert_ne!(fleet.certificate("c1"), of_other);
        fleet.put("c1", "a").expect_code(0);
    });
}

#[test]
fn a_quorum_that_is_lost_in_the_middle_is_waited_for_by_the_same_command() {
    isolated(|| {
        let mut fleet = Fleet::new();
        for (name, _) in &CLIENTS {
            fleet.sync(name).expect_code(0);
        }
        fleet.zone.run(&["pki", "renew", "--all", "--timeout", "1s"]).expect_code(69);
        let before = fleet.certificate("c1");
        for member in &mut fleet.members[..2] {
            member.end(Signal::SIGKILL);
        }
        fleet.sync("c1").expect_code(69);
        assert_eq!(fleet.certificate("c1"), before);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        for member in &mut fleet.members[..2] {
            member.start_again();
        }
        wait_for_quorum(&etcdctl(&fleet.zone, "https://10.0.1.10:2379"));
        let names: Vec<&str> = CLIENTS.iter().map(|(name, _)| *name).collect();
        fleet.watch(&names);
        fleet.zone.run(&["pki", "renew", "--all", "--due", "--timeout", "30s"]).expect_code(0);
        assert_ne!(fleet.certificate("c1"), before);
    });
}

/// Behind, its node refuses what is not valid yet by that clock; ahead, its answer is not believed.
#[test]
fn a_node_whose_clock_is_wrong_is_named_and_goes_on_once_it_is_right() {
    isolated(|| {
        let fleet = Fleet::new();
        fleet.sync("c1").expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        let before = fleet.certificate("c1");
        let behind = outcome(turn(&mut fleet.on("c1", "sync", &[]), -Duration::days(3)));
        behind.expect_code(69).expect_error_with(&["it is not valid yet by this machine's clock"]);
        assert_eq!(fleet.certificate("c1"), before);
        outcome(turn(&mut fleet.on("c1", "sync", &[]), Duration::days(2))).expect_code(0);
        let told = fleet.zone.run(&["pki", "renew", "c1", "--due", "--timeout", "1s"]).expect_code(69);
        told.expect_error_with(&["is not believed", "which is to come"]);
        fleet.sync("c1").expect_code(0);
        assert_ne!(fleet.certificate("c1"), before);
        fleet.zone.run(&["pki", "renew", "c1", "--due", "--timeout", "5s"]).expect_code(0);
        fleet.put("c1", "a").expect_code(0);
    });
}

/// Keys of etcd put back as they were: the bundle of before, and the answer to it.
#[test]
fn etcd_as_it_was_before_takes_no_node_back() {
    isolated(|| {
        let mut fleet = Fleet::new();
        fleet.sync("c1").expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1", "--timeout", "1s"]).expect_code(69);
        let before = fleet.deliveries("c1");
        assert_eq!(before.len(), 2, "a bundle and head");
        fleet.watch(&["c1"]);
        fleet.zone.run(&["pki", "renew", "c1"]).expect_code(0);
        fleet.zone.run(&["pki", "renew", "c1"]).expect_code(0);
        let newest = fleet.certificate("c1");
        fleet.switch_off("c1");
        before.iter().for_each(|(key, value)| fleet.put_bytes(key, value));
        fleet.sync("c1").expect_code(0);
        assert_eq!(fleet.certificate("c1"), newest);
        fleet.watch(&["c1"]);
        fleet.zone.run(&["pki", "renew", "c1"]).expect_code(0);
        assert_ne!(fleet.certificate("c1"), newest);
    });
}
