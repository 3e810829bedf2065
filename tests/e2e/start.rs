//! When `run` starts a member, when it refuses, and what it says then.

use std::net::TcpListener;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    call, etcdctl, loopback_text, loopback_zone, process_lines, run_command, start_alone, wait_for_quorum,
};
use crate::harness::processes::Running;
use crate::harness::{TestZone, outcome};

#[test]
fn a_port_in_use_names_who_has_it() {
    isolated(|| {
        let zone = ready_zone(1);
        let own = std::process::id();
        for (port, which) in [(2379, "2379"), (2380, "2380"), (2381, "2381")] {
            let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
            let result = outcome(&mut run_command(&zone, "node1", &[])).expect_code(75);
            result.expect_error_with(&["in use", which, &format!("process {own})")]);
            drop(listener);
        }
        assert!(!zone.file("nodes/node1/data").exists(), "a refused start leaves no data");
        let _member = start_alone(&zone);
    });
}

#[test]
fn a_second_start_is_refused_and_the_first_goes_on() {
    isolated(|| {
        let zone = ready_zone(1);
        let mut first = start_alone(&zone);
        let first_pid = first.pid().to_string();
        let second = outcome(&mut run_command(&zone, "node1", &[])).expect_code(75);
        second.expect_error_with(&["nodes/node1 is in use by process ", &first_pid]);
        assert!(first.is_alive());
        call(&etcdctl(&zone, "https://127.0.0.1:2379"), &["put", "still", "here"]).expect_code(0);
    });
}

/// Two at the same instant: the lock decides, not who is faster.
#[test]
fn of_two_starts_at_once_one_wins() {
    isolated(|| {
        let zone = ready_zone(1);
        let start = |name| Running::start(&mut run_command(&zone, "node1", &[]), zone.around(), name);
        let mut starts = [start("one"), start("other")];
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        let loser = usize::from(starts[0].is_alive());
        // The winner may not have written down who it is yet.
        starts[loser].outcome().expect_code(75).expect_error_with(&["nodes/node1 is in use"]);
        assert!(starts[1 - loser].is_alive());
    });
}

#[test]
fn a_member_that_lost_its_data_is_refused() {
    isolated(|| {
        let zone = ready_zone(1);
        start_alone(&zone).stop();
        std::fs::rename(zone.file("nodes/node1/data"), zone.file("lost")).expect("the data is lost");

        let result = outcome(&mut run_command(&zone, "node1", &[])).expect_code(65);
        result.expect_error_with(&[
            "its write-ahead log is gone",
            "lost its votes",
            "put the data back into",
        ]);
        assert!(!zone.file("nodes/node1/data").exists(), "nothing is made in its place");

        // What was only moved away can be put back.
        std::fs::rename(zone.file("lost"), zone.file("nodes/node1/data")).expect("the data is back");
        let _member = start_alone(&zone);
    });
}

/// Only what etcd keeps is lost, as on a disk that was formatted again: the directory itself is the same.
#[test]
fn a_member_that_lost_what_is_in_its_data_directory_is_refused() {
    isolated(|| {
        for lost in ["member", "member/wal"] {
            let zone = ready_zone(1);
            start_alone(&zone).stop();
            let data = zone.file("nodes/node1/data");
            std::fs::remove_dir_all(data.join(lost)).expect("the data is lost");
            if lost == "member" {
                // Nothing is left on a disk that was formatted, nor what the first start wrote there.
                std::fs::remove_file(data.join("zone-etcd.attempt")).expect("it goes with the data");
            }
            std::fs::create_dir(data.join("lost+found")).expect("what a new file system has");
            let result = outcome(&mut run_command(&zone, "node1", &[])).expect_code(65);
            result.expect_error_with(&["its write-ahead log is gone"]);

            std::fs::remove_file(zone.file("nodes/node1/state.json")).expect("the state is lost as well");
            if lost == "member/wal" {
                let result = outcome(&mut run_command(&zone, "node1", &[])).expect_code(65);
                result.expect_error_with(&["no write-ahead log"]);
            }
        }
    });
}

#[test]
fn sigterm_to_run_stops_etcd() {
    isolated(|| {
        let zone = ready_zone(1);
        let mut member = start_alone(&zone);
        // The same process: nothing stands between the init system and etcd.
        assert_eq!(member.stop(), Some(15));
        assert!(member.stderr().contains("received signal; shutting down"), "{}", member.stderr());
        let _again = start_alone(&zone);
    });
}

#[test]
fn flags_of_the_user_reach_etcd() {
    isolated(|| {
        let zone = ready_zone(1);
        let mut command = run_command(&zone, "node1", &["--snapshot-count=5000", "--max-txn-ops", "99"]);
        let mut member = Running::start(&mut command, zone.around(), "node1");
        let started = member.wait_for_line(&["\"starting an etcd server\""]);
        assert!(started.contains("\"snapshot-count\":5000"), "{started}");
        let arguments = process_lines(member.pid(), "cmdline");
        assert!(arguments.contains(&"--max-txn-ops=99".to_owned()), "{arguments:?}");
    });
}

#[test]
fn flags_that_etcd_does_not_have_are_refused() {
    isolated(|| {
        let zone = ready_zone(1);
        let flags =
            ["--snapshot-cuont=5000", "--trusted-ca-file=/tmp/mine", "--experimental-initial-corrupt-check"];
        let result = outcome(&mut run_command(&zone, "node1", &flags)).expect_code(64);
        result.expect_error_with(&[
            "--snapshot-cuont",
            "snapshot-count",
            "--trusted-ca-file",
            "--experimental-initial-corrupt-check",
        ]);
        assert!(!zone.file("nodes/node1/data").exists(), "nothing was started");
    });
}

#[test]
fn an_address_of_another_machine_is_refused() {
    isolated(|| {
        let text = loopback_text("example.zone", 1, "").replace("127.0.0.1", "192.0.2.1");
        let zone = TestZone::described(&text);
        zone.run(&["init"]).expect_code(0);
        let result = outcome(&mut run_command(&zone, "node1", &[])).expect_code(78);
        result.expect_error_with(&["192.0.2.1 is not an address of this machine"]);
    });
}

fn ready_zone(members: u16) -> TestZone {
    let zone = loopback_zone(members, "");
    zone.run(&["init"]).expect_code(0);
    zone
}

/// Everything below a directory: path, time of change, and content.
pub(super) fn picture(
    directory: &std::path::Path,
) -> Vec<(std::path::PathBuf, std::time::SystemTime, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        let changed = entry.metadata().and_then(|metadata| metadata.modified()).expect("a time");
        if path.is_dir() {
            files.push((path.clone(), changed, Vec::new()));
            files.extend(picture(&path));
        } else {
            let content = std::fs::read(&path).expect("a file");
            files.push((path, changed, content));
        }
    }
    files.sort();
    files
}
