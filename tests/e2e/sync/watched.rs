//! `sync --watch`: a bundle is activated as it comes, whatever becomes of the member that tells.

use std::process::Stdio;
use std::time::Instant;

use nix::sys::signal::Signal;

use super::Fleet;
use crate::harness::isolation::isolated;
use crate::harness::members::start_on_loopback;
use crate::harness::processes::{Running, until};

fn watching(fleet: &Fleet, node: &str) -> Running {
    let mut sync = fleet.sync_command(node, &["--watch", "--format", "json"]);
    Running::start(sync.stdin(Stdio::null()), fleet.zone.around(), &format!("watch-{node}"))
}

/// Waits until the node has said that a bundle is in use.
#[track_caller]
fn wait_for(fleet: &Fleet, node: &str, sequence: u64) {
    until("the answer of the node", || {
        fleet.judged(node).ok().filter(|answer| answer.sequence == sequence).map(drop)
    });
    assert_eq!(fleet.in_use(node), sequence);
}

#[test]
fn a_bundle_is_activated_as_it_comes_and_also_after_the_member_was_away() {
    isolated(|| {
        let mut fleet = Fleet::of_one();
        let first = fleet.join("worker")["sequence"].as_u64().expect("a number");
        let mut watch = watching(&fleet, "worker");
        wait_for(&fleet, "worker", first);
        let answer = fleet.answer("worker");
        let next = answer.next_sync_at.expect("a time");
        assert!(next > answer.at && next - answer.at <= time::Duration::HOUR, "{next}");
        for _ in 0..2 {
            let sequence = fleet.deliver("worker");
            wait_for(&fleet, "worker", sequence);
        }
        // Garbage is told of and ends nothing.
        fleet.put_bundle("worker", 90, b"garbage");
        until("the refusal", || {
            fleet.judged("worker").ok()?.not_activated.filter(|refused| refused.sequence == 90)
        });

        let (sealed, sequence) = fleet.sealed("worker");
        for member in &mut fleet.members {
            member.stop();
        }
        until("the loss of the member", || watch.stderr().contains("no member is reached").then_some(()));
        fleet.members = start_on_loopback(&fleet.zone, &["node1"]);
        assert!(watch.is_alive());
        // It goes by numbers: what is below the refused one is activated as well.
        fleet.put_bundle("worker", sequence, &sealed);
        until("the bundle", || (fleet.in_use("worker") == sequence).then_some(()));
        end(&mut watch, Signal::SIGTERM);
    });
}

#[track_caller]
fn end(watch: &mut Running, signal: Signal) {
    let begun = Instant::now();
    watch.signal(signal);
    watch.outcome().expect_code(0);
    assert!(begun.elapsed().as_millis() < 2000, "{:?}", begun.elapsed());
}

/// Waits until it listens for SIGTERM: before that, the signal itself ends it.
#[track_caller]
fn wait_for_handlers(watch: &Running) {
    let status = format!("/proc/{}/status", watch.pid());
    until("handlers of signals", || {
        let status = std::fs::read_to_string(&status).ok()?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
        (caught & (1 << (Signal::SIGTERM as u64 - 1)) != 0).then_some(())
    });
}

#[test]
fn it_ends_at_once_whatever_it_does() {
    isolated(|| {
        let fleet = Fleet::of_one();
        let first = fleet.join("worker")["sequence"].as_u64().expect("a number");
        let mut watch = watching(&fleet, "worker");
        wait_for(&fleet, "worker", first);
        end(&mut watch, Signal::SIGINT);
        // While it waits for a member that says nothing, which takes it seconds.
        for member in &fleet.members {
            member.signal(Signal::SIGSTOP);
        }
        let mut watch = watching(&fleet, "worker");
        wait_for_handlers(&watch);
        end(&mut watch, Signal::SIGTERM);
        for member in &fleet.members {
            member.signal(Signal::SIGCONT);
        }
        // Nothing is left of it that would keep another out.
        fleet.synced("worker", &[]);
    });
}
