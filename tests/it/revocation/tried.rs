//! What can be said of members on which a revoked certificate is tried, and that are not as they should be.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::{revoked, zone};
use crate::harness::TestZone;

/// What listens at the client ports of the nodes, in their order.
fn listeners(zone: &TestZone) -> Vec<TcpListener> {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let ports = text.lines().filter_map(|line| line.strip_prefix("client_port = "));
    let listen =
        |port: &str| TcpListener::bind(("127.0.0.1", port.parse().expect("a port"))).expect("a port");
    ports.map(listen).collect()
}

#[test]
fn members_that_answer_are_told_from_those_that_do_not() {
    let zone = zone();
    let mut listeners = listeners(&zone).into_iter();
    let (foreign, closing) = (listeners.next().expect("one"), listeners.next().expect("another"));
    drop(listeners);
    std::thread::spawn(move || {
        for mut stream in foreign.incoming().flatten() {
            let _ = stream.read(&mut [0; 2048]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    std::thread::spawn(move || closing.incoming().flatten().for_each(drop));
    let rows = revoked(&zone, &["client/health"]);
    let members = rows[0]["members"].as_array().expect("members");
    for (member, why) in members.iter().zip([
        "it answers, and not as a member: it does not speak TLS",
        "the connection was closed before any handshake",
        "nothing listens",
    ]) {
        assert_eq!(member["reception"], "unknown", "{member}");
        assert!(member["why"].as_str().expect("a reason").starts_with(why), "{member}");
    }
}
