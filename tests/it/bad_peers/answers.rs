//! Peers that answer something else than a member does. They may hide a cluster, so nothing is bootstrapped
//! beside them.

use std::io::Write;

use super::Case;
use super::fake_peer::{FakePeer, members_answer, own_config};
use crate::support::{HOSTILE, assert_harmless};

#[track_caller]
fn answered(answer: impl Into<Vec<u8>>, text: &str) {
    let (case, answer) = (Case::new(), answer.into());
    let _peer = FakePeer::answering(&case, "node1", move |_| answer.clone());
    let text = format!("node1: unusable: {text}");
    case.expect_refusal(69, &["waited in vain to bootstrap the cluster", &text, "start or fix them"]);
}

#[test]
fn garbage_before_tls() {
    for garbage in [&b"SSH-2.0-OpenSSH_9.9\r\n"[..], &[0; 4096], &[0xff; 4096]] {
        let case = Case::new();
        let _peer = FakePeer::listen(case.port("node1"), move |mut socket, _| {
            let _ = socket.write_all(garbage);
            // What was sent is lost if the socket is closed with something unread.
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
        });
        case.expect_refusal(69, &["node1: unusable: it does not speak TLS as expected"]);
    }
}

#[test]
fn garbage_inside_tls() {
    answered([0_u8; 4096], "its answer is not HTTP");
    answered("220 mail.example.org ESMTP\r\n", "its answer is not HTTP");
}

#[test]
fn half_an_answer() {
    answered("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]", "its answer is not HTTP");
}

#[test]
fn an_error_of_the_server() {
    answered(
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        "it answers /members with HTTP status 500",
    );
}

#[test]
fn a_redirection_is_not_followed() {
    let case = Case::new();
    let elsewhere = FakePeer::answering(&case, "node3", |_| members_answer("1", "[]"));
    let location = case.peer_url("node3");
    let _peer = FakePeer::answering(&case, "node1", move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {location}/other\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    // node3 itself answers for a cluster that does not know this member, so that is what is told.
    let before = elsewhere.connections();
    case.plan().expect_code(65).expect_error_with(&["the other members run cluster 1"]);
    assert_eq!(elsewhere.connections() - before, 1, "asked for its members, and nothing else");
    drop(elsewhere);
    case.expect_refusal(69, &["node1: unusable: it answers /members with HTTP status 302"]);
}

#[test]
fn no_name_of_a_cluster() {
    answered("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "its answer names no cluster");
    answered(members_answer("not-hexadecimal", "[]"), "its answer names no cluster");
}

#[test]
fn a_list_that_is_none() {
    for body in ["", "{", "{}", "[1]", "[{}]", "[{\"id\":\"1\"}]", "[{\"id\":-1}]"] {
        answered(members_answer("1", body), "its list of members cannot be read");
    }
}

/// A peer has a certificate of the zone, and may still say anything.
#[test]
fn what_a_peer_says_does_nothing_to_a_terminal() {
    let hostile = serde_json::to_string(HOSTILE).expect("JSON");
    for body in [
        format!("[{{\"id\":{hostile}}}]"),
        format!("[{{\"id\":1,\"peerURLs\":[{hostile},{hostile}]}}]"),
        format!("[{{\"id\":1,\"name\":{hostile},\"peerURLs\":[{hostile}],\"clientURLs\":[{hostile}]}}]"),
        HOSTILE.to_owned(),
    ] {
        let case = Case::new();
        let (cluster, _) = case.predicted();
        for cluster in [cluster.as_str(), "aaaa", UNSEEN] {
            let answer = members_answer(cluster, &body);
            let _peer = FakePeer::answering(&case, "node1", move |_| answer.clone());
            let text = case.call(&["plan", "--node", super::SUBJECT], super::PLAN_LIMIT);
            for told in [text, case.plan(), case.zone.run(&["check", "--node", super::SUBJECT])] {
                assert_harmless(&told);
                assert_ne!(told.code, 0);
            }
        }
    }
}

/// A header cannot hold more.
const UNSEEN: &str = "\u{9b}31m\u{202e}";

/// Its own URL could be the one or the other, so neither is believed.
#[test]
fn a_list_that_names_us_twice() {
    let case = Case::new();
    let url = case.peer_url(super::SUBJECT);
    let body = format!(
        "[{{\"id\":1,\"peerURLs\":[\"{url}\"]}},\
         {{\"id\":2,\"peerURLs\":[\"{url}\"],\"clientURLs\":[\"https://127.0.0.1:1\"]}}]"
    );
    let _peer = FakePeer::answering(&case, "node1", move |_| members_answer("1", &body));
    case.expect_refusal(69, &["node1: unusable: its list of members names https://127.0.0.1:", "twice"]);
}

/// As fast as it can be sent.
#[track_caller]
fn endless(head: &'static str, more: &'static [u8], text: &str) {
    let case = Case::new();
    let _peer = FakePeer::inside_tls(case.port("node1"), own_config(&case, "node1"), move |mut stream, _| {
        let block = more.repeat(16_384 / more.len());
        let mut sent = stream.write_all(head.as_bytes());
        while sent.is_ok() {
            sent = stream.write_all(&block);
        }
    });
    case.expect_refusal(69, &[text]);
}

#[test]
fn a_body_without_end() {
    endless("HTTP/1.1 200 OK\r\n\r\n", b" ", "node1: unusable: its answer has no end");
    endless(
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b" ",
        "node1: unusable: its answer has no end",
    );
}

/// Millions of chunks take longer to read than there is time, on a machine that is busy.
#[test]
fn chunks_without_end() {
    endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", "node1: unusable: it");
}

#[test]
fn a_head_without_end() {
    endless("HTTP/1.1 200 OK\r\nX-Long: ", b"x", "node1: unusable: its answer has no end");
    endless("HTTP/1.1 200 OK\r\n", b"X-Many: y\r\n", "node1: unusable: its answer is not HTTP");
}

#[test]
fn a_length_that_overflows() {
    answered("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n[]", "its answer is not HTTP");
    answered("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n[]", "its answer is not HTTP");
    answered(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n[]\r\n0\r\n\r\n",
        "its answer is not HTTP",
    );
}
