//! The forms that a log comes in, counting, and bounds.

use std::io::{BufReader, Read};

use diagnosis::log::{MOST_GROUPS, MOST_UNKNOWN, explain_log, text};
use proptest::prelude::*;
use proptest::sample::Index;

use super::log::{explained, fixtures, names};

const OVERLOADED: &str = concat!(
    r#"{"level":"warn","ts":"2026-11-21T08:09:50.100Z","caller":"etcdserver/raft.go:1","#,
    r#""msg":"leader failed to send out heartbeat on time; "#,
    r#"took too long, leader is overloaded likely from slow disk"}"#,
);
const BOOTSTRAPPED: &str = concat!(
    r#"{"level":"fatal","ts":"2026-11-21T08:09:51.000Z","caller":"etcdmain/etcd.go:1","#,
    r#""msg":"discovery failed","error":"member 7b92d23ee54decc9 has already been bootstrapped"}"#,
);

fn refused(address: &str) -> String {
    let what = r#""level":"warn","ts":"2026-11-21T08:00:00Z","msg":"rejected connection on client endpoint""#;
    let error = "tls: client didn't provide a certificate";
    format!(r#"{{{what},"remote-addr":"{address}","error":"{error}"}}"#)
}

#[test]
fn prefixes_and_line_ends_do_not_matter() {
    let dev = "infra0 | fatal discovery failed  error=member 7b92d23ee54decc9 has already been bootstrapped";
    let console = "2026-11-21T08:09:51.000Z\tfatal\tetcdmain/etcd.go:1\t\
                   discovery failed\t{\"error\": \"member 7b92d23ee54decc9 has already been bootstrapped\"}";
    let journald = format!("Nov 21 08:09:51 infra0 etcd[812]: {BOOTSTRAPPED}");
    let cut_off = &BOOTSTRAPPED[..BOOTSTRAPPED.len() - 2];
    for line in [BOOTSTRAPPED, dev, console, &journald, cut_off, &format!("{BOOTSTRAPPED}\r\n")] {
        let diagnosis = explained(line);
        assert_eq!(names(&diagnosis), ["already-bootstrapped"], "{line}");
        assert_eq!(diagnosis.findings[0].facts["member"], "7b92d23ee54decc9", "{line}");
    }
    assert_eq!(explained(console).findings[0].first.as_deref(), Some("2026-11-21T08:09:51.000Z"));
}

#[test]
fn bytes_that_are_not_text_hide_nothing() {
    let log = [b"\xff\xfe\x00 rubbish\n\xff\xc3 ", BOOTSTRAPPED.as_bytes(), b"\n\xc3\x28\n"].concat();
    assert_eq!(names(&explained(log)), ["already-bootstrapped"]);
}

#[test]
fn the_most_harmful_comes_first_with_counts_and_times() {
    let later = OVERLOADED.replace("08:09:50.100Z", "08:10:00.000Z");
    let diagnosis = explained([OVERLOADED, OVERLOADED, BOOTSTRAPPED, &later].join("\n"));
    assert_eq!(names(&diagnosis), ["already-bootstrapped", "leader-overloaded"]);
    let overloaded = &diagnosis.findings[1];
    assert_eq!((diagnosis.lines, overloaded.count), (4, 3));
    assert_eq!(overloaded.first.as_deref(), Some("2026-11-21T08:09:50.100Z"));
    assert_eq!(overloaded.last.as_deref(), Some("2026-11-21T08:10:00.000Z"));
    assert_eq!(overloaded.sample, OVERLOADED);
}

#[test]
fn lines_about_one_client_are_one_finding_whatever_its_port() {
    let log: Vec<String> =
        ["10.0.0.1:1000", "10.0.0.1:2000", "[fd00::1]:3000", "[fd00::1]:4000"].map(refused).into();
    let diagnosis = explained(log.join("\n"));
    let addresses: Vec<&str> =
        diagnosis.findings.iter().map(|finding| finding.facts["remote-addr"].as_str()).collect();
    assert_eq!(addresses, ["10.0.0.1", "fd00::1"]);
}

#[test]
fn what_users_store_is_not_taken_for_an_error() {
    let key = r#"key:\"tls: private key does not match public key\""#;
    let log = format!(r#"{{"level":"warn","msg":"apply request took too long","request":"{key}"}}"#);
    assert_eq!(names(&explained(&log)), ["requests-slow"]);
}

#[test]
fn ordinary_lines_are_not_compared_with_errors() {
    let log = r#"{"level":"info","msg":"a note: tls: private key does not match public key"}"#;
    let diagnosis = explained(log);
    assert!(diagnosis.findings.is_empty() && diagnosis.unknown == 0, "{diagnosis:?}");
}

#[test]
fn what_is_not_known_is_counted_and_sampled() {
    let line = |number: usize| format!(r#"{{"level":"error","msg":"never heard of {number}"}}"#);
    let log: Vec<String> = (0..20).chain(0..3).map(line).collect();
    let diagnosis = explained(log.join("\n"));
    assert_eq!((diagnosis.findings.len(), diagnosis.unknown), (0, 23));
    assert_eq!(diagnosis.unknown_lines.len(), MOST_UNKNOWN);
    assert_eq!((diagnosis.unknown_lines[0].count, &diagnosis.unknown_lines[0].sample), (2, &line(0)));
    let shown = text(&diagnosis);
    assert!(
        shown.contains("not known: 23 warning or errors") && shown.contains("2 x  {\"level\""),
        "{shown}"
    );
}

#[test]
fn what_is_kept_does_not_grow_with_the_log() {
    let log: Vec<String> = (0..5000).map(|n| refused(&format!("10.0.{}.{}:1", n / 250, n % 250))).collect();
    let diagnosis = explained(log.join("\n"));
    assert_eq!(diagnosis.findings.len(), MOST_GROUPS + 1);
    assert_eq!(diagnosis.findings.iter().map(|finding| finding.count).sum::<u64>(), 5000);
    assert!(text(&diagnosis).contains("others, counted together"));
}

#[test]
fn a_line_without_an_end_is_read_in_pieces() {
    let endless = std::io::repeat(b'x').take(64 << 20);
    let end = format!("\n{BOOTSTRAPPED}\n");
    let log = endless.chain(end.as_bytes());
    let diagnosis = explain_log(BufReader::new(log)).expect("it is read");
    assert_eq!((diagnosis.lines, names(&diagnosis)), (2, vec!["already-bootstrapped"]));
    let long = format!("{{\"level\":\"error\",\"msg\":\"{} {BOOTSTRAPPED}", "y".repeat(1 << 20));
    let diagnosis = explained(long);
    assert_eq!((diagnosis.unknown, names(&diagnosis)), (1, vec![]), "the end of a line too long was kept");
    assert!(diagnosis.unknown_lines[0].sample.len() <= 2000);
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    assert_eq!(explain_log(BufReader::new(Broken)).expect_err("it fails").to_string(), "gone");
}

#[test]
fn the_report_tells_cause_and_remedy_and_cannot_control_the_terminal() {
    let shown = text(&explained(format!("\u{1b}]0;title\u{7} {BOOTSTRAPPED}")));
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
    for part in [
        "(a member is down or alone)",
        "1 time, at 2026-11-21T08:09:51.000Z",
        "  cause: ",
        "  next: ",
        "replace the member 7b92d23ee54decc9",
        "  more:   zone-etcd explain problems/forgotten-votes\n",
        "1 line read: 1 finding",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert!(text(&explained("")).starts_with("0 lines read: nothing that is known to do harm"));
}

#[test]
fn a_program_gets_the_same() {
    let json = serde_json::to_value(explained(BOOTSTRAPPED)).expect("JSON");
    let finding = &json["findings"][0];
    assert_eq!(
        (&json["lines"], &finding["id"], &finding["harm"]),
        (&1.into(), &"already-bootstrapped".into(), &"member".into())
    );
    assert_eq!(finding["facts"]["member"], "7b92d23ee54decc9");
    assert_eq!(finding["page"], "docs/problems/forgotten-votes.md");
    assert!(finding["remedy"].as_str().expect("text").contains("replace the member 7b92d23ee54decc9"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_their_end(log in prop::collection::vec(any::<u8>(), 0..2000)) {
        let diagnosis = explained(&log);
        let is_ended = log.is_empty() || log.ends_with(b"\n");
        let lines = log.split(|byte| *byte == b'\n').count() - usize::from(is_ended);
        prop_assert_eq!(diagnosis.lines, lines as u64);
        text(&diagnosis);
    }

    /// Lines of etcd's that were cut, joined and strewn with bytes are read, and a whole one among them is
    /// still found.
    #[test]
    fn damaged_lines_hide_no_whole_one(
        cuts in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..12),
    ) {
        let lines: Vec<String> =
            fixtures("lines").iter().flat_map(|(_, text)| text.lines().map(str::to_owned)).collect();
        let mut log = Vec::new();
        for (line, at, byte) in cuts {
            let line = lines[line.index(lines.len())].as_bytes();
            log.extend_from_slice(&line[..at.index(line.len())]);
            log.push(byte);
            log.extend_from_slice(&line[at.index(line.len())..]);
        }
        log.push(b'\n');
        log.extend_from_slice(OVERLOADED.as_bytes());
        let diagnosis = explained(&log);
        text(&diagnosis);
        prop_assert!(names(&diagnosis).contains(&"leader-overloaded"));
    }
}
