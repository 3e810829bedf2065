//! Which snapshots are kept, and what is read of one whatever is in it.

use std::collections::BTreeSet;

use etcd::{SnapshotFacts, read_snapshot};
use proptest::prelude::*;
use store::snapshot::Keep;
use time::{Duration, OffsetDateTime};

use crate::support::{Bucket, backend_file};

fn kept(keep: Keep, taken: &[OffsetDateTime]) -> BTreeSet<usize> {
    let superseded = keep.superseded(taken);
    (0..taken.len()).filter(|place| !superseded.contains(place)).collect()
}

/// Hours after a Monday.
fn at(hours: &[i64]) -> Vec<OffsetDateTime> {
    let monday = time::macros::datetime!(2026-11-16 00:00 UTC);
    hours.iter().map(|hours| monday + Duration::hours(*hours)).collect()
}

#[test]
fn the_newest_of_days_and_weeks_are_kept() {
    // Two on Monday, one on Tuesday, one on Sunday, two on the Monday after it.
    let taken = at(&[1, 23, 24, 6 * 24 + 23, 7 * 24, 7 * 24 + 1]);
    let keep = |last, daily, weekly| kept(Keep { last, daily, weekly }, &taken);
    assert_eq!(keep(None, None, None).len(), taken.len());
    assert_eq!(keep(Some(2), None, None), BTreeSet::from([4, 5]));
    assert_eq!(keep(None, Some(3), None), BTreeSet::from([5, 3, 2]));
    assert_eq!(keep(None, Some(9), None), BTreeSet::from([5, 3, 2, 1]));
    assert_eq!(keep(None, None, Some(2)), BTreeSet::from([5, 3]));
    assert_eq!(keep(Some(1), Some(2), Some(2)), BTreeSet::from([5, 3]));
    // Of the same second the later is the newer.
    assert_eq!(kept(Keep { last: Some(1), ..Keep::default() }, &at(&[1, 1])), BTreeSet::from([1]));
}

proptest! {
    #[test]
    fn the_newest_is_kept_and_pruning_twice_removes_no_more(
        hours in prop::collection::vec(0_i64..2000, 1..40),
        last in prop::option::of(1_u32..9),
        daily in prop::option::of(1_u32..9),
        weekly in prop::option::of(1_u32..9),
    ) {
        let (taken, keep) = (at(&hours), Keep { last, daily, weekly });
        let kept = kept(keep, &taken);
        let newest = taken.iter().max().expect("one");
        prop_assert!(kept.iter().any(|place| taken[*place] == *newest));
        prop_assert!(kept.len() >= taken.len().min(last.unwrap_or(1) as usize));
        let left: Vec<OffsetDateTime> = kept.iter().map(|place| taken[*place]).collect();
        prop_assert_eq!(keep.superseded(&left), Vec::<usize>::new());
    }
}

fn revision(main: i64) -> Vec<u8> {
    [&main.to_be_bytes()[..], b"_", &[0; 8]].concat()
}

/// Its bucket of keys has pages of its own, and values that overflow them.
fn snapshot(compacted: i64) -> Vec<u8> {
    let keys = (2..300).map(|main| (revision(main), vec![7; 200])).collect();
    let compacted = vec![
        (b"finishedCompactRev".to_vec(), revision(compacted)),
        (b"scheduledCompactRev".to_vec(), revision(compacted)),
    ];
    backend_file(&[
        Bucket { name: "key", own_pages: true, entries: keys },
        Bucket { name: "meta", own_pages: false, entries: compacted },
    ])
}

#[test]
fn its_revisions_are_read() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    for (compacted, revision) in [(100, 299), (400, 400)] {
        std::fs::write(file.path(), [snapshot(compacted), vec![9; 32]].concat()).expect("a snapshot");
        let facts = read_snapshot(file.path()).expect("a sound file");
        assert_eq!(facts, SnapshotFacts { revision, compact_revision: compacted, version: facts.version });
    }
}

proptest! {
    #[test]
    fn a_damaged_one_has_an_answer(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = snapshot(100);
        let place = at.index(bytes.len());
        bytes[place] = byte;
        bytes.truncate(cut.index(bytes.len()).max(place));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &bytes).expect("a snapshot");
        let _ = read_snapshot(file.path());
    }
}
