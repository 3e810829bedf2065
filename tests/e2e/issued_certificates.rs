//! Certificates as another implementation sees them, for every kind of key.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{assert_ids_as_planned, call, etcdctl, loopback_text, plan, start_on_loopback};
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

/// What one of the certificates is for.
struct Expected {
    file: &'static str,
    plane: &'static str,
    /// Purposes that it has, and has not, as openssl calls them.
    purposes: &'static [&'static str],
    foreign_purposes: &'static [&'static str],
    /// A name that it has, where it has any.
    name: Option<&'static str>,
}

impl Expected {
    const fn client(file: &'static str, plane: &'static str) -> Self {
        Self { file, plane, purposes: &["sslclient"], foreign_purposes: &["sslserver"], name: None }
    }
}

const CERTIFICATES: [Expected; 7] = [
    Expected {
        file: "nodes/node1/pki/current/peer.crt",
        plane: "peer",
        purposes: &["sslserver", "sslclient"],
        foreign_purposes: &[],
        name: Some("node1.example.zone"),
    },
    Expected {
        file: "nodes/node1/pki/current/server.crt",
        plane: "client",
        purposes: &["sslserver"],
        foreign_purposes: &["sslclient"],
        name: Some("example.zone"),
    },
    Expected::client("nodes/node1/pki/current/gateway.crt", "client"),
    Expected::client("nodes/node1/pki/current/client.crt", "client"),
    Expected::client("nodes/node1/pki/current/peer-client.crt", "peer"),
    Expected::client("clients/admin/current/client.crt", "client"),
    Expected::client("clients/backup/current/client.crt", "client"),
];

#[test]
fn p256_certificates_satisfy_openssl() {
    isolated(|| assert_satisfy_openssl("p256"));
}

#[test]
fn p384_certificates_satisfy_openssl() {
    isolated(|| assert_satisfy_openssl("p384"));
}

#[test]
fn rsa_certificates_satisfy_openssl() {
    isolated(|| assert_satisfy_openssl("rsa2048"));
}

#[test]
fn ed25519_certificates_satisfy_openssl() {
    isolated(|| assert_satisfy_openssl("ed25519"));
}

#[test]
fn a_zone_with_rsa_keys_runs() {
    isolated(|| assert_runs("rsa2048"));
}

#[test]
fn a_zone_with_ed25519_keys_runs() {
    isolated(|| assert_runs("ed25519"));
}

#[test]
fn a_development_zone_takes_its_keys_from_zone_toml() {
    isolated(|| {
        let zone = TestZone::described(&loopback_text("example.zone", 1, "[pki]\nkey = \"p384\"\n"));
        let script = "etcdctl put key value && openssl x509 -noout -text -in $ETCDCTL_CERT";
        let mut dev = zone_etcd(["dev", "--dir"]);
        let result = outcome(dev.arg(zone.path()).args(["--", "sh", "-c", script])).expect_code(0);
        assert!(result.stdout.contains("secp384r1"), "{}", result.stdout);
    });
}

#[track_caller]
fn assert_satisfy_openssl(key: &str) {
    let zone = TestZone::described(&format!(
        "[zone]\nname = \"example.zone\"\n[pki]\nkey = \"{key}\"\nclients = [\"backup\"]\n\
         [[node]]\nname = \"node1\"\naddress = \"10.0.1.10\"\nnat = true\n\
         sans = [\"other.example.zone\", \"fd00::10\"]\n"
    ));
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    assert_every_certificate_is_listed(&zone);
    for Expected { file, plane, purposes, foreign_purposes, name } in CERTIFICATES {
        let path = zone.file(file);
        let verify = |plane: &str, options: &[&str]| verify(&zone, &path, plane, options);
        for purpose in purposes {
            verify(plane, &["-purpose", purpose]).expect_code(0);
            let other = if plane == "peer" { "client" } else { "peer" };
            assert_fails(&verify(other, &["-purpose", purpose]), "unable to get local issuer certificate");
        }
        for purpose in foreign_purposes {
            assert_fails(&verify(plane, &["-purpose", purpose]), "purpose");
        }
        let Some(name) = name else { continue };
        for name in [name, "node1", "other.example.zone", "localhost"] {
            verify(plane, &["-purpose", "sslserver", "-verify_hostname", name]).expect_code(0);
        }
        for ip in ["10.0.1.10", "127.0.0.1", "::1", "fd00::10"] {
            verify(plane, &["-purpose", "sslserver", "-verify_ip", ip]).expect_code(0);
        }
        let wrong_name = verify(plane, &["-purpose", "sslserver", "-verify_hostname", "node2.example.zone"]);
        assert_fails(&wrong_name, "hostname mismatch");
        assert_fails(
            &verify(plane, &["-purpose", "sslserver", "-verify_ip", "10.0.1.11"]),
            "IP address mismatch",
        );
    }
}

/// openssl verify with the root as the only anchor and a plane CA on the way.
#[track_caller]
fn verify(zone: &TestZone, certificate: &Path, plane: &str, options: &[&str]) -> Outcome {
    let mut command = Command::new("openssl");
    command.args(["verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-check_ss_sig"]).args(options);
    command.arg("-CAfile").arg(zone.file("ca/root.crt"));
    command.arg("-untrusted").arg(zone.file(&format!("ca/{plane}.crt")));
    outcome(command.arg(certificate))
}

#[track_caller]
fn assert_fails(result: &Outcome, reason: &str) {
    assert!(result.code != 0 && result.stderr.contains(reason), "{result:?}");
}

/// A certificate that is missing in the table above would pass unseen.
#[track_caller]
fn assert_every_certificate_is_listed(zone: &TestZone) {
    let authorities = ["ca.crt", "peer-ca.crt", "client-ca.crt"];
    let mut found = Vec::new();
    for directory in ["nodes/node1/pki/current", "clients/admin/current", "clients/backup/current"] {
        let names = std::fs::read_dir(zone.file(directory))
            .expect("a generation")
            .flatten()
            .map(|entry| entry.file_name());
        for name in names.map(|name| name.into_string().expect("UTF-8")) {
            if name.ends_with(".crt") && !authorities.contains(&name.as_str()) {
                found.push(PathBuf::from(directory).join(name));
            }
        }
    }
    found.sort();
    let mut listed: Vec<PathBuf> = CERTIFICATES.iter().map(|expected| PathBuf::from(expected.file)).collect();
    listed.sort();
    assert_eq!(found, listed);
}

#[track_caller]
fn assert_runs(key: &str) {
    let zone = TestZone::described(&loopback_text("example.zone", 3, &format!("[pki]\nkey = \"{key}\"\n")));
    zone.run(&["init"]).expect_code(0);
    let _members = start_on_loopback(&zone, &["node1", "node2", "node3"]);
    let (first, last) = (etcdctl(&zone, "https://127.0.0.1:2379"), etcdctl(&zone, "https://127.0.0.1:2399"));
    call(&first, &["put", "written", key]).expect_code(0);
    assert_eq!(call(&last, &["get", "written", "--print-value-only"]).expect_code(0).stdout.trim(), key);
    assert_ids_as_planned(&last, &plan(&zone, "node1"));
}
