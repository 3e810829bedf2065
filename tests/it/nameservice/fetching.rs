//! Documents from bases, one after the other, and what a base does instead of bringing one.

use std::io::Write;
use std::time::{Duration, Instant};

use etcd::tls::Trust;
use nameservice::{Base, FetchError, Provider, fetch, probe};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::stand_in::{StandIn, answer};
use crate::harness::processes::PATIENCE;

/// Shorter than it takes to answer for those who never do.
const LIMIT: Duration = Duration::from_millis(400);

/// Of another CA than any server has.
fn trust() -> Trust {
    let CertifiedKey { cert, .. } = generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
    Trust::from_pem(cert.pem().as_bytes()).expect("a CA")
}

fn base(text: &str) -> Base {
    Base::parse(text).expect("a base")
}

#[track_caller]
fn brought(base_url: &str, limit: Duration) -> Result<Vec<u8>, FetchError> {
    let bases = [base(base_url)];
    let begun = Instant::now();
    let fetched = fetch(&bases, "example.zone", &trust(), limit).next().expect("one base").1;
    assert!(begun.elapsed() < limit + Duration::from_secs(5), "{:?}: {fetched:?}", begun.elapsed());
    fetched
}

/// A port of 127.0.0.1 at which nothing listens.
fn closed() -> String {
    let stand_in = StandIn::saying("");
    stand_in.url()
}

#[test]
fn bases_are_asked_in_their_order_as_far_as_the_caller_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("zone.json"), "{}").expect("a file");
    let absent = StandIn::saying(answer("404 Not Found", b"not \x1b[31mhere\nmore"));
    let there = StandIn::acting(|head, mut connection| {
        assert!(head.starts_with("GET /resolve?name=a%2Fb.zone HTTP/1.1\r\n"), "{head}");
        let _ = connection.write_all(&answer("200 OK", b"document"));
    });
    let last = StandIn::saying(answer("200 OK", b"never asked for"));
    let bases = [
        base(&closed()),
        base(&absent.url()),
        base("file:absent.json").relative_to(directory.path()),
        base("file:zone.json").relative_to(directory.path()),
        base(&there.url()),
        base(&last.url()),
    ];
    let trust = trust();
    let mut fetched = fetch(&bases, "a/b.zone", &trust, PATIENCE);
    let mut next = || fetched.next().expect("a base");
    assert!(matches!(next().1, Err(FetchError::NoAnswer(why)) if why.contains("nothing listens")));
    assert_eq!(next().1, Err(FetchError::NotFound(Some("not \\u{1b}[31mhere".to_owned()))));
    assert_eq!(next().1, Err(FetchError::NotFound(None)));
    assert_eq!(next(), (&bases[3], Ok(b"{}".to_vec())));
    assert_eq!(next(), (&bases[4], Ok(b"document".to_vec())));
    assert_eq!((there.asked(), last.asked()), (1, 0));
}

#[test]
fn what_is_no_answer_ends_in_time() {
    let silent = StandIn::acting(|_, connection| {
        std::thread::sleep(LIMIT * 4);
        drop(connection);
    });
    let trickling = StandIn::acting(|_, mut connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
        while connection.write_all(b".").is_ok() {
            std::thread::sleep(LIMIT / 40);
        }
    });
    let not_http = StandIn::saying("220 smtp.example ESMTP\r\n");
    let short = StandIn::saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    for url in [silent.url(), trickling.url(), not_http.url(), short.url(), closed()] {
        let fetched = brought(&url, LIMIT);
        assert!(matches!(&fetched, Err(FetchError::NoAnswer(_))), "{url}: {fetched:?}");
    }
    let plain = StandIn::saying(answer("200 OK", b"{}"));
    let fetched = brought(&plain.url().replace("http:", "https:"), LIMIT);
    assert!(matches!(&fetched, Err(FetchError::NoAnswer(_))), "plain text for https: {fetched:?}");
}

/// In plain text no handshake is missed.
#[test]
fn silence_in_plain_text_is_not_told_as_tls() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("its address"));
    let told = brought(&url, LIMIT).expect_err("no document").to_string();
    assert_eq!(told, "no answer: it does not answer requests in time");
    let closes = StandIn::acting(|_, connection| drop(connection));
    let told = brought(&closes.url(), PATIENCE).expect_err("no document").to_string();
    assert!(told.contains("without an answer") && !told.contains("handshake"), "{told}");
}

#[test]
fn another_status_or_too_much_is_told_apart() {
    let most = vec![b' '; nameservice::DOCUMENT_AT_MOST];
    let whole = StandIn::saying(answer("200 OK", &most));
    assert_eq!(brought(&whole.url(), PATIENCE), Ok(most.clone()));
    let long = StandIn::saying(answer("200 OK", &[&most[..], b" "].concat()));
    assert_eq!(brought(&long.url(), PATIENCE), Err(FetchError::TooLong));
    let endless = StandIn::acting(|_, mut connection| {
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while connection.write_all(&[b' '; 4096]).is_ok() {}
    });
    assert_eq!(brought(&endless.url(), PATIENCE), Err(FetchError::TooLong));
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("long.json");
    std::fs::write(&file, [&most[..], b" "].concat()).expect("a file");
    assert_eq!(brought(&format!("file:{}", file.display()), PATIENCE), Err(FetchError::TooLong));
    let unreadable = brought(&format!("file:{}", directory.path().display()), PATIENCE);
    assert!(matches!(unreadable, Err(FetchError::Unreadable(_))), "{unreadable:?}");
    let failing = StandIn::saying(answer("503 Service Unavailable", b"later"));
    let told = FetchError::Http { status: 503, said: Some("later".to_owned()) };
    assert_eq!(brought(&failing.url(), PATIENCE), Err(told));
    let elsewhere =
        StandIn::saying("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(brought(&elsewhere.url(), PATIENCE), Err(FetchError::Http { status: 302, said: None }));
}

#[test]
fn a_probe_asks_for_health() {
    let ready = StandIn::acting(|head, mut connection| {
        let status = match head.lines().next() {
            Some("GET /health HTTP/1.1") => "200 OK",
            Some("GET /health?provider=etcd HTTP/1.1") => "503 Service Unavailable",
            _ => "404 Not Found",
        };
        let _ = connection.write_all(&answer(status, b""));
    });
    let (base, trust) = (base(&ready.url()), trust());
    assert_eq!(probe(&base, None, &trust, PATIENCE), Ok(()));
    let told = probe(&base, Some(Provider::Etcd), &trust, PATIENCE);
    assert_eq!(told, Err(FetchError::Http { status: 503, said: None }));
}
