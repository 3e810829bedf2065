//! Clients that are slow, many, or say what is no request: others are answered, and the server goes on.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::server::Served;

/// An answer takes a millisecond; no time limit of the server is as short.
const AT_ONCE: Duration = Duration::from_secs(3);

#[track_caller]
fn answers_at_once(served: &Served) {
    let begun = Instant::now();
    assert_eq!(served.get("/resolve?name=example.zone").status, 200);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[test]
fn connections_that_say_nothing_keep_no_client_out() {
    let mut served = Served::one();
    let mut idle = Vec::new();
    for number in 0..200 {
        let mut connection = served.connect();
        let begun = ["", "G", "GET /health HTTP/1.1\r\nHost: ns\r\n"][number % 3];
        connection.write_all(begun.as_bytes()).expect("it is open");
        idle.push(connection);
        if number % 20 == 19 {
            answers_at_once(&served);
        }
    }
    // The oldest were closed for the sake of the others, and what they had begun was not answered.
    let mut said = Vec::new();
    let _ = idle[0].read_to_end(&mut said);
    assert_eq!(said, b"");
    assert!(served.stop() < Duration::from_secs(1), "it waits for none of them");
}

#[test]
fn a_head_that_does_not_end_is_closed_in_time() {
    let served = Served::one();
    let begun = Instant::now();
    let mut connection = served.connect();
    connection.write_all(b"GET /health HTTP/1.1\r\n").expect("it is open");
    let mut said = Vec::new();
    let _ = connection.read_to_end(&mut said);
    let elapsed = begun.elapsed();
    assert!(elapsed > Duration::from_secs(4) && elapsed < Duration::from_secs(12), "{elapsed:?}");
    assert!(!said.starts_with(b"HTTP/1.1 200"), "{said:?}");
    answers_at_once(&served);
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let served = Served::one();
    let with = |bytes: usize| served.ask("GET", "/health", &format!("X-Long: {}\r\n", "x".repeat(bytes)));
    assert_eq!(with(7000).status, 200);
    assert_eq!(with(9000).status, 431);
    let many = "X-Many: x\r\n".repeat(200);
    assert_eq!(served.ask("GET", "/health", &many).status, 431);
    let path = served.ask("GET", &format!("/resolve?name={}", "x".repeat(9000)), "");
    assert!([414, 431].contains(&path.status), "{path:?}");
    answers_at_once(&served);
}

#[test]
fn what_is_no_request_is_no_harm() {
    let served = Served::one();
    for bytes in [
        &b"\r\n\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /resolve?name=example.zone HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc",
        b"GET /resolve?name=\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://other/health HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT other:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
    ] {
        served.exchange(bytes);
        answers_at_once(&served);
    }
    assert!(!served.process.stderr().contains("panicked"), "{}", served.process.stderr());
}

/// Pieces of requests, so that not all of them end at the first byte.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "GET ",
        "HEAD ",
        "POST ",
        "/resolve",
        "/health",
        "?",
        "name=",
        "provider=",
        "example.zone",
        "etcd",
        "&",
        "%",
        "%2e",
        "%00",
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        "\r\n",
        "\r\n\r\n",
        ":",
        "If-None-Match",
        "\"",
        "*",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Host: a\r\n",
        "\n",
        "\0",
    ]);
    let known = known.prop_map(|text: &str| text.as_bytes().to_vec());
    let piece = prop_oneof![4 => known, 1 => prop::collection::vec(any::<u8>(), 0..20)];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

#[test]
fn no_bytes_end_the_server() {
    let mut served = Served::one();
    let config = ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(bytes in pieces())| {
        let said = served.exchange(&bytes);
        let is_http = said.is_empty() || said.starts_with(b"HTTP/1.");
        prop_assert!(is_http, "{:?} to {:?}", said, bytes);
        prop_assert!(!said.starts_with(b"HTTP/1.1 5") || said.starts_with(b"HTTP/1.1 503"), "{:?}", said);
    });
    answers_at_once(&served);
    assert!(served.process.is_alive());
    assert!(!served.process.stderr().contains("panicked"), "{}", served.process.stderr());
}
