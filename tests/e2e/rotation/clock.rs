//! A signing host whose clock is ahead: no CA that others take for not valid yet, and a way back from one.

use store::zone_directory::{CaPassphrase, RotationScope, ZoneDirectory, prepare_next, switch};
use time::{Duration, OffsetDateTime};

use super::{assert_alone, rotate, running_zone};
use crate::harness::clock::turn;
use crate::harness::isolation::isolated;
use crate::harness::outcome;

#[test]
fn clocks_are_compared_before_a_ca_is_made() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        let mut command = zone.command(&["pki", "rotate-ca"]);
        outcome(turn(&mut command, Duration::hours(2))).expect_code(75).expect_error_with(&[
            "this machine's clock is not that of the members",
            "that of node1 is at least 71",
        ]);
        assert!(!zone.file("ca/next").exists(), "no CA was made");
        zone.run(&["status"]).expect_code(0);
    });
}

/// Members show certificates that no clock but the one that was wrong takes.
#[test]
fn the_way_back_needs_no_member_that_is_well() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--stop-after", "trust-both"]).expect_code(0);
        rotate(&zone, &["--rollback"]).expect_code(0);
        let none = CaPassphrase::new(None, None).expect("none");
        let directory = ZoneDirectory::open(&zone.path(), none).expect("a zone");
        let ahead = OffsetDateTime::now_utc() + Duration::days(30);
        let held = directory.lock().expect("the lock");
        for step in [prepare_next, switch] {
            let authorities = held.authorities(ahead).expect("the CAs");
            step(&directory, &authorities, RotationScope::Planes, ahead).expect("a step");
        }
        drop(held);
        let mut issue = zone.command(&["pki", "issue", "--all"]);
        outcome(turn(&mut issue, Duration::days(30))).expect_code(0);
        assert_ne!(zone.run(&["status"]).code, 0);
        rotate(&zone, &["--status"]).expect_code(65);
        rotate(&zone, &["--rollback"]).expect_code(0);
        assert_alone(3, "client CA", "peer CA");
        zone.run(&["status"]).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(0);
    });
}
