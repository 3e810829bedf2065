//! The operator is asked, and meanwhile things change.

use nix::sys::signal::Signal;

use super::{described, members, zone_of};
use crate::harness::asked::Asked;
use crate::harness::isolation::isolated;
use crate::harness::processes::until;

#[test]
fn only_the_name_removes_it() {
    isolated(|| {
        let (zone, _running) = zone_of(3);
        let remove = ["member", "remove", "node3", "--allow-no-tolerance"];
        let mut asked = Asked::start(&zone, &remove);
        asked.asks();
        // No other operation comes between the question and what is done.
        let second = zone.run(&["member", "add", "--node", &described(4)]);
        second.expect_code(75).expect_error_with(&["another operation on this zone", "member remove"]);
        let (code, told) = asked.answers("y");
        assert_eq!(code, Some(64), "{told}");
        assert!(told.contains("nothing was done"), "{told}");
        assert_eq!(members(&zone).len(), 3);
        let mut asked = Asked::start(&zone, &remove);
        asked.asks();
        let (code, told) = asked.answers("node3");
        assert_eq!(code, Some(0), "{told}");
        assert_eq!(members(&zone).len(), 2);
    });
}

/// It was frozen when it was taken for dead, and goes on by the time that the operator confirms.
#[test]
fn a_member_that_answers_again_is_not_removed() {
    isolated(|| {
        let (zone, running) = zone_of(3);
        running[1].signal(Signal::SIGSTOP);
        let mut asked = Asked::start(&zone, &["member", "replace", "node2", "--no-snapshot"]);
        asked.asks();
        running[1].signal(Signal::SIGCONT);
        until("a zone that is healthy", || (zone.run(&["status"]).code == 0).then_some(()));
        let (code, told) = asked.answers("node2");
        assert_eq!(code, Some(75), "{told}");
        assert!(told.contains("it answers again"), "{told}");
        assert_eq!(members(&zone).len(), 3);
        assert!(zone.file("nodes/node2/data/member").exists(), "its data was moved");
    });
}
