//! Ways to bootstrap a cluster a second time, or to go on as a member that has forgotten: each is refused,
//! and loses nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

use super::{NODES, call, client, issued_zone, planned, refused, remove, run_with, running_zone, start};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{start_on_loopback, start_together, wait_for_quorum};
use crate::harness::processes::{Running, until};
use crate::harness::programs::write_program;

/// Volumes that were made from one image have the device number, the inode and the times of their root
/// directory in common.
#[test]
fn refuses_a_data_volume_that_came_back_as_its_image() {
    isolated(|| {
        let zone = issued_zone(3);
        for node in NODES {
            let data = data_of(&zone, node);
            fs::create_dir(&data).expect("a volume");
            fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o700))
                .expect("its mode");
            as_in_the_image(&data);
        }
        let mut members = start_on_loopback(&zone, &NODES);
        write_keys(&zone, 30);
        stop(&mut members);
        let newest = zone.around().join("newest");
        copy_directory(&data_of(&zone, "node1"), &newest);
        for node in ["node1", "node2"] {
            let data = data_of(&zone, node);
            for entry in fs::read_dir(&data).expect("the volume").flatten() {
                let path = entry.path();
                if path.is_dir() { remove(&path) } else { fs::remove_file(&path).expect("a file") }
            }
            as_in_the_image(&data);
        }
        for node in ["node1", "node2"] {
            refused(&zone, node, &[], 65, &["must not start", "its write-ahead log is gone"]);
        }
        let _third = start(&zone, "node3");
        for node in ["node1", "node2"] {
            refused(&zone, node, &[], 65, &["must not start", "lost its votes"]);
        }
        // Its own volume makes a quorum again, and nothing was lost.
        remove(&data_of(&zone, "node1"));
        copy_directory(&newest, &data_of(&zone, "node1"));
        let _first = start(&zone, "node1");
        for node in ["node1", "node3"] {
            assert_eq!(kept_on(&zone, node), 30);
        }
    });
}

/// A member that waits for its turn has data, and says so: whoever was wiped does not found beside it.
#[test]
fn refuses_a_wiped_member_that_returns_with_one_that_waits() {
    isolated(|| {
        let (zone, mut members) = running_zone();
        members[2].stop();
        write_keys(&zone, 5);
        stop(&mut members[..2]);
        wipe(&zone, "node1");
        let mut members = start_together(&zone, &["node1", "node3"], |_, command| command);
        members[0].outcome().expect_code(65).expect_error_with(&["node1 must not start"]);
        assert!(!data_of(&zone, "node1").join("member/wal").exists());
        members.push(start(&zone, "node2"));
        wait_for_quorum(&client(&zone, 2));
        assert_eq!(kept_on(&zone, "node2"), 5);
    });
}

/// A member that was there at the founding and not since lists the others as not having run: one answer that
/// is behind is enough.
#[test]
fn refuses_a_wiped_member_that_a_stale_list_expects() {
    isolated(|| {
        let (zone, members) = stopped_at_the_founding(&["node3"]);
        write_keys(&zone, 5);
        let mut members = members;
        stop(&mut members);
        wipe(&zone, "node1");
        let mut third = start(&zone, "node3");
        third.wait_for_line(&["\"serving peer traffic\""]);
        refused(&zone, "node1", &[], 65, &["node1 must not start"]);
        let second = start(&zone, "node2");
        wait_for_quorum(&client(&zone, 2));
        assert_eq!(kept_on(&zone, "node2"), 5);
        refused(&zone, "node1", &[], 65, &["has run, and its data is not here"]);
        drop((second, third));
    });
}

/// The same between the first vote of a member and the moment in which the cluster agrees to its client URLs.
#[test]
fn refuses_a_wiped_member_that_had_not_published_yet() {
    isolated(|| {
        let (zone, _) = stopped_at_the_founding(&NODES);
        wipe(&zone, "node1");
        let mut members = start_together(&zone, &NODES, |_, command| command);
        members[0].outcome().expect_code(65).expect_error_with(&["node1 must not start"]);
        wait_for_quorum(&client(&zone, 2));
        // The two are the zone, and node1 is expected: its operator could say that it never ran, which would
        // not be true.
        refused(&zone, "node1", &[], 65, &["node1 must not start"]);
    });
}

/// etcd never syncs the entry of `member/` in the data directory, nor that of the data directory: after a
/// loss of power both could be gone, and votes with them.
#[test]
fn everything_is_on_disk_before_etcd_starts() {
    isolated(|| {
        let zone = issued_zone(1);
        let trace = zone.around().join("trace");
        let mut command = Command::new("strace");
        command
            .args(["-f", "-y", "-e", "trace=fsync,fdatasync,rename,renameat,renameat2,execve", "-o"])
            .arg(&trace);
        let run = run_with(&zone, "node1", &["--etcd", stub(&zone).to_str().expect("UTF-8")]);
        // What is traced is not our child.
        let arguments: Vec<_> =
            run.get_args().filter(|argument| !argument.to_string_lossy().starts_with("--end-with")).collect();
        let arguments: Vec<_> = arguments
            .into_iter()
            .filter(|argument| argument.to_string_lossy().parse::<u32>().is_err())
            .collect();
        command.arg(run.get_program()).args(arguments);
        assert!(command.output().expect("strace runs").status.success());
        let trace = fs::read_to_string(&trace).expect("a trace");
        let data = data_of(&zone, "node1");
        let lines: Vec<&str> = trace.lines().collect();
        let place = |text: &str| {
            lines
                .iter()
                .position(|line| line.contains(text))
                .unwrap_or_else(|| panic!("no {text} in\n{trace}"))
        };
        let synced = |path: &Path| place(&format!("<{}>)", path.display()));
        let replaced: Vec<usize> = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.contains("rename") && line.contains("state.json"))
            .map(|(place, _)| place)
            .collect();
        let [committed, attempted] = replaced[..] else { panic!("two phases in\n{trace}") };
        for directory in [data.join("member"), data.clone(), zone.file("nodes/node1")] {
            assert!(synced(&directory) < committed, "{} in\n{trace}", directory.display());
        }
        let nonce = synced(&data.join("zone-etcd.attempt"));
        assert!(committed < nonce && nonce < attempted, "{trace}");
        let exec =
            lines.iter().rposition(|line| line.contains("execve") && line.contains("/stub")).expect("etcd");
        assert!(attempted < exec, "{trace}");
    });
}

