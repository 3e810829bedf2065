//! CAs replaced while nodes are on, off, and on again.

use std::time::Instant;

use nix::sys::signal::Signal;

use super::{Fleet, Supervised, etcdctl, wait_for_quorum};
use crate::harness::elsewhere::INFRA;
use crate::harness::isolation::isolated;
use crate::harness::outcome;
use crate::harness::processes::{Running, until};

fn rotate(fleet: &Fleet, more: &[&str]) -> crate::harness::Outcome {
    let common = ["pki", "rotate-ca", "--root", "--force", "--timeout", "40s"];
    fleet.zone.run(&[&common[..], more].concat())
}

#[test]
fn the_root_is_replaced_while_one_node_is_off_all_the_time() {
    isolated(|| {
        let mut fleet = Fleet::new();
        let told = fleet.zone.run(&["pki", "rotate-ca", "--force"]).expect_code(66);
        told.expect_error_with(&["infra0 has told no key", "on infra0: zone-etcd sync"]);
        fleet.watch_all();
        fleet.switch_off("c5");
        let begun = Instant::now();
        let first = ["pki", "rotate-ca", "--root", "--force", "--timeout", "10s"];
        let told = fleet.zone.run(&first).expect_code(69);
        told.expect_error_with(&["c5 has not answered", "c5 was last heard at", "--without c5"]);
        let told = rotate(&fleet, &["--without", "c5"]).expect_code(0);
        println!("{}\n{}\nin {:.1} s", told.stdout, told.stderr, begun.elapsed().as_secs_f64());
        for (name, _) in INFRA {
            fleet.put(name, "a").expect_code(0);
        }
        ["c1", "c2", "c3", "c4"].iter().for_each(|name| drop(fleet.put(name, "a").expect_code(0)));
        // Its certificate is of a CA that no member trusts any more.
        let told = fleet.sync("c5").expect_code(69);
        let told = told.expect_error_with(&["zone-etcd bundle c5"]);
        println!("{}", told.stderr);
        let out = fleet.zone.around().join("back");
        outcome(fleet.zone.command(&["bundle", "c5", "--no-encryption"]).arg("--out").arg(&out))
            .expect_code(0);
        // It believes the root that it had: docs/rotation.md.
        let directory = fleet.directory("c5");
        std::fs::rename(directory.join("pki"), directory.join("pki.before")).expect("pki/ aside");
        fleet.zone.activate(&out.join("c5.bundle"), &directory);
        fleet.sync("c5").expect_code(0);
        fleet.put("c5", "a").expect_code(0);
        fleet.watch(&["c5"]);
        fleet.zone.run(&["pki", "renew", "c5"]).expect_code(0);
    });
}

#[test]
fn a_node_that_missed_the_new_root_takes_each_stage_when_it_is_back() {
    isolated(|| {
        let mut fleet = Fleet::new();
        fleet.watch_all();
        fleet.switch_off("c4");
        rotate(&fleet, &["--without", "c4", "--stop-after", "new-leaves"]).expect_code(0);
        let told = fleet.sync("c4").expect_code(0);
        println!("{}\n{}", told.stdout, told.stderr);
        fleet.put("c4", "a").expect_code(0);
        fleet.watch(&["c4"]);
        rotate(&fleet, &[]).expect_code(0);
        fleet.put("c4", "b").expect_code(0);
    });
}

/// A node may have the lock of operations at any time, to restart its member.
#[test]
fn an_operation_waits_for_the_turn_of_a_node() {
    isolated(|| {
        let mut fleet = Fleet::new();
        fleet.watch_all();
        let mut first = fleet.zone.command(&["pki", "rotate-ca", "--plane", "client", "--timeout", "60s"]);
        let mut first = Running::start(&mut first, fleet.zone.around(), "first");
        let (_, node) = &mut fleet.watching[0];
        node.wait_for_line(&["infra0 is restarted, since"]);
        // It has the lock until its lease ends, and longer once it goes on.
        node.signal(Signal::SIGSTOP);
        first.signal(Signal::SIGKILL);
        first.end();
        let second = ["pki", "rotate-ca", "--stop-after", "trust-both", "--timeout", "60s"];
        let mut second = Running::start(&mut fleet.zone.command(&second), fleet.zone.around(), "second");
        second.wait_for_line(&["waiting for a node that restarts its member", "`sync` on"]);
        // While it waits, no member answers for a moment.
        let others = &mut fleet.members[1..];
        for member in &mut *others {
            member.end(Signal::SIGKILL);
        }
        others.iter_mut().for_each(Supervised::start_again);
        wait_for_quorum(&etcdctl(&fleet.zone, "https://10.0.1.11:2379"));
        node.signal(Signal::SIGCONT);
        assert_eq!(second.end().code(), Some(0), "{}", second.stderr());
        fleet.zone.run(&["pki", "rotate-ca", "--timeout", "60s"]).expect_code(0);
        fleet.put("c1", "a").expect_code(0);
    });
}

/// One operator waits for a node; another goes back, and makes other CAs, up to a stage at which to stop.
#[test]
fn a_rotation_that_waited_does_not_go_on_with_the_cas_of_another() {
    isolated(|| {
        let mut fleet = Fleet::new();
        fleet.watch_all();
        fleet.switch_off("c5");
        let mut waiting = fleet.zone.command(&["pki", "rotate-ca", "--root", "--force", "--timeout", "4m"]);
        let mut waiting = Running::start(&mut waiting, fleet.zone.around(), "waiting");
        waiting.wait_for_line(&["waiting up to", "c1, c2, c3, c4 and c5"]);
        // It sees what it waits for when the others are done.
        waiting.signal(Signal::SIGSTOP);
        let in_use = fleet.directory("c5").join("pki/current");
        let generation = || std::fs::read_link(&in_use).expect("the generation in use");
        let before = generation();
        fleet.watch(&["c5"]);
        until("the bundle that it waits for", || (generation() != before).then_some(()));
        let other =
            |more: &[&str]| fleet.zone.run(&[&["pki", "rotate-ca", "--timeout", "40s"], more].concat());
        other(&["--rollback"]).expect_code(0);
        // The stage is the one that the other waits at: only the CAs differ.
        other(&["--root", "--force", "--stop-after", "trust-both"]).expect_code(0);
        waiting.signal(Signal::SIGCONT);
        let code = waiting.end().code();
        let told = waiting.stderr();
        assert!(code != Some(0) && !told.contains("new-leaves"), "{told}");
        let told = fleet.zone.run(&["pki", "rotate-ca", "--status"]).expect_code(0).stdout;
        assert!(told.contains("trust-both"), "{told}");
        other(&[]).expect_code(0);
        fleet.put("c5", "a").expect_code(0);
    });
}
