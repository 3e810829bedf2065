//! The issuance log: append-only, private, and readable after a crash.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::thread;

use proptest::prelude::*;
use time::macros::datetime;
use zone_pki::{IssuanceLog, LogEntry, Usages};

use crate::support::{child_directory, leaf_spec, now, root_and_plane, run_child};

fn entry(serial: &str) -> LogEntry {
    LogEntry {
        serial: serial.to_owned(),
        role: "peer".into(),
        node: "node1.example.zone".into(),
        subject: "CN=node1.example.zone".into(),
        names: vec!["node1.example.zone".into(), "10.0.0.1".into()],
        not_before: datetime!(2026-01-01 00:00 UTC),
        not_after: datetime!(2027-01-01 00:00 UTC),
        key_sha256: "00ff".into(),
        issuer: "CN=peer plane".into(),
        issued_at: datetime!(2026-01-01 00:05 UTC),
        reinstated: false,
        revoked: None,
    }
}

fn serials(log: &IssuanceLog) -> (Vec<String>, usize) {
    let (entries, unreadable) = log.read().unwrap();
    (entries.into_iter().map(|entry| entry.serial).collect(), unreadable)
}

#[test]
fn entries_come_back_in_order_and_earlier_bytes_stay() {
    let directory = tempfile::tempdir().unwrap();
    let log = IssuanceLog::open(directory.path().join("issued.jsonl")).unwrap();
    assert_eq!(log.read().unwrap(), (vec![], 0));
    assert!(!log.path().exists(), "reading must not make the file");
    log.append(&[entry("1"), entry("2")]).unwrap();
    let before = fs::read(log.path()).unwrap();
    log.append(&[]).unwrap();
    log.append(&[entry("3")]).unwrap();
    let after = fs::read(log.path()).unwrap();
    assert!(after.starts_with(&before) && after.len() > before.len());
    assert_eq!(log.read().unwrap(), (vec![entry("1"), entry("2"), entry("3")], 0));
    let line = String::from_utf8(after).unwrap().lines().next().unwrap().to_owned();
    assert!(line.contains(r#""not_after":"2027-01-01T00:00:00Z""#), "{line}");
}

#[test]
fn an_entry_is_made_from_its_certificate() {
    let (_, plane) = root_and_plane();
    let issued = plane.issue(&leaf_spec(Usages::BOTH, &["10.0.0.1", "node1.example.zone"]), now()).unwrap();
    let entry = LogEntry::of(issued.certificate(), "peer", "node1", now());
    assert_eq!(entry.serial, issued.certificate().serial_hex());
    assert_eq!(entry.names, ["node1.example.zone", "10.0.0.1"]);
    assert_eq!(entry.issuer, "CN=peer plane, O=example.zone");
    assert_eq!(entry.key_sha256, zone_pki::hex::encode(&issued.key().subject_public_key_sha256()));
}

#[test]
fn a_torn_last_line_costs_only_itself_wherever_it_was_cut() {
    let whole = {
        let directory = tempfile::tempdir().unwrap();
        let log = IssuanceLog::open(directory.path().join("issued.jsonl")).unwrap();
        log.append(&[entry("1"), entry("2")]).unwrap();
        fs::read(log.path()).unwrap()
    };
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in second..=whole.len() {
        let directory = tempfile::tempdir().unwrap();
        let log = IssuanceLog::open(directory.path().join("issued.jsonl")).unwrap();
        zone_pki::private_file::create(log.path(), &whole[..cut], 0o600).unwrap();
        log.append(&[entry("3")]).unwrap();
        // Without its line feed alone, the second line is still whole.
        let survives = cut >= whole.len() - 1;
        let torn = usize::from(cut > second && !survives);
        let expected: &[&str] = if survives { &["1", "2", "3"] } else { &["1", "3"] };
        assert_eq!(serials(&log), (expected.iter().map(ToString::to_string).collect(), torn), "cut at {cut}");
    }
}

#[test]
fn the_log_is_private_whatever_the_umask_and_refused_when_open() {
    if let Some(directory) = child_directory() {
        return IssuanceLog::open(directory.join("issued.jsonl")).unwrap().append(&[entry("1")]).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let test = "log::the_log_is_private_whatever_the_umask_and_refused_when_open";
    run_child(r#"umask 000; exec "$0" "$@""#, test, directory.path());
    let path = directory.path().join("issued.jsonl");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    let log = IssuanceLog::open(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    assert!(IssuanceLog::open(&path).is_err() && log.append(&[entry("2")]).is_err() && log.read().is_err());
}

#[test]
fn appending_at_the_same_time_mixes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("issued.jsonl");
    thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let log = IssuanceLog::open(path).unwrap();
                for round in 0..10 {
                    let pair = [entry(&format!("{writer}-{round}-a")), entry(&format!("{writer}-{round}-b"))];
                    log.append(&pair).unwrap();
                }
            });
        }
    });
    let (serials, unreadable) = serials(&IssuanceLog::open(&path).unwrap());
    assert_eq!((serials.len(), unreadable), (80, 0));
    for pair in serials.chunks(2) {
        assert_eq!(pair[0].strip_suffix('a'), pair[1].strip_suffix('b'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]
    #[test]
    fn garbage_between_entries_costs_nothing_else(garbage in prop::collection::vec(any::<u8>(), 0..200)) {
        let directory = tempfile::tempdir().unwrap();
        let log = IssuanceLog::open(directory.path().join("issued.jsonl")).unwrap();
        log.append(&[entry("1")]).unwrap();
        OpenOptions::new().append(true).open(log.path()).unwrap().write_all(&garbage).unwrap();
        log.append(&[entry("2")]).unwrap();
        prop_assert_eq!(serials(&log).0, ["1", "2"]);
    }
}

/// Who only wants to know what was done last does not read a log of ten thousand nodes.
#[test]
fn the_tail_has_the_latest_entries() {
    let directory = tempfile::tempdir().unwrap();
    let log = IssuanceLog::open(directory.path().join("issued.jsonl")).unwrap();
    assert_eq!(log.tail().unwrap(), []);
    let entries: Vec<LogEntry> = (0..1000).map(|number| entry(&format!("{number:040x}"))).collect();
    log.append(&entries).unwrap();
    let tail = log.tail().unwrap();
    assert!(tail.len() > 50 && entries.ends_with(&tail), "{} entries", tail.len());
    log.append(&[entry("ff")]).unwrap();
    assert_eq!(log.tail().unwrap().last().unwrap().serial, "ff");
}
