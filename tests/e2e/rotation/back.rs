//! Back to the old CA, from any stage before the last.

use nix::sys::signal::Signal;

use super::{assert_alone, rotate, running_zone, standing};
use crate::harness::isolation::isolated;
use crate::harness::processes::Running;

#[test]
fn long_from_where_both_are_trusted() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--stop-after", "trust-both"]).expect_code(0);
        rotate(&zone, &["--rollback"]).expect_code(0).expect_error_with(&["the old CA alone, as before"]);
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
        rotate(&zone, &["--rollback"]).expect_code(0);
        assert_alone(3, "client CA", "peer CA");
        zone.run(&["status"]).expect_code(0);
        zone.run(&["pki", "check"]).expect_code(0);
        // And forward once more, with a name of its own.
        rotate(&zone, &["--root", "--force"]).expect_code(0);
        assert_alone(3, "G3 client CA", "G3 peer CA");
    });
}

#[test]
fn long_another_rotation_is_refused_while_one_is_under_way() {
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

/// It goes back further, and says so; the way forward is not what is under way.
#[test]
fn killed_and_run_again() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate(&zone, &["--stop-after", "new-leaves"]).expect_code(0);
        for point in ["trust-both: ", "before: ", " restarted, back after"] {
            let mut command = zone.command(&["pki", "rotate-ca", "--rollback"]);
            let mut back = Running::start(&mut command, zone.around(), "back");
            back.wait_for_line(&[point]);
            back.signal(Signal::SIGKILL);
            back.end();
        }
        rotate(&zone, &[])
            .expect_code(65)
            .expect_error_with(&["is being taken back", "pki rotate-ca --rollback"]);
        rotate(&zone, &["--rollback"]).expect_code(0).expect_error_with(&["the old CA alone, as before"]);
        assert_alone(3, "client CA", "peer CA");
    });
}

/// A restart would take up what zone.toml says, of which nobody has told the cluster.
#[test]
fn a_zone_that_is_described_otherwise_is_not_rotated() {
    isolated(|| {
        let (zone, members) = running_zone(3);
        let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        std::fs::write(zone.file("zone.toml"), text.replace("peer_port = 2390", "peer_port = 2490"))
            .expect("zone.toml");
        for command in [&["pki", "rotate-ca"][..], &["restart", "--rolling"], &["restart", "--node", "node2"]]
        {
            zone.run(command).expect_code(78).expect_error_with(&["nothing was done", "member update node2"]);
        }
        assert!(members.iter().all(|member| member.starts() == 1));
    });
}
