//! Nodes that are not what they were, in the middle of a rotation.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use nix::sys::signal::Signal;

use super::{assert_alone, rotate, running_zone};
use crate::harness::isolation::isolated;
use crate::harness::members::{call, change_members, etcdctl, start};
use crate::harness::processes::until;
use crate::harness::supervised::Supervised;
use crate::harness::{TestZone, outcome, program};

#[track_caller]
fn wait_until_well(zone: &TestZone) {
    until("a zone that is well", || (zone.run(&["status"]).code != 69).then_some(()));
}

/// A process that hangs is there, and answers nothing.
#[test]
fn a_member_that_cannot_be_reached() {
    isolated(|| {
        let (zone, members) = running_zone(3);
        rotate(&zone, &["--stop-after", "trust-both"]).expect_code(0);
        members[2].signal(Signal::SIGSTOP);
        rotate(&zone, &[]).expect_code(69).expect_error_with(&["nothing was done: node3 is not well"]);
        members[2].signal(Signal::SIGCONT);
        wait_until_well(&zone);
        rotate(&zone, &[]).expect_code(0);
        assert_alone(3, "G2 client CA", "G2 peer CA");
    });
}

/// Somebody has put back what node2 had before: it gets what the zone has now.
#[test]
fn long_a_node_with_an_older_generation() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--stop-after", "new-leaves"]).expect_code(0);
        let current = zone.file("nodes/node2/pki/current");
        fs::remove_file(&current).expect("the link");
        symlink("gen-1", &current).expect("another");
        assert_eq!(rotate(&zone, &["--status"]).code, 65, "node2 is not where the zone is");
        rotate(&zone, &[]).expect_code(0);
        assert_alone(3, "G2 client CA", "G2 peer CA");
    });
}

/// The whole directory of node3 as it was before the rotation. etcd ends with data that lacks what it has
/// acknowledged to the leader: the others go on without it, and so does the rotation once it has its own
/// again.
#[test]
fn a_node_that_was_restored_from_a_backup() {
    isolated(|| {
        let (zone, mut members) = running_zone(3);
        let (home, backup) = (zone.file("nodes/node3"), zone.around().join("backup"));
        let end = |member: &mut Supervised| assert!(!member.end(Signal::SIGTERM).success());
        end(&mut members[2]);
        outcome(Command::new("cp").arg("-a").arg(&home).arg(&backup)).expect_code(0);
        members[2].start_again();
        wait_until_well(&zone);
        rotate(&zone, &["--stop-after", "new-leaves"]).expect_code(0);

        end(&mut members[2]);
        fs::rename(&home, zone.around().join("lost")).expect("it is lost");
        outcome(Command::new("cp").arg("-a").arg(&backup).arg(&home)).expect_code(0);
        members[2].start_again();
        rotate(&zone, &[]).expect_code(69).expect_error_with(&["nothing was done: node3 is not well"]);
        call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["put", "a", "b"]).expect_code(0);

        end(&mut members[2]);
        fs::rename(&home, zone.around().join("restored")).expect("it is put aside");
        fs::rename(zone.around().join("lost"), &home).expect("it is found");
        members[2].start_again();
        rotate(&zone, &[]).expect_code(0);
        assert_alone(3, "G2 client CA", "G2 peer CA");
        zone.run(&["doctor"]).expect_code(0);
    });
}

/// The zone directory's disk is full: nothing is changed, and with space the same command goes on.
#[test]
fn long_a_signing_host_out_of_disk() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--stop-after", "trust-both"]).expect_code(0);
        let before = fs::read(zone.file("ca/peer.crt")).expect("the CA that signs");
        // As a disk that is full: no file may become longer than this.
        let mut full = Command::new("prlimit");
        full.args(["--fsize=64", "--"]).arg(program()).args(["pki", "rotate-ca", "--zone"]).arg(zone.path());
        let told = outcome(full.env("NO_COLOR", "1"));
        assert_ne!(told.code, 0);
        assert_eq!(fs::read(zone.file("ca/peer.crt")).expect("the CA that signs"), before, "{}", told.stderr);
        rotate(&zone, &[]).expect_code(0);
        assert_alone(3, "G2 client CA", "G2 peer CA");
    });
}

/// A learner keeps members from being restarted, which is seen before anything is made or delivered.
#[test]
fn a_learner_is_named_before_anything_is_done() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        let path = zone.file("zone.toml");
        let text = fs::read_to_string(&path).expect("zone.toml");
        let node =
            "[[node]]\nname = \"node4\"\naddress = \"127.0.0.1\"\nclient_port = 2409\npeer_port = 2410\n";
        fs::write(&path, text.replace("[etcd]", &format!("{node}[etcd]"))).expect("zone.toml");
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        let add = ["add", "node4.example.zone", "--learner", "--peer-urls=https://127.0.0.1:2410"];
        change_members(&client, &add);
        let mut learner = start(&zone, "node4");
        learner.wait_for_line(&["\"serving client traffic securely\""]);

        let generation = || fs::read_link(zone.file("nodes/node1/pki/current")).expect("a link");
        let before = generation();
        rotate(&zone, &[]).expect_code(69).expect_error_with(&[
            "nothing was done",
            "node4 is a learner, and was not promoted",
            "member promote",
        ]);
        assert!(!zone.file("ca/next").exists(), "a CA was made");
        assert_eq!(generation(), before, "a CA was delivered");
        learner.stop();
    });
}

/// What is proposed about a member that zone.toml does not have is nothing that its node would be needed for.
#[test]
fn long_a_member_that_is_not_described() {
    isolated(|| {
        let (zone, mut members) = running_zone(3);
        let path = zone.file("zone.toml");
        let text = fs::read_to_string(&path).expect("zone.toml");
        let at = text.find("[[node]]\nname = \"node3\"").expect("node3");
        let rest = text[at..].find("[etcd]").expect("what follows");
        fs::write(&path, format!("{}{}", &text[..at], &text[at + rest..])).expect("zone.toml");
        members[2].end(Signal::SIGKILL);
        for command in [&["restart", "--rolling"][..], &["pki", "rotate-ca"], &["doctor"], &["status"]] {
            let told = zone.run(command);
            let said = told.stdout.clone() + &told.stderr;
            assert!(said.contains("node3"), "{command:?}: {said}");
            for wrong in ["--node node3", "issue node3"] {
                assert!(!said.contains(wrong), "{command:?}: {said}");
            }
        }
        for command in [&["restart", "--rolling"][..], &["pki", "rotate-ca"]] {
            let told = zone.run(command).expect_code(69).expect_error_with(&["node3 is not in zone.toml"]);
            let line = told.stderr.rsplit_once("zone-etcd ").expect("a command").1.trim().to_owned();
            let words: Vec<&str> = line.split(' ').collect();
            assert!(outcome(Command::new(program()).args(words)).expect_code(0).stdout.contains("node3"));
        }
    });
}

/// It has no name but its id.
#[test]
fn a_member_that_was_added_and_never_started() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        let add = ["add", "node9", "--learner", "--peer-urls=https://127.0.0.1:2999"];
        change_members(&client, &add);
        let told = rotate(&zone, &[]).expect_code(69).expect_error_with(&["nothing was done", "member list"]);
        assert!(!told.stderr.contains("check --node"), "{}", told.stderr);
    });
}
