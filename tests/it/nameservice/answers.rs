//! What `nameservice serve` answers.

use super::server::Served;
use crate::harness::{outcome, zone_etcd};

const ZONE: &str = "/resolve?name=example.zone";

#[test]
fn a_zone_is_answered_with_its_document_as_it_is() {
    let served = Served::one();
    let text = std::fs::read_to_string(served.file("zone.json")).expect("the document");
    let reply = served.get(ZONE);
    assert_eq!((reply.status, reply.body.as_str()), (200, text.as_str()));
    for (name, value) in [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-cache"),
        ("Connection", "close"),
        ("Content-Length", &text.len().to_string()),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name} in {}", reply.head);
    }
    for path in
        ["/resolve?name=EXAMPLE.zone", "/resolve?name=example%2ezone", "/resolve?x=1&name=example.zone&y"]
    {
        assert_eq!(served.get(path).body, text, "{path}");
    }
    let verify = ["nameservice", "verify", &served.url(), "--name", "example.zone", "--ca"];
    outcome(zone_etcd(verify).arg(served.file("../ca.crt"))).expect_code(0);
}

#[test]
fn a_tag_tells_whether_it_has_changed() {
    let served = Served::one();
    let tag = served.get(ZONE).header("ETag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let reply = served.ask("GET", ZONE, &format!("If-None-Match: {known}\r\n"));
        assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{known}");
        assert_eq!(reply.header("ETag"), Some(tag.as_str()));
        assert_eq!(reply.header("Cache-Control"), Some("no-cache"));
    }
    for other in ["\"other\"", "", &tag.replace('"', ""), "\u{1}"] {
        assert_ne!(served.ask("GET", ZONE, &format!("If-None-Match: {other}\r\n")).status, 304, "{other:?}");
    }
    let node = served.get("/resolve?name=node2.example.zone");
    assert_ne!(node.header("ETag"), Some(tag.as_str()));
    let text = std::fs::read_to_string(served.file("zone.json")).expect("the document");
    std::fs::write(served.file("other.json"), super::server::document(&served.ca, 1)).expect("a document");
    crate::harness::processes::until("another document", || (served.get(ZONE).body != text).then_some(()));
    assert_eq!(served.ask("GET", ZONE, &format!("If-None-Match: {tag}\r\n")).status, 200);
}

#[test]
fn a_node_is_answered_with_its_entry() {
    let served = Served::one();
    let reply = served.get("/resolve?name=Node3.Example.Zone");
    assert_eq!(reply.status, 200, "{reply:?}");
    let entry: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
    let expected = serde_json::json!({
        "node_name": "node3.example.zone", "protocol": "cyfs", "address": "10.0.0.3"
    });
    assert_eq!(entry, expected);
    for absent in ["node3", "node4.example.zone", "3.example.zone"] {
        assert_eq!(served.get(&format!("/resolve?name={absent}")).status, 404, "{absent}");
    }
}

#[test]
fn what_is_asked_wrongly_has_its_status() {
    let served = Served::one();
    let long = format!("/resolve?name={}", "a.".repeat(200));
    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/resolve/?name=example.zone", 404),
        ("POST", "/other", 404),
        ("GET", "/resolve?name=other.zone", 404),
        ("GET", "/resolve?name=zone", 404),
        ("GET", "/resolve", 400),
        ("GET", "/resolve?name=", 400),
        ("GET", "/resolve?name", 400),
        ("GET", "/resolve?names=example.zone", 400),
        ("GET", "/resolve?name=example.zone&name=example.zone", 400),
        ("GET", "/resolve?name=a%00b", 400),
        ("GET", "/resolve?name=%2", 400),
        ("GET", "/resolve?name=%zz", 400),
        ("GET", "/resolve?name=%ff", 400),
        ("GET", "/resolve?name=..%2f..%2fetc%2fpasswd", 400),
        ("GET", "/resolve?name=<b>", 400),
        ("GET", &long, 400),
        ("POST", ZONE, 405),
        ("PUT", "/health", 405),
        ("DELETE", ZONE, 405),
        ("OPTIONS", ZONE, 405),
        ("GET", "/health", 200),
        ("GET", "/health?provider=directory", 200),
        ("GET", "/health?provider=etcd", 503),
        ("GET", "/health?provider=dns", 400),
        ("GET", "/health?provider=etcd&provider=etcd", 400),
    ] {
        let reply = served.ask(method, path, "");
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        assert_eq!(reply.header("Allow").is_some(), status == 405, "{method} {path}");
        assert!(!reply.body.contains("<b>"), "what was asked is not said again: {reply:?}");
    }
    let health = served.get("/health?provider=etcd").body;
    let health: serde_json::Value = serde_json::from_str(&health).expect("JSON");
    assert_eq!(health["reason"], "it is not configured");
}

#[test]
fn head_is_answered_without_a_body() {
    let served = Served::one();
    for (path, status) in
        [(ZONE, 200), ("/resolve?name=other.zone", 404), ("/resolve", 400), ("/health", 200)]
    {
        let (get, head) = (served.get(path), served.ask("HEAD", path, ""));
        assert_eq!((head.status, head.body.as_str()), (status, ""), "{path}");
        for name in ["Content-Length", "ETag", "Content-Type", "Cache-Control"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
        assert!(!get.body.is_empty(), "{path}");
    }
}

/// One request a connection, so that none is kept for ever.
#[test]
fn a_connection_ends_after_its_request() {
    let served = Served::one();
    let twice = "GET /health HTTP/1.1\r\nHost: ns\r\nConnection: keep-alive\r\n\r\n".repeat(2);
    let said = String::from_utf8(served.exchange(twice.as_bytes())).expect("UTF-8");
    assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
    assert!(served.says("GET /health HTTP/1.0\r\n\r\n").status == 200);
}
