//! How `nameservice serve` is started, told, and ended; TLS.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use etcd::tls::{Target, Trust, get};
use nameservice::{Base, FetchError, fetch, probe};
use zone_pki::Certificate;

use super::server::{Served, command, document, port_of};
use crate::harness::processes::{PATIENCE, Running};
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::Refusal;

#[test]
fn it_ends_within_a_second_by_sigterm() {
    let mut served = Served::one();
    assert!(served.stop() < Duration::from_secs(1));
    assert!(!served.process.stderr().contains("error"), "{}", served.process.stderr());
}

#[test]
fn the_service_manager_is_told_when_it_listens() {
    let served = Served::one();
    let path = served.file("../notify");
    let name = format!("zone-etcd-test-{}", std::process::id());
    let of_name = SocketAddr::from_abstract_name(&name).expect("a name");
    let abstract_socket = UnixDatagram::bind_addr(&of_name).expect("a socket");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    for (variable, socket) in
        [(path.clone().into_os_string(), socket), (format!("@{name}").into(), abstract_socket)]
    {
        socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let mut command = command(&served.file(""), &served.file("../ca.crt"));
        let _running =
            Running::start(command.env("NOTIFY_SOCKET", &variable), &served.file(".."), "notifying");
        let mut message = [0; 64];
        let length = socket.recv(&mut message).expect("a message");
        assert_eq!(&message[..length], b"READY=1");
    }
}

#[test]
fn what_cannot_be_served_is_refused() {
    let served = Served::one();
    let (directory, ca) = (served.file(""), served.file("../ca.crt"));
    let with = |more: &[&str]| outcome(command(&directory, &ca).args(more));
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:3456"] {
        let mut serve = zone_etcd(["nameservice", "serve", "--listen", listen, "--directory"]);
        serve.arg(&directory).arg("--ca").arg(&ca);
        // If it is not refused, it serves until it is ended.
        Running::start(&mut serve, &served.file(".."), "refused")
            .outcome()
            .expect_refusal(78, &["plain text", "--tls-cert", "127.0.0.1"]);
    }
    let mut taken = zone_etcd(["nameservice", "serve", "--listen", &format!("127.0.0.1:{}", served.port)]);
    outcome(taken.arg("--directory").arg(&directory).arg("--ca").arg(&ca))
        .expect_refusal(75, &["cannot listen on", "is in use by zone-etcd", "--listen"]);
    with(&["--tls-cert", "x.crt"]).expect_code(64);
    with(&["--tls-cert", "absent.crt", "--tls-key", "absent.key"]).expect_refusal(65, &["for TLS"]);
    let mut nothing = zone_etcd(["nameservice", "serve", "--ca"]);
    outcome(nothing.arg(&ca)).expect_refusal(64, &["nothing to serve from", "--directory"]);
    let absent = served.file("absent");
    outcome(&mut command(&absent, &ca)).expect_refusal(66, &["cannot read"]);
    outcome(&mut command(&directory, &absent)).expect_refusal(66, &["cannot read"]);
    outcome(&mut command(&directory, &served.file("zone.json")))
        .expect_refusal(65, &["cannot be used as a CA"]);
    outcome(zone_etcd(["nameservice", "serve", "--config"]).arg(&absent))
        .expect_refusal(66, &["cannot read"]);
}

/// The CA and the documents are those of the node.
#[test]
fn a_local_config_says_all_that_is_needed() {
    let served = Served::one();
    let ca = served.ca.certificate().pem();
    for (name, ca) in [("file", "ca.crt"), ("inline", ca.as_str())] {
        let node = served.file(&format!("../{name}"));
        std::fs::create_dir(&node).expect("a directory");
        std::fs::copy(served.file("../ca.crt"), node.join("ca.crt")).expect("the CA");
        let local = serde_json::json!({
            "name": "node1.example.zone", "ca": ca, "cert": "node.crt", "key": "node.key"
        });
        std::fs::write(node.join("node.json"), local.to_string()).expect("node.json");
        std::fs::write(node.join("zone-document.json"), document(&served.ca, 0)).expect("a document");
        let mut serve = zone_etcd(["nameservice", "serve", "--listen", "127.0.0.1:0"]);
        let mut process =
            Running::start(serve.env("ZONE_ETCD_CONFIG", node.join("node.json")), &node, "serve");
        let base = format!("http://127.0.0.1:{}", port_of(&mut process));
        let base = [Base::parse(&base).expect("a base")];
        let trust = Trust::load(&served.file("../ca.crt")).expect("a CA");
        let fetched = fetch(&base, "example.zone", &trust, PATIENCE).next().expect("one").1;
        assert_eq!(fetched, Ok(std::fs::read(node.join("zone-document.json")).expect("the document")));
        assert!(!process.stderr().contains("warning"), "{}", process.stderr());
    }
}

