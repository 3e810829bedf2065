//! What a start verifies of its handshakes, against the handshakes themselves.

use std::fs;
use std::path::Path;

use etcd::tls::{KeyPair, Side, Trust, check_handshakes, handshake_cases, verify_handshakes};
use model::plan::{GATEWAY, PEER, SERVER};
use time::{Duration, OffsetDateTime};
use zone_pki::Usages;

use super::forge;
use crate::harness::TestZone;
use crate::support::three_members_issued;

/// What is wrong, and what both say of each of the handshakes.
type Row = (&'static str, [&'static str; 2], fn(&TestZone, &TestZone));

const ROWS: [Row; 9] = [
    ("nothing", ["", ""], |_, _| ()),
    ("a peer CA of others", ["the client refuses the server", ""], |zone, other| {
        put(zone, "peer-ca.crt", &other.file("ca/peer.crt"))
    }),
    ("a client CA of others", ["", "the client refuses the server"], |zone, other| {
        put(zone, "client-ca.crt", &other.file("ca/client.crt"))
    }),
    ("a gateway of others", ["", "the server refuses the client"], |zone, other| {
        put(zone, "gateway.crt", &other.file("nodes/node1/pki/current/gateway.crt"));
        put(zone, "gateway.key", &other.file("nodes/node1/pki/current/gateway.key"));
    }),
    ("a server that is none", ["", "the client refuses the server"], |zone, _| {
        forge(zone, "client", SERVER.stem, Usages::CLIENT, OffsetDateTime::now_utc(), Duration::DAY);
    }),
    ("a client that is none", ["", "the server refuses the client"], |zone, _| {
        forge(zone, "client", GATEWAY.stem, Usages::SERVER, OffsetDateTime::now_utc(), Duration::DAY);
    }),
    ("a chain that rustls takes of no peer", ["the client refuses the server", ""], |zone, _| {
        let path = zone.file("nodes/node1/pki/current/peer.crt");
        let chain = fs::read_to_string(&path).expect("a chain");
        fs::write(path, chain.repeat(100)).expect("written");
    }),
    ("a peer that has expired", ["the client refuses the server", ""], |zone, _| {
        let then = OffsetDateTime::now_utc() - Duration::minutes(3);
        forge(zone, "peer", PEER.stem, Usages::BOTH, then, Duration::MINUTE);
    }),
    ("a peer that is not valid yet", ["the client refuses the server", ""], |zone, _| {
        let then = OffsetDateTime::now_utc() + Duration::HOUR;
        forge(zone, "peer", PEER.stem, Usages::BOTH, then, Duration::DAY);
    }),
];

/// Into the file that is there, so that it keeps its mode.
fn put(zone: &TestZone, file: &str, from: &Path) {
    let to = zone.file("nodes/node1/pki/current").join(file);
    fs::write(to, fs::read(from).expect("a file")).expect("written");
}

#[test]
fn what_a_start_verifies_is_what_a_handshake_would_come_to() {
    for (what, expected, change) in ROWS {
        let (zone, other) = (three_members_issued(), TestZone::init("example.zone", &["node1=127.0.0.1"]));
        other.run(&["pki", "issue", "--all"]).expect_code(0);
        change(&zone, &other);
        let generation = zone.file("nodes/node1/pki/current");
        let cases = || handshake_cases(&generation, &PEER, "127.0.0.1", "127.0.0.1", &[]);
        let side = |stem: &str, trust: &str| {
            let read = |file: String| fs::read(generation.join(file)).expect("a file");
            let pair = KeyPair::from_pem(&read(format!("{stem}.crt")), &read(format!("{stem}.key")))?;
            Ok(Side { pair, trust: Trust::from_pem(&read(trust.to_owned()))? })
        };
        let told = |checks: Vec<etcd::tls::HandshakeCheck>| {
            let told = checks
                .into_iter()
                .map(|check| check.result.err().map_or_else(String::new, |e| e.to_string()));
            told.collect::<Vec<String>>()
        };
        let verified = told(verify_handshakes(cases(), side));
        assert_eq!(verified, told(check_handshakes(&generation, cases(), side)), "{what}");
        for (verified, expected) in verified.iter().zip(expected) {
            assert!(
                verified.starts_with(expected) && verified.is_empty() == expected.is_empty(),
                "{what}: {verified}"
            );
        }
    }
}
