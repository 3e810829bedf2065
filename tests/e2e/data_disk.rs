//! A data directory on a disk of its own that is full when the member starts.

use std::os::unix::fs::DirBuilderExt;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;

use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone, run_command, start_alone};
use crate::harness::processes::Running;
use crate::harness::{TestZone, outcome};

/// etcd has nowhere to make its log, and leaves files without one. Whether there ever was a log nobody can
/// tell, so the next start is refused, also when there is space again; what the refusals ask for ends in a
/// member that runs.
#[test]
fn a_first_start_on_a_full_one_is_repeated_on_purpose() {
    isolated(|| {
        let zone = ready_zone();
        data_disk(&zone, "64k", MsFlags::empty());
        let failed = outcome(&mut run_command(&zone, "node1", &[]));
        assert!(failed.code > 0 && failed.stderr.contains("no space left on device"), "{}", failed.stderr);

        data_disk(&zone, "256m", MsFlags::MS_REMOUNT);
        let refused = outcome(&mut run_command(&zone, "node1", &[])).expect_code(65);
        let mut steps = refused.stderr.lines().map(str::trim).skip_while(|line| !line.starts_with("mv "));
        outcome(Command::new("sh").arg("-c").arg(steps.next().expect("a step"))).expect_code(0);
        assert!(steps.next().is_some_and(|step| step.contains("pki issue node1")), "{}", refused.stderr);
        // Without that the lost directory is missed.
        outcome(&mut run_command(&zone, "node1", &[])).expect_code(65).expect_error_with(&["is gone"]);
        zone.run(&["pki", "issue", "node1"]).expect_code(0);
        let _member = start_alone(&zone);
    });
}

/// The disk was filled by something else while the member was down.
#[test]
fn a_later_start_on_a_full_one_loses_nothing() {
    isolated(|| {
        let zone = ready_zone();
        data_disk(&zone, "256m", MsFlags::empty());
        let mut member = start_alone(&zone);
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
        call(&etcdctl, &["put", "kept", "acknowledged"]).expect_code(0);
        member.stop();
        let filling = zone.file("nodes/node1/data/filling");
        let fill = outcome(
            Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg(format!("of={}", filling.display())),
        );
        assert!(fill.stderr.contains("No space left on device"), "{}", fill.stderr);

        // etcd starts: its log was given its space before. Then it misses some, and ends.
        let mut full = Running::start(&mut run_command(&zone, "node1", &[]), zone.around(), "full");
        full.wait_for_line(&["no space left on device"]);
        full.signal(Signal::SIGKILL);
        full.end();
        std::fs::remove_file(&filling).expect("the filling");
        let _member = start_alone(&zone);
        let kept = call(&etcdctl, &["get", "kept", "--print-value-only"]).expect_code(0);
        assert_eq!(kept.stdout, "acknowledged\n");
    });
}

fn ready_zone() -> TestZone {
    let zone = loopback_zone(1, "");
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone
}

/// A disk of this size at the node's data directory.
#[track_caller]
fn data_disk(zone: &TestZone, size: &str, flags: MsFlags) {
    let place = zone.file("nodes/node1/data");
    if !place.exists() {
        std::fs::DirBuilder::new().mode(0o700).create(&place).expect("a directory");
    }
    let options = format!("size={size},mode=700");
    mount(Some("tmpfs"), &place, Some("tmpfs"), flags, Some(options.as_str())).expect("a disk");
}