/// A first start that failed before etcd wrote anything, and a data directory that was moved since: nothing
/// is forgotten.
#[test]
fn a_data_directory_may_move_before_there_is_a_log() {
    isolated(|| {
        let zone = issued_zone(1);
        let mut failed = Running::start(
            &mut run_with(&zone, "node1", &["--etcd", stub(&zone).to_str().expect("UTF-8")]),
            zone.around(),
            "stub",
        );
        failed.outcome().expect_code(0);
        let text = fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        let moved = zone.around().join("moved");
        let text = text.replace(
            "name = \"node1\"\n",
            &format!("name = \"node1\"\ndata_dir = \"{}\"\n", moved.display()),
        );
        fs::write(zone.file("zone.toml"), text).expect("zone.toml");
        planned(&zone, "node1", "bootstrap", &[moved.to_str().expect("UTF-8")]);
        let _member = start(&zone, "node1");
        wait_for_quorum(&client(&zone, 1));
        assert!(moved.join("member/wal").is_dir());
    });
}

/// An etcd that ends at once, without a trace.
fn stub(zone: &TestZone) -> PathBuf {
    let stub = zone.around().join("stub");
    write_program(&stub, "#!/bin/sh\n[ \"$1\" = --version ] && echo 'etcd Version: 3.7.3'\nexit 0\n");
    stub
}

/// Founds a zone of three, and ends these members as soon as they know each other and may have voted. The
/// others run.
fn stopped_at_the_founding(ended: &[&str]) -> (TestZone, Vec<Running>) {
    let zone = issued_zone(3);
    let mut members: Vec<(&str, Running)> = NODES.iter().map(|node| (*node, start(&zone, node))).collect();
    let mut stopped = Vec::new();
    until("the first elections", || {
        for (node, member) in members.iter().filter(|(node, _)| ended.contains(node)) {
            // One that comes late may find a leader, and be asked for no vote.
            let knows_others = |said: &str| said.contains("MsgPreVote") || said.contains("elected leader");
            if !stopped.contains(node) && knows_others(&member.stderr()) {
                member.signal(Signal::SIGSTOP);
                stopped.push(*node);
            }
        }
        (stopped.len() == ended.len()).then_some(())
    });
    for (_, member) in members.iter_mut().filter(|(node, _)| ended.contains(node)) {
        member.signal(Signal::SIGKILL);
        member.end();
    }
    members.retain(|(node, _)| !ended.contains(node));
    if members.len() > 1 {
        wait_for_quorum(&client(&zone, 1));
    }
    (zone, members.into_iter().map(|(_, member)| member).collect())
}

/// What a machine has that was built again, and activated with what it was given at first.
pub(super) fn wipe(zone: &TestZone, node: &str) {
    remove(&data_of(zone, node));
    for note in ["state.json", "high-water.json"] {
        let _ = fs::remove_file(zone.file(&format!("nodes/{node}/{note}")));
    }
}

pub(super) fn data_of(zone: &TestZone, node: &str) -> PathBuf {
    zone.file(&format!("nodes/{node}/data"))
}

fn as_in_the_image(directory: &Path) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let time = TimeSpec::from_duration(time.duration_since(SystemTime::UNIX_EPOCH).expect("a time"));
    utimensat(nix::fcntl::AT_FDCWD, directory, &time, &time, UtimensatFlags::FollowSymlink)
        .expect("its times");
}

pub(super) fn write_keys(zone: &TestZone, count: usize) {
    let first = client(zone, 1);
    wait_for_quorum(&first);
    for number in 0..count {
        call(&first, &["put", &format!("key{number}"), "value"]).expect_code(0);
    }
}

/// How many keys are in the data of a member, asked of itself alone. It serves clients once there is a
/// quorum.
pub(super) fn kept_on(zone: &TestZone, node: &str) -> usize {
    let number: u16 = node[4..].parse().expect("a number");
    until("the keys of the member", || {
        let local =
            call(&client(zone, number), &["get", "key", "--prefix", "--keys-only", "--consistency=s"]);
        (local.code == 0).then(|| local.stdout.matches("key").count())
    })
}

pub(super) fn stop(members: &mut [Running]) {
    members.iter_mut().for_each(|member| {
        let _ = member.stop();
    });
}

pub(super) fn copy_directory(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(copied.success());
}
