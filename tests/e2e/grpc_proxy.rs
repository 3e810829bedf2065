//! `etcd grpc-proxy` in front of a zone, as docs/grpc-proxy.md has it.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{again, call, etcdctl, loopback_zone, start_alone, turn_authentication_on};
use crate::harness::processes::Running;
use crate::harness::{TestZone, bundle, outcome};

const MEMBER: &str = "https://127.0.0.1:2379";
const PROXY: &str = "https://127.0.0.1:23790";

fn zone_that_runs() -> (TestZone, Running) {
    let zone = loopback_zone(1, "");
    zone.run(&["init"]).expect_code(0);
    let member = start_alone(&zone);
    zone.run(&["pki", "issue", "--client", "backup"]).expect_code(0);
    (zone, member)
}

fn of_node(zone: &TestZone, file: &str) -> PathBuf {
    zone.file("nodes/node1/pki/current").join(file)
}

/// A proxy that presents the certificate of the node to its clients.
fn proxy(zone: &TestZone, version: &str) -> Command {
    let mut proxy = Command::new(bundle(version).join("etcd"));
    proxy.args(["grpc-proxy", "start", "--listen-addr=127.0.0.1:23790", "--endpoints", MEMBER]);
    proxy.arg("--data-dir").arg(zone.around().join("proxy"));
    for (flag, file) in [("--cacert", "ca.crt"), ("--cert-file", "server.crt"), ("--key-file", "server.key")]
    {
        proxy.arg(flag).arg(of_node(zone, file));
    }
    proxy
}

/// The same as `docs/grpc-proxy.md` has it: it asks by the gateway's certificate, and verifies its clients.
#[track_caller]
fn start(zone: &TestZone, version: &str) -> Running {
    let mut proxy = proxy(zone, version);
    for (flag, file) in [
        ("--cert", "gateway.crt"),
        ("--key", "gateway.key"),
        ("--trusted-ca-file", "client-ca.crt"),
        ("--client-crl-file", "client.crl"),
    ] {
        proxy.arg(flag).arg(of_node(zone, file));
    }
    let mut running = Running::start(&mut proxy, zone.around(), "proxy");
    running.wait_for_line(&["listening for gRPC proxy client requests"]);
    running
}

fn without_certificate(client: &Command) -> Command {
    let mut client = again(client, &[]);
    client.env_remove("ETCDCTL_CERT").env_remove("ETCDCTL_KEY");
    client
}

#[test]
fn a_proxy_of_each_version_takes_clients_of_the_zone_and_no_others() {
    isolated(|| {
        let (zone, _member) = zone_that_runs();
        let (through, direct) = (etcdctl(&zone, PROXY), etcdctl(&zone, MEMBER));
        for version in ["3.5.35", "3.6.16", "3.7.3"] {
            let mut proxy = start(&zone, version);
            call(&through, &["put", "version", version]).expect_code(0);
            let read = call(&direct, &["get", "version", "--print-value-only"]).expect_code(0);
            assert_eq!(read.stdout.trim(), version);
            let read = call(&through, &["get", "version", "--print-value-only"]).expect_code(0);
            assert_eq!(read.stdout.trim(), version);
            assert_ne!(call(&without_certificate(&through), &["get", "version"]).code, 0, "{version}");
            proxy.stop();
        }
    });
}

/// A member takes no client without a certificate, and the proxy takes none for itself that has a common
/// name.
#[test]
fn a_proxy_needs_a_certificate_without_a_common_name() {
    isolated(|| {
        let (zone, _member) = zone_that_runs();
        let trusted = of_node(&zone, "client-ca.crt");
        let mut bare = proxy(&zone, "3.7.3");
        bare.arg("--trusted-ca-file").arg(&trusted);
        let ended = Running::start(&mut bare, zone.around(), "bare").outcome();
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("no such file or directory"), "{}", ended.stderr);

        let mut named = proxy(&zone, "3.7.3");
        named.arg("--trusted-ca-file").arg(&trusted);
        for (flag, file) in [("--cert", "client.crt"), ("--key", "client.key")] {
            named.arg(flag).arg(zone.file("clients/backup/current").join(file));
        }
        let ended = Running::start(&mut named, zone.around(), "named").outcome();
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("cert has non empty Common Name (backup)"), "{}", ended.stderr);
    });
}

/// Then any client that reaches it reads and writes everything, which is why the page insists on the flag.
#[test]
fn a_proxy_without_a_trusted_ca_verifies_no_client() {
    isolated(|| {
        let (zone, _member) = zone_that_runs();
        let mut open = proxy(&zone, "3.7.3");
        open.arg("--cert").arg(of_node(&zone, "gateway.crt")).arg("--key").arg(of_node(&zone, "gateway.key"));
        let mut open = Running::start(&mut open, zone.around(), "open");
        open.wait_for_line(&["listening for gRPC proxy client requests"]);
        call(&without_certificate(&etcdctl(&zone, PROXY)), &["put", "key", "value"]).expect_code(0);
    });
}

/// The members see the certificate of the proxy, which names no user.
#[test]
fn behind_a_proxy_a_certificate_is_no_user_and_a_password_is_one() {
    isolated(|| {
        let (zone, _member) = zone_that_runs();
        let direct = etcdctl(&zone, MEMBER);
        call(&direct, &["put", "key", "value"]).expect_code(0);
        turn_authentication_on(&zone);
        call(&direct, &["user", "add", "reader", "--new-user-password=secret"]).expect_code(0);
        call(&direct, &["user", "grant-role", "reader", "root"]).expect_code(0);
        call(&direct, &["get", "key"]).expect_code(0);
        let _proxy = start(&zone, "3.7.3");
        let through = etcdctl(&zone, PROXY);
        let refused = call(&through, &["get", "key"]);
        assert!(refused.code != 0 && refused.stderr.contains("permission denied"), "{}", refused.stderr);
        let read = call(&through, &["--user=reader:secret", "get", "key", "--print-value-only"]);
        assert_eq!(read.expect_code(0).stdout.trim(), "value");
    });
}

/// The members do not see the client: the list that the proxy has decides.
#[test]
fn a_client_that_is_revoked_is_refused_by_the_proxy() {
    isolated(|| {
        let (zone, _member) = zone_that_runs();
        let _proxy = start(&zone, "3.7.3");
        let mut backup = etcdctl(&zone, PROXY);
        let file = |name: &str| zone.around().join(format!("backup-{name}"));
        for (variable, name) in [("ETCDCTL_CERT", "client.crt"), ("ETCDCTL_KEY", "client.key")] {
            std::fs::copy(zone.file("clients/backup/current").join(name), file(name)).expect("a copy");
            backup.env(variable, file(name));
        }
        call(&backup, &["put", "key", "value"]).expect_code(0);
        zone.run(&["pki", "revoke", "client/backup"]).expect_code(0);
        assert_ne!(call(&backup, &["put", "key", "value"]).code, 0);
        call(&etcdctl(&zone, PROXY), &["put", "key", "value"]).expect_code(0);
    });
}

#[test]
fn the_v2_proxy_is_gone_since_3_6() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        for version in ["3.6.16", "3.7.3"] {
            let mut etcd = Command::new(bundle(version).join("etcd"));
            etcd.args(["--proxy=on", "--data-dir"]).arg(directory.path().join(version));
            let ended = outcome(&mut etcd).expect_code(2);
            ended.expect_error_with(&["flag provided but not defined: -proxy"]);
        }
    });
}
