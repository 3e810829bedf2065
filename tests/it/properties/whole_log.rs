//! A write-ahead log read to its end, and a copy of it whose last entry is declared committed.

use std::fs;
use std::path::{Path, PathBuf};

use etcd::{DataCopy, LogError, WholeLog, read_log};
use model::plan::{EtcdId, Ids, LogPosition};
use tempfile::TempDir;

use crate::support::{committed, entry, entry_of, put_request, snapshot, write_log_with, write_segment};

const FIRST: &str = "0000000000000000-0000000000000000.wal";
const SECOND: &str = "0000000000000001-0000000000000004.wal";

type Records = Vec<(u64, Vec<u8>)>;

fn three_entries() -> Records {
    let entries = (1..=3).map(|index| entry(index, &put_request()));
    [snapshot(0)].into_iter().chain(entries).chain([committed(1)]).collect()
}

fn written(records: &[(u64, Vec<u8>)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    write_log_with(directory.path(), 7, 8, records);
    directory
}

/// A log of two files, the second of which goes on with the checksum of the first.
fn two_files() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let crc = write_segment(directory.path(), FIRST, 0, (7, 8), &three_entries());
    let records = [committed(3), entry(4, &put_request()), entry_of(3, 5, &put_request())];
    write_segment(directory.path(), SECOND, crc, (7, 8), &records);
    directory
}

fn file(data: &Path, name: &str) -> PathBuf {
    data.join("member/wal").join(name)
}

fn read(data: &Path) -> WholeLog {
    read_log(data).expect("a sound log").expect("a log")
}

fn last(records: &[(u64, Vec<u8>)]) -> (u64, u64) {
    let LogPosition { last_term, last_index, .. } = read(written(records).path()).position;
    (last_term, last_index)
}

#[test]
fn a_log_is_read_to_its_last_record_over_all_files() {
    let directory = two_files();
    let log = read(directory.path());
    assert_eq!(log.ids, Ids { member: EtcdId(7), cluster: EtcdId(8) });
    assert_eq!(log.position, LogPosition { term: 2, commit: 3, last_term: 3, last_index: 5 });
    assert!(!log.is_torn);
    let none = tempfile::tempdir().expect("a directory");
    assert_eq!(read_log(none.path()).expect("no log"), None);
    // etcd purges the files that a snapshot covers.
    fs::remove_file(file(directory.path(), FIRST)).expect("the first file");
    assert_eq!(read(directory.path()).position, log.position);
}

/// The last record counts: a new leader writes over what was not committed, with fewer entries of a newer
/// term.
#[test]
fn what_was_written_over_does_not_count() {
    let mut records = three_entries();
    assert_eq!(last(&records), (2, 3));
    records.push(entry_of(5, 2, &put_request()));
    assert_eq!(last(&records), (5, 2));
    records.push(snapshot(1));
    assert_eq!(last(&records), (5, 2), "a snapshot of its own");
    records.push(snapshot(90));
    assert_eq!(last(&records), (2, 90), "one that came from the leader");
}

/// A snapshot of the leader that does not agree with the log takes the place of all of it.
#[test]
fn a_snapshot_that_differs_ends_the_log() {
    let mut records: Records = (1..=4).map(|index| entry_of(1, index, &put_request())).collect();
    records.push(snapshot(3));
    assert_eq!(last(&records), (2, 3));
}

/// Wherever a crash cuts the last file off, everything that is whole is read.
#[test]
fn a_torn_record_ends_the_log() {
    let directory = two_files();
    let path = file(directory.path(), SECOND);
    let whole = fs::read(&path).expect("the file");
    let mut before = LogPosition::default();
    for length in 0..=whole.len() {
        for rest in [0, 4096] {
            // etcd makes its files long before it fills them.
            let mut bytes = whole[..length].to_vec();
            bytes.resize(bytes.len() + rest, 0);
            fs::write(&path, bytes).expect("the file");
            match read_log(directory.path()) {
                Ok(log) => {
                    let now = log.expect("a log").position;
                    assert!(now.last_index >= before.last_index, "{length}: {now} after {before}");
                    before = now;
                }
                // Within one sector half a record is not how disks fail, and etcd does not take it either.
                Err(LogError::DamagedAt { .. }) if rest > 0 => {}
                Err(error) => panic!("{length}: {error}"),
            }
        }
    }
    assert_eq!(before.last_index, 5);
    // A sector that was not written is how they do.
    let long = [three_entries(), vec![entry(4, &[0x2f; 3000])]].concat();
    let directory = written(&long);
    let path = file(directory.path(), FIRST);
    let mut bytes = fs::read(&path).expect("the file");
    bytes[1024..1536].fill(0);
    fs::write(&path, bytes).expect("the file");
    let log = read(directory.path());
    assert!(log.is_torn && log.position.last_index == 3, "{log:?}");
}

