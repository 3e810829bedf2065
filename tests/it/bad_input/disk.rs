//! A zone directory on a disk that is full or read-only. The disk is a small tmpfs in a mount namespace of
//! the command's own, which is gone with it.

use std::path::Path;
use std::process::Command;

use super::issued_zone;
use crate::harness::{Outcome, TestZone, outcome, program};
use crate::support::{Refusal, StandIn, three_members};

/// Copies the zone to a fresh tmpfs, prepares that, runs the program on it, and writes down which files the
/// disk holds before and after. Left out are the lock of a node, and directories: an empty one for a node may
/// stay behind.
const SCRIPT: &str = r#"
set -euo pipefail
mount --make-rprivate /
mkdir -p "$PLACE"
mount -t tmpfs -o "size=$SIZE,mode=700" tmpfs "$PLACE"
cp -a "$ZONE" "$PLACE/zone"
cd "$PLACE"
state() {
    find zone ! -type d ! -name lock | sort
    find zone -type f ! -name lock -exec sha256sum {} + | sort
}
eval "$PREPARE"
state >"$RESULT.before"
code=0
"$PROGRAM" "$@" --zone "$PLACE/zone" || code=$?
state >"$RESULT.after"
exit "$code"
"#;

/// Fills the disk to the last page.
const FILL: &str = "cat /dev/zero >filling 2>/dev/null || true";
const READ_ONLY: &str = "mkdir -p zone/nodes/node1 && mount -o remount,ro \"$PLACE\"";

#[track_caller]
fn on_disk(zone: &TestZone, size: &str, prepare: &str, arguments: &[&str]) -> Outcome {
    let result = zone.around().join("result");
    let mut command = Command::new("unshare");
    command.args(["--mount", "bash", "-c", SCRIPT, "bash"]).args(arguments);
    command.env("PLACE", zone.around().join("disk")).env("ZONE", zone.path()).env("RESULT", &result);
    command.env("SIZE", size).env("PREPARE", prepare).env("PROGRAM", program()).env("NO_COLOR", "1");
    let done = outcome(&mut command);
    let read =
        |end: &str| std::fs::read_to_string(result.with_extension(end)).expect("the state of the disk");
    if done.code != 0 {
        assert_eq!(read("after"), read("before"), "{arguments:?} changed the disk\n{}", done.stderr);
    }
    assert!(is_empty(&zone.around().join("disk")), "the mount stayed in its namespace");
    done
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).expect("the mount point").next().is_none()
}

#[test]
fn a_full_one() {
    let zone = three_members();
    let etcd = StandIn::new(zone.around(), "3.7.3");
    // The node's directory and lock are there, as after any earlier start.
    let prepare = format!(
        "mkdir -p -m 700 zone/nodes/node1; echo 1 >zone/nodes/node1/lock; chmod 600 zone/nodes/node1/lock; \
         {FILL}"
    );
    for arguments in [
        ["pki", "issue", "--all"].as_slice(),
        &["pki", "issue", "--client", "new"],
        &["run", "--node", "node1", "--etcd", etcd.as_argument()],
    ] {
        let texts = ["No space left on device", "free space there and run the command again"];
        on_disk(&zone, "512k", &prepare, arguments).expect_refusal(73, &texts);
        assert_eq!(etcd.arguments(), None, "etcd was started");
    }
}

#[test]
fn a_full_one_for_a_new_zone() {
    let zone = TestZone::empty();
    std::fs::create_dir(zone.path()).expect("a directory");
    let arguments = ["init", "--name", "example.zone", "--node", "node1=127.0.0.1"];
    on_disk(&zone, "64k", FILL, &arguments).expect_refusal(73, &["No space left on device", "free space"]);
}

#[test]
fn a_read_only_one() {
    let (zone, etcd) = issued_zone();
    let run = ["run", "--node", "node2", "--etcd", etcd.as_argument()];
    for arguments in [["pki", "issue", "--client", "new"].as_slice(), &run] {
        on_disk(&zone, "1m", READ_ONLY, arguments)
            .expect_refusal(73, &["Read-only file system", "mount that file system writable"]);
        assert_eq!(etcd.arguments(), None, "etcd was started");
    }
    // To look at a zone writes nothing.
    for arguments in [["plan", "--node", "node1"].as_slice(), &["pki", "list"], &["pki", "check"], &["env"]] {
        on_disk(&zone, "1m", READ_ONLY, arguments).expect_code(0);
    }
}

#[test]
fn a_read_only_one_for_a_new_zone() {
    let zone = TestZone::empty();
    std::fs::create_dir(zone.path()).expect("a directory");
    let arguments = ["init", "--name", "example.zone", "--node", "node1=127.0.0.1"];
    on_disk(&zone, "64k", "mount -o remount,ro \"$PLACE\"", &arguments)
        .expect_refusal(73, &["Read-only file system", "mount that file system writable"]);
}

/// The disk fills up at another point each time: nothing is half issued, and with enough space everything is.
#[test]
fn one_that_fills_up_on_the_way() {
    let zone = three_members();
    let mut codes = Vec::new();
    // A page of tmpfs has four KiB. `filling` leaves so many pages free.
    for pages in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55] {
        let prepare = format!("head -c {} /dev/zero >reserve; {FILL}; rm reserve", pages * 4096);
        let done = on_disk(&zone, "512k", &prepare, &["pki", "issue", "--all"]);
        if done.code != 0 {
            codes.push(done.expect_refusal(73, &["No space left on device"]).code);
        } else {
            codes.push(0);
        }
    }
    assert!(codes.is_sorted_by(|one, next| one >= next), "more space, and yet less done: {codes:?}");
    assert_eq!((codes[0], codes[codes.len() - 1]), (73, 0), "{codes:?}");
}

/// The same for a new zone. Once there is space again, the same call finishes it.
#[test]
fn a_new_zone_on_one_that_fills_up_on_the_way() {
    let zone = TestZone::empty();
    std::fs::create_dir(zone.path()).expect("a directory");
    let init = "\"$PROGRAM\" init --name example.zone --node node1=127.0.0.1 --zone zone";
    let finish = format!("rm filling; [ -e done ] || {init} >&2; \"$PROGRAM\" pki issue --all --zone zone");
    for pages in [1, 2, 4, 6, 8, 10, 12] {
        // The first `init` is a part of what is prepared, the last command looks at what came of it.
        let prepare = format!(
            "head -c {} /dev/zero >reserve; {FILL}; rm reserve; {init} 2>said && touch done; {finish}",
            pages * 4096
        );
        on_disk(&zone, "256k", &prepare, &["pki", "check"]).expect_code(0);
    }
}
