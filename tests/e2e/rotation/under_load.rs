//! Rotations while clients write all the time: nothing that was acknowledged is lost, and no write fails for
//! good. The clients are etcd's own in Go, and follow the certificates in the zone directory.

use super::{assert_alone, ports, rotate, running_zone};
use crate::harness::TestZone;
use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;

/// Rotates under a writer that uses all endpoints and one that stays on the first.
#[track_caller]
fn rotate_under_load(zone: &TestZone, members: u16, arguments: &[&str]) {
    let endpoints: Vec<String> =
        ports(members)[0].iter().map(|port| format!("https://127.0.0.1:{port}")).collect();
    let endpoints: Vec<&str> = endpoints.iter().map(String::as_str).collect();
    let writers = [GoWriter::start(zone, &endpoints), GoWriter::start_pinned(zone, &endpoints)];
    rotate(zone, arguments).expect_code(0);
    writers.into_iter().for_each(|writer| drop(writer.finish_unharmed()));
}

#[test]
fn long_the_peer_plane() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate_under_load(&zone, 3, &["--plane", "peer"]);
        assert_alone(3, "client CA", "G2 peer CA");
    });
}

#[test]
fn the_client_plane() {
    isolated(|| {
        let (zone, _members) = running_zone(3);
        rotate_under_load(&zone, 3, &["--plane", "client"]);
        assert_alone(3, "G2 client CA", "peer CA");
    });
}

#[test]
fn long_the_root_with_five_members() {
    isolated(|| {
        let (zone, _members) = running_zone(5);
        rotate_under_load(&zone, 5, &["--root"]);
        assert_alone(5, "G2 client CA", "G2 peer CA");
    });
}
