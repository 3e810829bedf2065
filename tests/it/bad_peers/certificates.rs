//! Peers whose certificate we refuse, or that refuse ours: of another zone, of the wrong plane, or out of
//! time, as it looks when a clock is off. The clock of this process cannot be turned, so the certificates are
//! from another time.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, KeyAlgorithm, LeafSpec, Subject, SubjectAltName, Usages};

use super::Case;
use super::fake_peer::{FakePeer, config, members_answer};

/// node1 presents what `STEM.crt` and `STEM.key` of a directory hold, and trusts this authority.
#[track_caller]
fn presented(case: &Case, trust: &Path, directory: &Path, stem: &str, text: &str) {
    let config = config(trust, directory, stem);
    let _peer = FakePeer::inside_tls(case.port("node1"), config, |mut stream, _| {
        let _ = stream.write_all(&members_answer("1", "[]")).and_then(|()| stream.flush());
    });
    case.expect_refusal(
        69,
        &["waited in vain to bootstrap the cluster", &format!("node1: unusable: {text}")],
    );
}

fn generation(case: &Case) -> std::path::PathBuf {
    case.zone.file("nodes/node1/pki/current")
}

#[test]
fn one_of_another_zone() {
    let (case, node) = (Case::new(), "nodes/node1/pki/current");
    // The zones of these tests are copies of one.
    let other = crate::harness::TestZone::init("other.zone", &["node1=127.0.0.1"]);
    other.run(&["pki", "issue", "--all"]).expect_code(0);
    let generation = other.file(node);
    let text = "its certificate is refused: it was issued by an authority that this zone does not trust";
    presented(&case, &generation.join("peer-ca.crt"), &generation, "peer", text);
}

#[test]
fn one_of_the_client_plane() {
    let case = Case::new();
    let generation = generation(&case);
    let text = "its certificate is refused: it was issued by an authority that this zone does not trust";
    presented(&case, &generation.join("peer-ca.crt"), &generation, "server", text);
}

/// It is one of ours, and takes us for a stranger: by an alert, which with TLS 1.3 comes after our handshake
/// is over.
#[test]
fn one_that_refuses_ours() {
    let case = Case::new();
    let generation = generation(&case);
    let text = "it refuses our certificate (";
    presented(&case, &generation.join("client-ca.crt"), &generation, "peer", text);
}

#[test]
fn one_that_has_expired() {
    let now = OffsetDateTime::now_utc();
    issued_at(now - Duration::minutes(3), Duration::minutes(1), "it has expired by this machine's clock");
}

#[test]
fn one_that_is_not_valid_yet() {
    let now = OffsetDateTime::now_utc();
    issued_at(now + Duration::hours(1), Duration::days(1), "it is not valid yet by this machine's clock");
}

#[track_caller]
fn issued_at(made: OffsetDateTime, validity: Duration, text: &str) {
    let case = Case::new();
    let read = |name: &str| std::fs::read(case.zone.file(name)).expect("a file of the zone");
    let authority = Authority::load(&read("ca/peer.crt"), &read("ca/peer.key"), OffsetDateTime::now_utc())
        .expect("the CA");
    let spec = LeafSpec {
        subject: Subject::with_common_name("node1.example.zone"),
        names: ["127.0.0.1".parse().expect("an address")].into_iter().map(SubjectAltName::Ip).collect(),
        usages: Usages::BOTH,
        validity,
        key: KeyAlgorithm::default(),
    };
    let issued = authority.issue(&spec, made).expect("a certificate");
    let directory = tempfile::tempdir().expect("a directory");
    let chain = issued.chain_pem(authority.certificate());
    std::fs::write(directory.path().join("peer.crt"), chain).expect("the certificate");
    let mut key = std::fs::OpenOptions::new();
    let mut key =
        key.write(true).create_new(true).mode(0o600).open(directory.path().join("peer.key")).expect("a file");
    key.write_all(issued.key().to_pem().as_bytes()).expect("the key");
    let trust = generation(&case).join("peer-ca.crt");
    presented(&case, &trust, directory.path(), "peer", &format!("its certificate is refused: {text}"));
}

/// What it presents is right, and what it answers as well: the others of this page are refused for what is
/// said of them.
#[test]
fn one_that_is_as_it_should_be() {
    let case = Case::new();
    let generation = generation(&case);
    let config = config(&generation.join("peer-ca.crt"), &generation, "peer");
    let _peer = FakePeer::inside_tls(case.port("node1"), config, |mut stream, _| {
        let _ = stream.write_all(&members_answer("1", "[]")).and_then(|()| stream.flush());
    });
    case.expect_refusal(65, &["the other members run cluster 1"]);
}
