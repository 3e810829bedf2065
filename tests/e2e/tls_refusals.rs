//! Who is refused, at which door, and why. Beside each refusal stands somebody who differs in that alone and
//! is admitted.

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, Certificate, RevocationReason, Revoked, Usages};

use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::tls::Identity;
use crate::tls_setup::{CLIENTS, Guarded, PEERS};

const UNKNOWN_CA: [Option<&str>; 2] = [Some("UnknownCA"); 2];
const BAD: [Option<&str>; 2] = [Some("BadCertificate"); 2];
const EXPIRED: [Option<&str>; 2] = [Some("CertificateExpired"); 2];
/// TLS 1.3 has an alert of its own for it (RFC 8446, 6.2).
const NO_CERTIFICATE: [Option<&str>; 2] = [Some("HandshakeFailure"), Some("CertificateRequired")];

const UNKNOWN_AUTHORITY: &str = "certificate signed by unknown authority";
const WRONG_USAGE: &str = "certificate specifies an incompatible key usage";
const HAS_EXPIRED: &str = "certificate has expired or is not yet valid";

#[test]
fn clients_and_peers_are_admitted_at_their_own_doors() {
    isolated(|| {
        let guarded = Guarded::start("");
        for client in ["admin", "health"] {
            guarded.assert_admitted(&CLIENTS, &guarded.of_client(client));
            assert!(guarded.reads_with_grpc(&guarded.zone.file("clients").join(client).join("current")));
        }
        guarded.assert_admitted(&CLIENTS, &guarded.of_node("client"));
        guarded.assert_admitted(&PEERS, &guarded.of_node("peer"));
    });
}

#[test]
fn nobody_is_admitted_without_a_certificate() {
    isolated(|| {
        let guarded = Guarded::start("");
        for door in [&CLIENTS, &PEERS] {
            guarded.assert_refused(door, None, NO_CERTIFICATE, "client didn't provide a certificate");
        }
    });
}

#[test]
fn certificates_of_another_zone_are_refused() {
    isolated(|| {
        let guarded = Guarded::start("");
        // The same names, from CAs with the same names: only the keys differ.
        let other = TestZone::init("example.zone", &["node1=127.0.0.1"]);
        other.run(&["pki", "issue", "--all"]).expect_code(0);
        let admin = Identity::load(&other.file("clients/admin/current"), "client");
        let peer = Identity::load(&other.file("nodes/node1/pki/current"), "peer");
        guarded.assert_refused(&CLIENTS, Some(&admin), UNKNOWN_CA, UNKNOWN_AUTHORITY);
        guarded.assert_refused(&PEERS, Some(&peer), UNKNOWN_CA, UNKNOWN_AUTHORITY);

        // gRPC with the same certificate, but with trust in the server.
        let mixed = guarded.zone.file("mixed");
        std::fs::create_dir(&mixed).expect("a directory");
        std::fs::copy(guarded.zone.file("ca/root.crt"), mixed.join("ca.crt")).expect("the root");
        let use_client_of = |zone: &TestZone| {
            for file in ["client.crt", "client.key"] {
                std::fs::copy(zone.file("clients/admin/current").join(file), mixed.join(file))
                    .expect("a file");
            }
        };
        use_client_of(&other);
        let logged = guarded.member.stderr().len();
        assert!(!guarded.reads_with_grpc(&mixed));
        guarded.wait_for_refusal(&CLIENTS, logged, UNKNOWN_AUTHORITY);
        use_client_of(&guarded.zone);
        assert!(guarded.reads_with_grpc(&mixed));
    });
}

#[test]
fn neither_plane_opens_the_other() {
    isolated(|| {
        let guarded = Guarded::start("");
        guarded.assert_refused(&CLIENTS, Some(&guarded.of_node("peer")), UNKNOWN_CA, UNKNOWN_AUTHORITY);
        let of_client_plane = [
            guarded.of_client("admin"),
            guarded.of_node("client"),
            guarded.of_node("gateway"),
            guarded.of_node("server"),
        ];
        for identity in of_client_plane {
            guarded.assert_refused(&PEERS, Some(&identity), UNKNOWN_CA, UNKNOWN_AUTHORITY);
        }
    });
}

#[test]
fn certificates_of_servers_do_not_dial() {
    isolated(|| {
        let guarded = Guarded::start("");
        guarded.assert_refused(&CLIENTS, Some(&guarded.of_node("server")), BAD, WRONG_USAGE);
        let in_an_hour = Duration::hours(1);
        guarded.assert_refused(
            &PEERS,
            Some(&guarded.issue("peer", Usages::SERVER, in_an_hour)),
            BAD,
            WRONG_USAGE,
        );
        guarded.assert_admitted(&PEERS, &guarded.issue("peer", Usages::BOTH, in_an_hour));
    });
}

#[test]
fn expired_certificates_are_refused() {
    isolated(|| {
        let guarded = Guarded::start("");
        for (door, plane, usages) in [(&CLIENTS, "client", Usages::CLIENT), (&PEERS, "peer", Usages::BOTH)] {
            guarded.assert_admitted(door, &guarded.issue(plane, usages, Duration::hours(1)));
            let expired = guarded.issue(plane, usages, -Duration::minutes(1));
            guarded.assert_refused(door, Some(&expired), EXPIRED, HAS_EXPIRED);
        }
    });
}

/// The list is read at every handshake, so it takes effect without a restart.
#[test]
fn revoked_certificates_are_refused() {
    isolated(|| {
        let guarded = Guarded::start("");
        let (health, admin) = (guarded.of_client("health"), guarded.of_client("admin"));
        guarded.assert_admitted(&CLIENTS, &health);
        revoke(&guarded, "client", &guarded.zone.file("clients/health/current/client.crt"));
        guarded.assert_refused(&CLIENTS, Some(&health), REVOKED, "revoked");
        assert!(!guarded.reads_with_grpc(&guarded.zone.file("clients/health/current")));
        guarded.assert_admitted(&CLIENTS, &admin);

        let peer = guarded.of_node("peer");
        guarded.assert_admitted(&PEERS, &peer);
        revoke(&guarded, "peer", &guarded.generation().join("peer.crt"));
        guarded.assert_refused(&PEERS, Some(&peer), REVOKED, "revoked");
        guarded.assert_admitted(&PEERS, &guarded.issue("peer", Usages::BOTH, Duration::hours(1)));
    });
}

/// etcd looks at the list after the handshake and closes the connection, without an alert.
const REVOKED: [Option<&str>; 2] = [None; 2];

/// Puts a certificate on the list that the member reads, by a rename so that it never sees half of one.
pub fn revoke(guarded: &Guarded, plane: &str, certificate: &std::path::Path) {
    let now = OffsetDateTime::now_utc();
    let read =
        |extension| std::fs::read(guarded.zone.file(&format!("ca/{plane}.{extension}"))).expect("a CA");
    let authority = Authority::load(&read("crt"), &read("key"), now).expect("a CA");
    let revoked =
        Certificate::from_pem(&std::fs::read(certificate).expect("a certificate")).expect("a certificate");
    let entry =
        Revoked { serial: revoked.serial().to_vec(), at: now, reason: RevocationReason::KeyCompromise };
    let list = authority.revocation_list(&[entry], 2, now, now + Duration::days(1)).expect("a list");
    let file = guarded.generation().join(format!("{plane}.crl"));
    let aside = file.with_extension("new");
    std::fs::write(&aside, list).expect("a file");
    std::fs::rename(aside, file).expect("the list is replaced");
}
