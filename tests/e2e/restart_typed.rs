//! A member that was typed into a shell.

use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{etcdctl, loopback_zone, wait_for_quorum};
use crate::harness::processes::Running;
use crate::harness::program;
use crate::harness::supervised::supervise_on_loopback;

/// Nothing starts again what was typed. That is said before it is stopped, and it may be typed again in time.
#[test]
fn a_member_that_a_shell_has_started_is_named_before_it_is_stopped() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        let (program, place) = (program(), zone.path());
        let line = format!("{} run --node node1 --zone {}; true", program.display(), place.display());
        let mut typed = Running::start(Command::new("sh").args(["-c", &line]), zone.around(), "typed");
        wait_for_quorum(&etcdctl(&zone, "https://127.0.0.1:2379"));
        let arguments = ["restart", "--node", "node1"];
        let preview = zone.run(&[&arguments[..], &["--dry-run"]].concat()).expect_code(0).stdout;
        assert!(preview.contains("started and may not start again, no supervisor"), "{preview}");
        let mut restart = Running::start(&mut zone.command(&arguments), zone.around(), "restart");
        restart.wait_for_line(&["has started node1, and may not start it again", "on node1: zone-etcd run "]);
        // Until then its data directory is in use.
        typed.outcome();
        let _again = supervise_on_loopback(&zone, &["node1"]);
        let told = restart.outcome();
        assert_eq!(told.code, 0, "{}", told.stderr);
        // Of one that is looked after nothing is said.
        let told = zone.run(&arguments).expect_code(0).stderr;
        assert!(!told.contains("may not start it again"), "{told}");
    });
}
