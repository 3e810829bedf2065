//! Back to the old CA, from any stage before the last.

use super::{assert_alone, rotate, running_zone, standing};
use crate::harness::isolation::isolated;

#[test]
fn from_where_both_are_trusted() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--stop-after", "trust-both"]).expect_code(0);
        rotate(&zone, &["--back"]).expect_code(0).expect_error_with(&["the old CA alone, as before"]);
        assert_alone(3, "client CA", "peer CA");
        assert!(standing(&zone)["rotated"].is_null());
        assert!(zone.file("ca/retired/1/peer.key").exists(), "nothing is deleted");
    });
}

#[test]
fn from_where_the_new_one_signs() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--root", "--stop-after", "new-leaves"]).expect_code(0);
        rotate(&zone, &["--back"]).expect_code(0);
        assert_alone(3, "client CA", "peer CA");
        zone.run(&["status"]).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(0);
        // And forward once more, with a name of its own.
        rotate(&zone, &["--root", "--again"]).expect_code(0);
        assert_alone(3, "G3 client CA", "G3 peer CA");
    });
}

#[test]
fn another_rotation_is_refused_while_one_is_under_way() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--plane", "peer", "--stop-after", "trust-both"]).expect_code(0);
        rotate(&zone, &["--plane", "client"]).expect_code(64).expect_error_with(&[
            "the CA of the client plane cannot be replaced now",
            "the CA of the peer plane is being replaced, at the stage trust-both",
        ]);
        rotate(&zone, &["--plane", "peer"]).expect_code(0);
        assert_alone(3, "client CA", "G2 peer CA");
    });
}
