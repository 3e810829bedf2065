//! Operations on a zone that runs tell on a terminal how far they are, and leave nothing of that.

use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::loopback_zone;
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::terminal::{OnTerminal, stays};
use crate::snapshot::fill;

fn zone() -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(3, "");
    zone.run(&["init"]).expect_code(0);
    let running = supervise_on_loopback(&zone, &["node1", "node2", "node3"]);
    (zone, running)
}

#[test]
fn members_that_are_restarted_are_counted() {
    isolated(|| {
        let (zone, _running) = zone();
        let mut restart = OnTerminal::start(&mut zone.command(&["restart", "--rolling"]));
        restart.received.expect("restarting ");
        restart.received.expect(" of 3 members, about ");
        let (rest, status) = restart.ended();
        assert_eq!(status.code(), Some(0), "{rest:?}");
        let stays = stays(&rest);
        assert!(stays.iter().any(|line| line.contains("takes requests again, after")), "{rest:?}");
        assert!(!stays.iter().any(|line| line.contains(" left")) && stays.last() == Some(&""), "{rest:?}");
    });
}

#[test]
fn bytes_of_a_snapshot_are_counted() {
    isolated(|| {
        let (zone, _running) = zone();
        fill(&zone, 8);
        let slow = ["snapshot", "save", "--to-command", "sleep 3; cat >/dev/null"];
        let mut save = OnTerminal::start(&mut zone.command(&slow));
        save.received.expect("saving ");
        save.received.expect(" MiB, about ");
        let (rest, status) = save.ended();
        assert_eq!(status.code(), Some(0), "{rest:?}");
        assert!(!stays(&rest).iter().any(|line| line.contains("saving")), "{rest:?}");
    });
}
