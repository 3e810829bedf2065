//! How far a write-ahead log has come: the record that a crash may have torn does not count, everything
//! before it does.

use std::path::Path;

use etcd::read_log_position;
use model::plan::LogPosition;

use crate::support::{committed, entry, put_request, snapshot, write_log_with};

type Records = Vec<(u64, Vec<u8>)>;

/// The position in the terms of the builders of records, where every term is 2.
fn at(commit: u64, last_index: u64) -> Option<LogPosition> {
    let term = |index| if index == 0 { 0 } else { 2 };
    Some(LogPosition { term: term(commit), commit, last_term: term(last_index), last_index })
}

fn position(records: &[(u64, Vec<u8>)]) -> Option<LogPosition> {
    let directory = tempfile::tempdir().expect("a directory");
    write_log_with(directory.path(), 1, 2, records);
    read_log_position(directory.path()).expect("a sound log")
}

fn three_entries() -> Records {
    vec![
        snapshot(0),
        entry(1, &put_request()),
        entry(2, &put_request()),
        committed(1),
        entry(3, &put_request()),
        committed(3),
    ]
}

#[test]
fn counts_all_but_the_last_record() {
    assert_eq!(position(&[]), at(0, 0));
    let records = three_entries();
    let expected = [at(0, 0), at(0, 0), at(0, 1), at(0, 2), at(1, 2), at(1, 3)];
    for (count, expected) in expected.into_iter().enumerate() {
        assert_eq!(position(&records[..=count]), expected, "{count}");
    }
}

/// A new leader writes over what was not committed, and a snapshot that comes from it takes the place of the
/// log.
#[test]
fn goes_back_and_leaps_as_the_log_does() {
    let mut records = three_entries();
    records.extend([entry(2, &put_request()), committed(3)]);
    assert_eq!(position(&records), at(3, 2));
    records.extend([snapshot(1), committed(3)]);
    assert_eq!(position(&records), at(3, 2), "a snapshot of its own");
    records.extend([snapshot(90), committed(90), entry(91, &[]), committed(91)]);
    assert_eq!(position(&records), at(90, 91));
}

/// Wherever a crash cuts the log off, the position is that of whole records, and never farther than it was.
#[test]
fn is_never_farther_than_what_is_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    write_log_with(directory.path(), 1, 2, &three_entries());
    let log = directory.path().join("member/wal/0000000000000000-0000000000000000.wal");
    let whole = std::fs::read(&log).expect("the log");
    let read = || read_log_position(directory.path()).expect("what is cut off ends").expect("a log");
    let mut before = LogPosition::default();
    for length in 0..=whole.len() {
        // etcd makes its files long before it fills them.
        let mut bytes = whole[..length].to_vec();
        bytes.resize(whole.len() + 4096, 0);
        std::fs::write(&log, bytes).expect("the log");
        let now = read();
        assert!(!now.is_older_than(before), "{length}: {now} after {before}");
        before = now;
    }
    assert_eq!(Some(before), at(1, 3));
}

/// A file that was just begun has the hard state of the one before it, and no entry.
#[test]
fn looks_into_the_file_before_one_that_was_just_begun() {
    let directory = tempfile::tempdir().expect("a directory");
    let second = tempfile::tempdir().expect("a directory");
    write_log_with(directory.path(), 1, 2, &three_entries());
    write_log_with(second.path(), 1, 2, &[committed(3), snapshot(0)]);
    let name = |directory: &Path, name: &str| directory.join("member/wal").join(name);
    std::fs::rename(
        name(second.path(), "0000000000000000-0000000000000000.wal"),
        name(directory.path(), "0000000000000001-0000000000000004.wal"),
    )
    .expect("the second file");
    assert_eq!(read_log_position(directory.path()).expect("a sound log"), at(3, 3));
    let none = tempfile::tempdir().expect("a directory");
    assert_eq!(read_log_position(none.path()).expect("no log"), None);
}
