//! Peers that say nothing, too little, or go away at once. Whether they run a cluster nobody can tell, so a
//! cluster is bootstrapped beside none of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use super::Case;
use super::fake_peer::{FakePeer, own_config};

/// Until the other side has gone.
fn drain(mut socket: &TcpStream) {
    let mut buffer = [0; 4096];
    while socket.read(&mut buffer).is_ok_and(|length| length > 0) {}
}

#[test]
fn one_that_accepts_and_says_nothing() {
    let case = Case::new();
    let _peer = FakePeer::listen(case.port("node1"), |socket, _| drain(&socket));
    case.expect_refusal(69, &["node1: accepts TCP, no TLS reply"]);
}

/// The start of a TLS record of 16 KiB, one byte at a time.
#[test]
fn one_that_drips_its_handshake() {
    let case = Case::new();
    let _peer = FakePeer::listen(case.port("node1"), |mut socket, _| {
        let record = [0x16, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xf0].into_iter().chain(std::iter::repeat(0));
        for byte in record {
            if socket.write_all(&[byte]).is_err() {
                return;
            }
            sleep(Duration::from_millis(100));
        }
    });
    case.expect_refusal(69, &["node1: accepts TCP, no TLS reply"]);
}

#[test]
fn one_that_closes_at_once_for_ever() {
    let case = Case::new();
    let peer = FakePeer::listen(case.port("node1"), |socket, _| drop(socket));
    case.expect_refusal(69, &["node1: closes every connection, as an older zone-etcd does", "upgrade it"]);
    assert!(peer.connections() > 10, "it is asked again and again");
}

/// It has finished its handshake, so it is somebody who knows this zone.
#[test]
fn one_that_takes_a_request_and_says_nothing() {
    let case = Case::new();
    let _peer =
        FakePeer::inside_tls(case.port("node1"), own_config(&case, "node1"), |stream, _| drain(&stream.sock));
    case.expect_refusal(69, &["node1: unusable: it does not answer requests in time"]);
}

#[test]
fn one_that_drips_its_answer() {
    let case = Case::new();
    let _peer = FakePeer::inside_tls(case.port("node1"), own_config(&case, "node1"), |mut stream, _| {
        let text = b"HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: 1\r\nContent-Length: 9999\r\n\r\n[";
        for byte in text.iter().copied().chain(std::iter::repeat(b' ')) {
            if stream.write_all(&[byte]).and_then(|()| stream.flush()).is_err() {
                return;
            }
            sleep(Duration::from_millis(20));
        }
    });
    case.expect_refusal(69, &["node1: unusable: it does not answer requests in time"]);
}

#[test]
fn one_that_takes_a_request_and_closes() {
    let case = Case::new();
    let _peer = FakePeer::answering(&case, "node1", |_| Vec::new());
    case.expect_refusal(
        69,
        &["node1: unusable: it closes the connection after our certificate", "look into the log there"],
    );
}
