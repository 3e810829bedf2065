//! What a write-ahead log holds that only some versions can apply. Real logs are in the tests with etcd.

use std::path::Path;

use etcd::{LogScan, scan_log};
use proptest::prelude::*;

use crate::support::{committed, entry, old_request, put_request, snapshot, wrapped, write_log_with};

type Records = Vec<(u64, Vec<u8>)>;

fn scan(records: &Records) -> LogScan {
    let directory = tempfile::tempdir().expect("a directory");
    write_log_with(directory.path(), 1, 2, records);
    scan_log(directory.path()).expect("a sound log")
}

fn own() -> Vec<u8> {
    old_request("PUT", "/0/members/8e9e05c52164694d/attributes")
}

#[test]
fn requests_count_after_the_newest_snapshot() {
    let records = vec![
        snapshot(0),
        entry(1, &own()),
        entry(2, &put_request()),
        entry(3, &old_request("PUT", "/0/version")),
        committed(3),
        snapshot(2),
        entry(4, &put_request()),
        entry(5, &[]),
    ];
    let found = scan(&records);
    let indexes: Vec<u64> = found.snapshots.iter().map(|snapshot| snapshot.index).collect();
    assert_eq!(indexes, [0, 2]);
    assert!(found.has_old_requests_after(0) && found.has_old_requests_after(2));
    assert!(!found.has_old_requests_after(3));
    assert!(!found.has_old_content_after(0), "both are etcd's own");
}

/// A snapshot of entries that were never committed is of no use to etcd.
#[test]
fn a_snapshot_ahead_of_what_is_committed_does_not_count() {
    let found = scan(&vec![snapshot(0), entry(1, &own()), committed(1), snapshot(2)]);
    assert_eq!(found.snapshots.len(), 1);
    // The last state counts, also for what was written before it.
    let found = scan(&vec![snapshot(0), entry(1, &own()), snapshot(1), committed(1)]);
    assert_eq!(found.snapshots.len(), 2);
}

#[test]
fn a_request_that_a_new_leader_wrote_over_is_gone() {
    let found =
        scan(&vec![entry(1, &put_request()), entry(2, &own()), entry(3, &own()), entry(2, &put_request())]);
    assert!(!found.has_old_requests_after(0));
    let found = scan(&vec![entry(1, &own()), entry(2, &own()), entry(2, &put_request())]);
    assert!(found.has_old_requests_after(0) && !found.has_old_requests_after(1));
}

#[test]
fn content_of_users_is_told_from_what_etcd_writes() {
    let cases = [
        ("PUT", "/0/version", false),
        ("PUT", "/0/members/1/attributes", false),
        ("PUT", "/0/members/0123456789abcdef/attributes", false),
        ("PUT", "/0/members/0123456789abcdef0/attributes", true),
        ("PUT", "/0/members//attributes", true),
        ("PUT", "/0/members/1/raftAttributes", true),
        ("DELETE", "/0/version", true),
        ("PUT", "/1/foo", true),
        ("SYNC", "", true),
    ];
    for (method, path, of_user) in cases {
        for data in [old_request(method, path), wrapped(&old_request(method, path))] {
            let found = scan(&vec![entry(1, &data)]);
            assert!(found.has_old_requests_after(0), "{method} {path}");
            assert_eq!(found.has_old_content_after(0), of_user, "{method} {path}");
        }
    }
}

/// A torn record ends the log, and nothing that was damaged is read for ever or panics.
fn read_damaged(directory: &Path, bytes: &[u8]) {
    std::fs::write(directory.join("member/wal/0000000000000000-0000000000000000.wal"), bytes)
        .expect("the log");
    let _ = scan_log(directory);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_log_has_an_answer(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        kept in any::<prop::sample::Index>(),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let entries = [entry(1, &own()), entry(2, &put_request())];
        let records = [&[snapshot(0)], &entries[..], &[committed(2), snapshot(2)]].concat();
        write_log_with(directory.path(), 1, 2, &records);
        let path = directory.path().join("member/wal/0000000000000000-0000000000000000.wal");
        let mut bytes = std::fs::read(path).expect("the log");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_damaged(directory.path(), &bytes);
        bytes.truncate(kept.index(bytes.len()));
        read_damaged(directory.path(), &bytes);
    }
}
