//! Rotations while a client writes all the time: nothing that was acknowledged is lost, and no write fails for good.

use super::{assert_alone, ports, rotate, running_zone};
use crate::harness::isolation::isolated;
use crate::harness::writer::Writer;

fn endpoints(members: u16) -> Vec<String> {
    ports(members)[0].iter().map(|port| format!("https://127.0.0.1:{port}")).collect()
}

#[test]
fn the_peer_plane() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        let writer = Writer::start(&zone, &endpoints(3));
        rotate(&zone, &["--plane", "peer"]).expect_code(0);
        let written = writer.stop();
        assert!(written.acknowledged > 100, "{written:?}");
        assert_eq!((written.lost, written.failed), (0, 0), "{written:?}");
        assert_alone(3, "client CA", "G2 peer CA");
    });
}

#[test]
fn five_members() {
    isolated(|| {
        let (zone, _members) = running_zone(5);
        let writer = Writer::start(&zone, &endpoints(5));
        rotate(&zone, &["--plane", "peer"]).expect_code(0);
        let written = writer.stop();
        assert_eq!((written.lost, written.failed), (0, 0), "{written:?}");
        assert_alone(5, "client CA", "G2 peer CA");
    });
}
