//! What no run may miss: each of these does by hand what a tool would do that is not safe, and has to be
//! found.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;

use super::disaster::{judge_restored, newest_snapshot, snapshot_and_later};
use super::machines::NODES;
use super::tally::{FOUNDING, HISTORY, RESTORE, REVOCATION};
use super::{Run, operations, probes};
use crate::harness::draw::Draw;
use crate::harness::isolation::isolated;
use crate::harness::members::process_lines;
use crate::harness::processes::{Running, until};
use crate::harness::{bundle, outcome};

#[track_caller]
fn assert_found(run: &Run, kind: &str) {
    let violations = &run.tally().violations;
    let found = violations.iter().find(|(found, _)| *found == kind);
    let (kind, what) = found.unwrap_or_else(|| panic!("no {kind} was found: {violations:#?}"));
    println!("seeded {kind}: {}", what.lines().next().unwrap_or_default());
}

/// The list of before comes back on one member, as by a bundle that was rolled back with it.
#[test]
fn long_a_lost_revocation_is_found() {
    isolated(|| {
        let run = Run::start();
        let mut draw = Draw::new(1);
        operations::revoke(&run, &mut draw);
        let list = run.machines.disk(1).join("pki/current/client.crl");
        let before = fs::read(&list).expect("a list");
        operations::revoke(&run, &mut draw);
        run.try_all_revoked();
        assert!(run.tally().violations.is_empty(), "{:#?}", run.tally().violations);
        fs::write(&list, before).expect("the list of before");
        std::thread::scope(|scope| {
            scope.spawn(|| probes::watch(&run, draw));
            until("what is found", || run.tally().has(REVOCATION).then_some(()));
            run.calm.stop();
        });
        assert_found(&run, REVOCATION);
    });
}

/// Three of five lose their disks, and begin empty with `--initial-cluster-state=new`.
#[test]
fn long_a_second_founding_is_found() {
    isolated(|| {
        let run = Run::start();
        // One has moved since the cluster was founded, so the cluster that is founded again is another.
        operations::move_member(&run, 0);
        let writers = run.writers();
        until("some writes", || (run.revision() > Some(100)).then_some(()));
        let commands: Vec<Command> = (0..3).map(|node| started_by_hand(&run, node)).collect();
        let is_list = |argument: &&OsStr| argument.to_string_lossy().starts_with("--initial-cluster=");
        let list = commands[0].get_args().find(is_list).expect("the list").to_owned();
        (0..NODES.len()).for_each(|node| run.machines.kill(node));
        let founded: Vec<Running> = commands
            .into_iter()
            .enumerate()
            .map(|(node, mut command)| {
                fs::remove_dir_all(run.machines.disk(node).join("data")).expect("a disk that is lost");
                command.arg(&list).arg("--initial-cluster-state=new");
                Running::start(&mut command, run.machines.zone.around(), &format!("founded-{node}"))
            })
            .collect();
        std::thread::scope(|scope| {
            scope.spawn(|| probes::watch(&run, Draw::new(1)));
            until("a cluster that takes requests", || run.revision());
            until("what is found", || run.tally().has(FOUNDING).then_some(()));
            run.calm.stop();
        });
        writers.into_iter().for_each(|writer| run.tally().writer(&writer.finish()));
        drop(founded);
        assert_found(&run, FOUNDING);
        assert_found(&run, HISTORY);
    });
}

/// `etcdutl snapshot restore` as etcd's own documentation once had it: without `--bump-revision`.
#[test]
fn long_a_stale_read_after_a_restore_is_found() {
    isolated(|| {
        let run = Run::start();
        let seen = snapshot_and_later(&run);
        let file = newest_snapshot(&run);
        let commands: Vec<Command> = (0..NODES.len()).map(|node| started_by_hand(&run, node)).collect();
        (0..NODES.len()).for_each(|node| run.machines.kill(node));
        let restored: Vec<Running> = commands
            .into_iter()
            .enumerate()
            .map(|(node, mut command)| {
                let data = run.machines.disk(node).join("data");
                fs::remove_dir_all(&data).expect("a disk that is lost");
                let mut restore = Command::new(bundle("3.7.3").join("etcdutl"));
                restore.args(["snapshot", "restore", &file, "--data-dir"]).arg(data);
                restore
                    .args(command.get_args().filter(|argument| is_of_founding(&argument.to_string_lossy())));
                outcome(&mut restore).expect_code(0);
                Running::start(&mut command, run.machines.zone.around(), &format!("restored-{node}"))
            })
            .collect();
        until("a cluster that takes requests", || run.revision());
        judge_restored(&run, seen);
        drop(restored);
        assert_found(&run, RESTORE);
    });
}

/// What `etcdutl snapshot restore` has to know of a member.
fn is_of_founding(argument: &str) -> bool {
    ["--name=", "--initial-cluster=", "--initial-cluster-token=", "--initial-advertise-peer-urls="]
        .iter()
        .any(|flag| argument.starts_with(flag))
}

/// The etcd of a member, as it runs now, to be started without the launcher.
#[track_caller]
fn started_by_hand(run: &Run, node: usize) -> Command {
    let etcd = until("etcd", || run.machines.etcd(node));
    let words = process_lines(etcd, "cmdline");
    let mut command = Command::new(&words[0]);
    command.args(words[1..].iter().filter(|word| !word.starts_with("--initial-cluster-state")));
    run.machines.network.on(NODES[node], &command)
}