/// The certificate with which its member serves clients is good for a nameservice too.
#[test]
fn an_activated_node_serves_with_its_own_certificates() {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1", "node2=127.0.0.2:2390:2389"]);
    let out = zone.around().join("bundles");
    outcome(zone.command(&["bundle", "node1", "--no-encryption"]).arg("--out").arg(&out)).expect_code(0);
    let node = zone.around().join("node");
    zone.activate(&out.join("node1.bundle"), &node);
    let text = zone.run(&["nameservice", "sign"]).expect_code(0).stdout;
    std::fs::write(node.join("zone-document.json"), &text).expect("the document");
    let mut serve = zone_etcd(["nameservice", "serve", "--listen", "127.0.0.1:0", "--config"]);
    serve.arg(node.join("node.json"));
    serve.arg("--tls-cert").arg(node.join("pki/current/server.crt"));
    serve.arg("--tls-key").arg(node.join("pki/current/server.key"));
    let mut process = Running::start(&mut serve, zone.around(), "serve");
    let url = format!("https://127.0.0.1:{}", port_of(&mut process));
    let base = [Base::parse(&url).expect("a base")];
    let trust = Trust::load(&node.join("pki/current/ca.crt")).expect("a CA");
    let fetched = fetch(&base, "example.zone", &trust, PATIENCE).next().expect("one").1;
    assert_eq!(fetched, Ok(text.into_bytes()));
    zone.run(&["nameservice", "verify", &url]).expect_code(0);
    assert!(!process.stderr().contains("warning"), "{}", process.stderr());
}

fn zone() -> TestZone {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1", "node2=127.0.0.2:2390:2389"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone
}

#[test]
fn over_tls_the_certificate_has_to_be_of_the_ca_and_of_the_address() {
    let zone = zone();
    zone.run(&["nameservice", "sign", "--out", zone.file("d.json").to_str().expect("a path")]).expect_code(0);
    let documents = zone.around().join("documents");
    std::fs::create_dir(&documents).expect("a directory");
    std::fs::rename(zone.file("d.json"), documents.join("d.json")).expect("a document");
    let pair = |node: &str, end: &str| zone.file(&format!("nodes/{node}/pki/current/server.{end}"));
    let copy = |node: &str| {
        for end in ["crt", "key"] {
            let to = zone.around().join(format!("tls.{end}"));
            let aside = zone.around().join("aside");
            std::fs::copy(pair(node, end), &aside).expect("a file");
            std::fs::rename(aside, to).expect("a file");
        }
    };
    copy("node1");
    let start = |host: &str| {
        let mut serve = zone_etcd(["nameservice", "serve", "--listen", &format!("{host}:0"), "--directory"]);
        serve.arg(&documents).arg("--ca").arg(zone.file("ca/root.crt"));
        serve.arg("--tls-cert").arg(zone.around().join("tls.crt"));
        serve.arg("--tls-key").arg(zone.around().join("tls.key"));
        let mut process = Running::start(&mut serve, zone.around(), host);
        process.wait_for_line(&[&format!("https://{host}:")]);
        let port = port_of(&mut process);
        (process, port)
    };
    let (mut process, port) = start("127.0.0.1");
    let url = |scheme: &str, host: &str| Base::parse(&format!("{scheme}://{host}:{port}")).expect("a base");
    let trust = |file: &Path| Trust::load(file).expect("a CA");
    let (root, other) = (trust(&zone.file("ca/root.crt")), self::zone());
    assert_eq!(probe(&url("https", "127.0.0.1"), None, &root, PATIENCE), Ok(()));
    let plain = probe(&url("http", "127.0.0.1"), None, &root, PATIENCE);
    assert!(matches!(plain, Err(FetchError::NoAnswer(_))), "{plain:?}");
    let untrusted = probe(&url("https", "127.0.0.1"), None, &trust(&other.file("ca/root.crt")), PATIENCE);
    assert!(
        matches!(&untrusted, Err(FetchError::NoAnswer(why)) if why.contains("certificate")),
        "{untrusted:?}"
    );
    zone.run(&["nameservice", "verify", &format!("https://127.0.0.1:{port}")]).expect_code(0);

    // As others see it: what it presents, and which protocol it takes.
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-verify_return_error", "-alpn", "h2,http/1.1", "-connect"]);
    openssl.arg(format!("127.0.0.1:{port}")).arg("-CAfile").arg(zone.file("ca/root.crt"));
    let told = outcome(openssl.stdin(Stdio::null())).expect_code(0).stdout;
    assert!(told.contains("ALPN protocol: http/1.1") && told.contains("Verification: OK"), "{told}");

    let (elsewhere, other_port) = start("127.0.0.2");
    let base = Base::parse(&format!("https://127.0.0.2:{other_port}")).expect("a base");
    let mistaken = probe(&base, None, &root, PATIENCE);
    assert!(matches!(&mistaken, Err(FetchError::NoAnswer(why)) if why.contains("valid for")), "{mistaken:?}");
    drop(elsewhere);

    // A certificate that is renewed is presented without a restart.
    copy("node2");
    process.wait_for_line(&["using the certificate that is now in"]);
    let (config, seen) = root.client(None).expect("a client");
    let target = Target { host: "127.0.0.1".to_owned(), port };
    get(&target, Arc::new(config), "/health", &[], Instant::now() + PATIENCE).expect("an answer");
    let renewed = std::fs::read(pair("node2", "crt")).expect("a certificate");
    let renewed = Certificate::chain_from_pem(&renewed).expect("a certificate");
    assert_eq!(seen.chain()[0], renewed[0].der());
}