#[test]
fn damage_is_told_with_its_place() {
    let why = |change: &dyn Fn(&Path)| {
        let directory = two_files();
        change(directory.path());
        match read_log(directory.path()) {
            Err(LogError::DamagedAt { path, why, .. }) => {
                (path.file_name().expect("a file").to_string_lossy().into_owned(), why)
            }
            other => panic!("{other:?}"),
        }
    };
    let flip = |name: &'static str, at: usize| {
        move |data: &Path| {
            let mut bytes = fs::read(file(data, name)).expect("the file");
            let at = bytes.len() - at;
            bytes[at] ^= 1;
            fs::write(file(data, name), bytes).expect("the file");
        }
    };
    let checksum = "the checksum of the record is not that of its data";
    assert_eq!(why(&flip(SECOND, 20)), (SECOND.to_owned(), checksum));
    assert_eq!(why(&flip(FIRST, 60)), (FIRST.to_owned(), checksum));
    let cut = |data: &Path| {
        let bytes = fs::read(file(data, FIRST)).expect("the file");
        fs::write(file(data, FIRST), &bytes[..bytes.len() - 20]).expect("the file");
    };
    let goes_on = "a record is not whole, and the log goes on in another file";
    assert_eq!(why(&cut), (FIRST.to_owned(), goes_on));
    let foreign = |data: &Path| {
        write_segment(data, SECOND, 99, (7, 8), &[]);
    };
    let elsewhere = "the file does not go on where the one before it ends";
    assert_eq!(why(&foreign), (SECOND.to_owned(), elsewhere));
    let gap = |data: &Path| {
        let records = [entry(1, &put_request()), entry(3, &put_request())];
        fs::remove_file(file(data, SECOND)).expect("the second file");
        write_log_with(data, 7, 8, &records);
    };
    assert_eq!(why(&gap), (FIRST.to_owned(), "entries before this one are missing"));
}

fn tree(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = [FIRST, SECOND].map(|name| file(data, name));
    files.into_iter().filter_map(|path| Some((path.clone(), fs::read(path).ok()?))).collect()
}

#[test]
fn all_entries_of_a_copy_are_committed_and_the_original_stays() {
    let directory = two_files();
    let original = tree(directory.path());
    let elsewhere = tempfile::tempdir().expect("a directory");
    let to = elsewhere.path().join("copy");
    let copy = DataCopy::make(directory.path(), &to).expect("a copy");
    assert_eq!(copy.log().position.commit, 3);
    let raised = copy.commit_all().expect("a record more");
    assert_eq!(raised, LogPosition { term: 3, commit: 5, last_term: 3, last_index: 5 });
    assert_eq!(read(&to).position, raised);
    assert_eq!(tree(directory.path()), original);
    let second = fs::read(file(&to, SECOND)).expect("the file");
    assert_eq!(second.len() % 8, 0, "padded");
    // What is there is never taken for a copy.
    assert!(matches!(DataCopy::make(directory.path(), &to), Err(LogError::Write { .. })));
}

/// What a crash has torn is gone, and the log goes on behind the last whole record.
#[test]
fn a_torn_copy_is_whole_again() {
    let directory = two_files();
    let path = file(directory.path(), SECOND);
    let mut bytes = fs::read(&path).expect("the file");
    let whole = bytes.len();
    bytes.truncate(whole - 9);
    fs::write(&path, &bytes).expect("the file");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let to = elsewhere.path().join("copy");
    let copy = DataCopy::make(directory.path(), &to).expect("a copy");
    assert!(copy.log().is_torn);
    let raised = copy.commit_all().expect("a record more");
    assert_eq!((raised.commit, raised.last_index), (4, 4));
    assert!(!read(&to).is_torn);
}
