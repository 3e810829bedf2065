//! The command is killed, and run again; members fail in the middle; two run at once.

use nix::sys::signal::Signal;

use super::{assert_alone, rotate, running_zone, standing};
use crate::harness::isolation::isolated;
use crate::harness::outcome;
use crate::harness::processes::{Running, until};

#[test]
fn killed_while_trust_spreads() {
    isolated(|| {
        killed_and_run_again(["trust-both: ", "  node2 has what it needs", " restarted, back after"])
    });
}

#[test]
fn killed_while_the_old_ca_goes() {
    isolated(|| killed_and_run_again(["new-leaves: ", "drop-old: ", "every member trusts the new CA alone"]));
}

/// Killed once it has told each of these lines. scripts/soak kills at random instants.
fn killed_and_run_again(points: [&str; 3]) {
    let (zone, _members) = running_zone(3);
    for (round, point) in points.iter().enumerate() {
        let edition = format!("G{}", round + 2);
        let mut command = zone.command(&["pki", "rotate-ca", "--force"]);
        let mut running = Running::start(&mut command, zone.around(), &format!("rotation-{round}"));
        running.wait_for_line(&[point]);
        running.signal(Signal::SIGKILL);
        running.end();
        // Whatever it left, this finishes it, and begins no other.
        rotate(&zone, &[]).expect_code(0);
        assert_alone(3, &format!("{edition} client CA"), &format!("{edition} peer CA"));
    }
    zone.run(&["doctor"]).expect_code(0);
}

#[test]
fn two_at_once_are_refused() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        let mut command = zone.command(&["pki", "rotate-ca"]);
        let mut first = Running::start(&mut command, zone.around(), "first");
        first.wait_for_line(&["trust-both"]);
        rotate(&zone, &[])
            .expect_code(75)
            .expect_error_with(&["another operation on this zone is under way", "pki rotate-ca"]);
        assert!(first.end().success());
        assert_alone(3, "G2 client CA", "G2 peer CA");
    });
}

/// It stops where it is, the zone keeps its quorum, and the same command goes on.
#[test]
fn long_a_member_is_killed_in_the_middle() {
    isolated(|| {
        let (zone, mut members) = running_zone(3);
        rotate(&zone, &["--stop-after", "trust-both"]).expect_code(0);
        members[2].end(Signal::SIGKILL);
        rotate(&zone, &[]).expect_code(69).expect_error_with(&["node3 is not well"]);
        members[2].start_again();
        until("a zone that is well", || {
            let told = outcome(&mut zone.command(&["status"]));
            (told.code == 0).then_some(())
        });
        assert_eq!(standing(&zone)["stage"], "trust-both");
        rotate(&zone, &[]).expect_code(0);
        assert_alone(3, "G2 client CA", "G2 peer CA");
    });
}

/// Nobody starts it again: the others go on without it, and nobody else is stopped.
#[test]
fn a_member_does_not_come_back() {
    isolated(|| {
        let (zone, members) = running_zone(3);
        // What the supervisor starts next ends at once.
        members[0].replace_command(std::process::Command::new("false"));
        members[1].replace_command(std::process::Command::new("false"));
        members[2].replace_command(std::process::Command::new("false"));
        let told = rotate(&zone, &["--plane", "peer", "--timeout", "5s"]).expect_code(69);
        assert!(told.stderr.contains("not restarted: "), "the two others were left alone: {}", told.stderr);
        let alive = members.iter().filter(|member| member.starts() == 1).count();
        assert_eq!(alive, 2, "{}", told.stderr);
    });
}
