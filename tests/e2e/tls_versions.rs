//! Which versions of TLS are spoken, and that nothing is without it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use rustls::version::{TLS12, TLS13};

use crate::harness::isolation::isolated;
use crate::harness::outcome;
use crate::harness::tls::Treatment;
use crate::tls_setup::{CLIENTS, Guarded, PEERS};

#[test]
fn tls_1_1_is_refused_by_the_server() {
    isolated(|| {
        let guarded = Guarded::start("");
        for (port, door, certificate) in [
            ("2379", &CLIENTS, guarded.zone.file("clients/admin/current/client")),
            ("2380", &PEERS, guarded.generation().join("peer")),
        ] {
            let connect = |version: &str| {
                let mut command = Command::new("openssl");
                command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), version]);
                // Without these openssl itself refuses what is old, and the server is never asked.
                command.args(["-cipher", "DEFAULT@SECLEVEL=0"]).env("OPENSSL_CONF", "/dev/null");
                command.arg("-CAfile").arg(guarded.zone.file("ca/root.crt")).arg("-verify_return_error");
                command.arg("-cert").arg(certificate.with_extension("crt"));
                command.arg("-key").arg(certificate.with_extension("key"));
                outcome(command.stdin(Stdio::null()))
            };
            let current = connect("-tls1_2");
            assert!(current.stdout.contains("Verify return code: 0 (ok)"), "{current:?}");
            let logged = guarded.member.stderr().len();
            let old = connect("-tls1_1");
            // openssl says "alert" for what it has received.
            assert!(old.code != 0 && old.stderr.contains("alert protocol version"), "{old:?}");
            guarded.wait_for_refusal(door, logged, "client offered only unsupported versions");
        }
    });
}

#[test]
fn tls_1_3_can_be_demanded() {
    isolated(|| {
        let guarded = Guarded::start("[etcd]\ntls_min_version = \"1.3\"\n");
        for (door, identity) in [(&CLIENTS, guarded.of_client("admin")), (&PEERS, guarded.of_node("peer"))] {
            let logged = guarded.member.stderr().len();
            match guarded.knock_with(door, Some(&identity), &TLS12) {
                Treatment::Alert(alert) => assert_eq!(alert, "ProtocolVersion"),
                other => panic!("{other:?}"),
            }
            guarded.wait_for_refusal(door, logged, "client offered only unsupported versions");
            match guarded.knock_with(door, Some(&identity), &TLS13) {
                Treatment::Answered(answer) => assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}"),
                other => panic!("{other:?}"),
            }
        }
        // The REST gateway and gRPC dial the server themselves.
        assert!(guarded.reads_with_grpc(&guarded.zone.file("clients/admin/current")));
    });
}

#[test]
fn plain_http_is_refused() {
    isolated(|| {
        let guarded = Guarded::start("");
        for (port, door, request) in [
            (2379, &CLIENTS, "GET /health"),
            (2379, &CLIENTS, "GET /version"),
            (2380, &PEERS, "GET /members"),
        ] {
            let logged = guarded.member.stderr().len();
            let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("something listens");
            connection
                .write_all(format!("{request} HTTP/1.0\r\n\r\n").as_bytes())
                .expect("the request is taken");
            let mut answer = String::new();
            // A reset instead of an orderly end is a refusal too.
            let _ = connection.read_to_string(&mut answer);
            assert!(!answer.contains("200 OK"), "{answer}");
            guarded.wait_for_refusal(door, logged, "first record does not look like a TLS handshake");
        }
    });
}
