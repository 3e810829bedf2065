//! Name servers that fail, and how they are asked.

use std::time::{Duration, Instant};

use simple_dns::RCODE;

use super::{RECORDS, check, zone};
use crate::harness::name_server::{Manner, NameServer};

#[test]
fn what_is_truncated_is_asked_for_over_tcp() {
    let server = NameServer::start(RECORDS, Manner::Truncated);
    check(&zone(), &server, &[]).expect_code(0);
    assert!(server.asked_over_tcp() >= 10, "{}", server.asked_over_tcp());
}

#[test]
fn no_answer_over_tcp_is_no_answer() {
    let server = NameServer::start(RECORDS, Manner::TruncatedOnly);
    let texts = ["does not answer", "too long for UDP, and TCP gave no answer"];
    check(&zone(), &server, &["--timeout", "1s"]).expect_code(69).expect_error_with(&texts);
}

#[test]
fn a_silent_server_is_named_in_time() {
    let server = NameServer::start(RECORDS, Manner::Silent);
    let begun = Instant::now();
    let address = server.address.to_string();
    let asked = check(&zone(), &server, &["--timeout", "400ms"]).expect_code(69).expect_error_with(&[
        &format!("{address} does not answer: _etcd-server-ssl._tcp.example.zone. SRV: no answer"),
        "next: ",
        &format!("--server {address}"),
    ]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(asked.stdout.contains(&format!("{address}: no answer")), "{}", asked.stdout);
}

#[test]
fn answers_to_other_questions_are_not_taken() {
    for manner in [Manner::OtherId, Manner::OtherQuestion, Manner::Garbage] {
        let server = NameServer::start(RECORDS, manner);
        let texts = ["messages answer another question or have another id"];
        check(&zone(), &server, &["--timeout", "400ms"]).expect_code(69).expect_error_with(&texts);
    }
    // They do not keep the right one from being seen.
    let server = NameServer::start(RECORDS, Manner::RightAtLast);
    check(&zone(), &server, &[]).expect_code(0);
}

#[test]
fn a_server_that_refuses_is_named_with_its_reason() {
    for (code, word) in [(RCODE::Refused, "REFUSED"), (RCODE::ServerFailure, "SERVFAIL")] {
        let server = NameServer::start(RECORDS, Manner::Code(code));
        let texts = [format!("it answers {word}")];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        check(&zone(), &server, &[]).expect_code(69).expect_error_with(&texts);
    }
}

/// A record that is wrong is the worse of the two.
#[test]
fn a_difference_goes_before_silence() {
    let zone = zone();
    let wrong = NameServer::start(&RECORDS.replace("2480", "2481").replace("2479", "2478"), Manner::Right);
    let silent = NameServer::start(RECORDS, Manner::Silent);
    let servers = [wrong.address.to_string(), silent.address.to_string()];
    let both = ["dns", "check", "--timeout", "1s", "--server", &servers[0], "--server", &servers[1]];
    let texts = [format!("{}: 2 differences", servers[0]), format!("{} does not answer", servers[1])];
    zone.run(&both).expect_code(65).expect_error_with(&[&texts[0], &texts[1]]);
}

#[test]
fn a_server_has_an_address() {
    for server in ["ns1.example.zone", "10.0.0.1:0", "10.0.0.1:x", ""] {
        let refused = zone().run(&["dns", "check", "--server", server]);
        refused.expect_code(64);
    }
}
