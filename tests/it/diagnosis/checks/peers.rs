//! Peers that are none, or none to rely on: told apart, and within a bounded time. `run` would not start
//! beside most of them, and ends with 69.

use std::time::{Duration, Instant};

use model::plan::Plane;
use time::OffsetDateTime;
use time::macros::format_description;

use super::fake_peer::{Manner, stand_at, stand_on};
use super::{checked, failed, found};
use crate::harness::TestZone;
use crate::support::{ports, three_members_issued};

/// The peer port of the node with this number, from 1.
fn peer_port(zone: &TestZone, number: usize) -> u16 {
    let text = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
    let ports: Vec<u16> = text
        .lines()
        .filter_map(|line| line.strip_prefix("peer_port = "))
        .map(|port| port.parse().expect("a port"))
        .collect();
    ports[number - 1]
}

fn generation(zone: &TestZone, node: &str) -> std::path::PathBuf {
    zone.file(&format!("nodes/{node}/pki/current"))
}

fn answer(version: &str, clock: OffsetDateTime) -> Manner {
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = clock.format(format).expect("a date");
    let body = format!("{{\"etcdserver\":\"{version}\",\"etcdcluster\":\"3.7.0\"}}");
    Manner::Answers(format!(
        "HTTP/1.0 200 OK\r\nDate: {date}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// A zone whose node2 is what stands there, and whose node3 is not there.
fn with_peer(manner: Manner) -> TestZone {
    let zone = three_members_issued();
    stand_at(peer_port(&zone, 2), &generation(&zone, "node2"), manner);
    zone
}

#[test]
fn peer_reachable() {
    let cases = [
        (Manner::Silent, 69, "unreachable", "it accepts TCP, no TLS reply"),
        (Manner::Drip, 69, "unreachable", "no TLS reply"),
        (Manner::Garbage, 69, "failed", "it does not speak TLS as expected"),
        (
            Manner::Answers("HTTP/1.0 404 Not Found\r\n\r\nnothing".to_owned()),
            69,
            "failed",
            "is not one of etcd's",
        ),
        (Manner::Answers("pardon?\r\n\r\n".to_owned()), 69, "failed", "its answer is not HTTP"),
    ];
    for (manner, code, verdict, text) in cases {
        let zone = with_peer(manner);
        let started = Instant::now();
        let findings = checked(&zone, code);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(4), "it took {took:?}");
        let finding = found(&findings, "peer-reachable", verdict, text);
        assert!(finding["subject"].as_str().expect("a text").starts_with("node2 at https://127.0.0.1:"));
        found(&findings, "peer-reachable", "unreachable", "nothing listens at");
    }
}

#[test]
fn peer_certificate() {
    let (zone, other) = (three_members_issued(), TestZone::init("example.zone", &["node2=127.0.0.1"]));
    other.run(&["pki", "issue", "--all"]).expect_code(0);
    stand_at(peer_port(&zone, 2), &generation(&other, "node2"), Manner::Closes);
    let findings = checked(&zone, 69);
    assert_eq!(failed(&findings), ["peer-certificate"]);
    let text =
        found(&findings, "peer-certificate", "failed", "its certificate is refused")["found"].to_string();
    assert!(
        text.contains("does not trust") || text.contains("signature") || text.contains("BadSignature"),
        "{text}"
    );
}

#[test]
fn a_port_for_clients_is_told_from_a_foreign_certificate() {
    let zone = three_members_issued();
    let swapped = zone.around().join("swapped");
    std::fs::create_dir(&swapped).expect("a directory");
    for (from, to) in [("server.crt", "peer.crt"), ("server.key", "peer.key"), ("peer-ca.crt", "peer-ca.crt")]
    {
        std::fs::copy(generation(&zone, "node2").join(from), swapped.join(to)).expect("copied");
    }
    stand_at(peer_port(&zone, 2), &swapped, Manner::Closes);
    let findings = checked(&zone, 69);
    assert_eq!(failed(&findings), ["peer-reachable"]);
    let finding = found(&findings, "peer-reachable", "failed", "its port for clients answers there");
    assert!(finding["remedy"].as_str().expect("a remedy").contains("client_port and peer_port of node2"));
}

#[test]
fn peer_admission() {
    let zone = with_peer(Manner::Closes);
    let findings = checked(&zone, 69);
    assert_eq!(failed(&findings), ["peer-admission"]);
    let finding =
        found(&findings, "peer-admission", "failed", "it closes the connection after the handshake");
    assert!(finding["remedy"].as_str().expect("a remedy").contains("in the log of etcd on node2"));
}

#[test]
fn peer_clock() {
    let now = OffsetDateTime::now_utc();
    let zone = with_peer(answer("3.7.3", now));
    let findings = checked(&zone, 69);
    found(&findings, "peer-clock", "passed", "to the second");
    found(&findings, "peer-reachable", "passed", "etcd 3.7.3, round trip");
    found(&findings, "peer-admission", "passed", "it takes peer.crt from 127.0.0.1");
    let zone = with_peer(answer("3.7.3", now - time::Duration::minutes(2)));
    found(&checked(&zone, 69), "peer-clock", "note", "behind this machine's");
    let zone = with_peer(answer("3.7.3", now + time::Duration::hours(1)));
    let findings = checked(&zone, 69);
    found(&findings, "peer-clock", "failed", "ahead of this machine's");
    assert_eq!(failed(&findings), ["peer-clock"]);
}

#[test]
fn version_skew() {
    let zone = with_peer(answer("3.6.16", OffsetDateTime::now_utc()));
    found(&checked(&zone, 69), "version-skew", "note", "node2 3.6.16, node1 3.7.3");
    let zone = with_peer(answer("3.5.35", OffsetDateTime::now_utc()));
    found(&checked(&zone, 69), "version-skew", "failed", "more than one minor apart");
}

/// Nothing is faster than the time of a round trip on loopback, so it is the pure judgement that shows the
/// rest.
#[test]
fn timing() {
    let zone = with_peer(answer("3.7.3", OffsetDateTime::now_utc()));
    found(&checked(&zone, 69), "timing", "passed", "the round trip to node2 takes");
}

/// A forward is up when TLS answers behind it, or when it closes: then it is the member that is not there.
#[test]
fn cyfs_forward() {
    let addresses = ["127.0.1.2", "127.0.1.3", "127.0.1.4"];
    let first = ports(6);
    let nodes = addresses.iter().enumerate().map(|(place, address)| {
        let (client, peer) = (first[2 * place], first[2 * place + 1]);
        format!(
            "[[node]]\nname = \"node{}\"\naddress = \"{address}\"\nprotocol = \"cyfs\"\n\
             client_port = {client}\npeer_port = {peer}\n",
            place + 1
        )
    });
    let zone =
        TestZone::described(&format!("[zone]\nname = \"example.zone\"\n{}", nodes.collect::<String>()));
    zone.run(&["init"]).expect_code(0);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let socket = |node: usize, plane: Plane| {
        let port = first[2 * (node - 1) + usize::from(plane == Plane::Peer)];
        (addresses[node - 1].parse::<std::net::IpAddr>().expect("an address"), port).into()
    };
    let stand = |node: usize, plane, as_node, manner| {
        stand_on(socket(node, plane), &generation(&zone, as_node), plane, manner);
    };
    stand(2, Plane::Client, "node2", Manner::HangsUp);
    stand(3, Plane::Peer, "node3", Manner::Silent);
    // The gateway leads to the wrong member.
    stand(3, Plane::Client, "node1", Manner::Closes);
    let findings = checked(&zone, 69);
    let refused = found(&findings, "cyfs-forward", "unreachable", "nothing listens at 127.0.1.3:");
    let line = format!("bind 127.0.1.3:{0}, forward rtcp://node2.example.zone/:{0}", first[3]);
    assert!(refused["remedy"].as_str().expect("a remedy").ends_with(&line), "{refused}");
    assert_eq!(refused["subject"], format!("node2 for members at 127.0.1.3:{}", first[3]));
    found(&findings, "cyfs-forward", "passed", "it closes the connection");
    let silent = found(&findings, "cyfs-forward", "unreachable", "it accepts TCP, no TLS reply");
    assert!(silent["remedy"].as_str().expect("a remedy").contains("the gateway of this host reaches that"));
    found(&findings, "cyfs-forward", "failed", "it is valid for");
    assert_eq!(failed(&findings), ["cyfs-forward"]);
    let reachable = found(&findings, "peer-reachable", "unreachable", "nothing listens at 127.0.1.3:");
    assert!(reachable["remedy"].as_str().expect("a remedy").ends_with(&line), "{reachable}");
    assert_eq!(findings.iter().filter(|finding| finding["check"] == "cyfs-forward").count(), 4);
}
