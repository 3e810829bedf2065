//! Reading etcd's backend: what is there is read, and a file that is damaged in any way has an answer.

use std::path::Path;

use etcd::{BackendError, BackendFacts, BackendMember, Downgrade, read_backend};
use model::plan::{EtcdId, MinorVersion};
use proptest::prelude::*;

use crate::support::{Bucket, backend_file};

const V3_6: MinorVersion = MinorVersion { major: 3, minor: 6 };
const V3_7: MinorVersion = MinorVersion { major: 3, minor: 7 };
const REMOVED: u64 = 300;

fn read(directory: &Path, bytes: &[u8]) -> Result<Option<BackendFacts>, BackendError> {
    let snap = directory.join("member/snap");
    std::fs::create_dir_all(&snap).expect("a directory");
    std::fs::write(snap.join("db"), bytes).expect("the backend");
    read_backend(directory)
}

/// A backend whose buckets lie within the page of the buckets, on pages of their own, and on one that
/// overflows.
fn sound() -> Vec<u8> {
    let entry = |key: &str, value: &[u8]| (key.as_bytes().to_vec(), value.to_vec());
    let member = br#"{"id":1,"peerURLs":["https://a:2380"],"isLearner":true,"name":"one","clientURLs":null}"#;
    let bucket = |name, own_pages, entries| Bucket { name, own_pages, entries };
    let removed = (0..REMOVED).map(|id| entry(&format!("{:x}", id + 0x1000), b"removed")).collect();
    backend_file(&[
        bucket(
            "cluster",
            false,
            vec![
                entry("clusterVersion", b"3.7.0"),
                entry("downgrade", br#"{"target-version":"3.6.0","enabled":true}"#),
            ],
        ),
        bucket("key", true, vec![entry("a", &[7; 10_000]), entry("b", &[8; 100])]),
        bucket("members", false, vec![entry("1a", member), entry("2b", br#"{"peerURLs":null}"#)]),
        bucket("members_removed", true, removed),
        bucket(
            "meta",
            false,
            vec![
                entry("confState", b"{}"),
                entry("consistent_index", &258_u64.to_be_bytes()),
                entry("storageVersion", b"3.6.0"),
                entry("term", &3_u64.to_be_bytes()),
            ],
        ),
    ])
}

#[test]
fn what_is_there_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let facts = read(directory.path(), &sound()).expect("a sound file").expect("a file");
    let member = |id, name: &str, peer_urls: &[&str], is_learner| BackendMember {
        id: EtcdId(id),
        name: name.to_owned(),
        peer_urls: peer_urls.iter().map(|url| (*url).to_owned()).collect(),
        client_urls: Vec::new(),
        is_learner,
    };
    let expected = BackendFacts {
        cluster_version: Some(V3_7),
        storage_version: Some(V3_6),
        downgrade: Some(Downgrade { target: Some(V3_6), enabled: true }),
        members: vec![member(0x1a, "one", &["https://a:2380"], true), member(0x2b, "", &[], false)],
        removed_members: (0..REMOVED).map(|id| EtcdId(id + 0x1000)).collect(),
        consistent_index: 258,
        term: 3,
    };
    assert_eq!(facts, expected);
}

#[test]
fn a_backend_that_is_not_there_or_empty_tells_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    assert!(matches!(read_backend(directory.path()), Ok(None)));
    assert!(matches!(read(directory.path(), &[]), Ok(None)));
}

/// Either meta page serves if the other is damaged; with both damaged, the file is named.
#[test]
fn one_valid_meta_page_is_enough() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut bytes = sound();
    bytes[20] ^= 1;
    assert!(
        matches!(read(directory.path(), &bytes), Ok(Some(_))),
        "the second page is found without the first"
    );
    bytes[4096 + 64] ^= 1;
    let error = read(directory.path(), &bytes).expect_err("both are damaged").to_string();
    assert!(error.contains("member/snap/db is not a database of etcd, or is damaged"), "{error}");
}

/// The root is a branch that leads to itself: with two entries each, a walk without a bound would not end.
#[test]
fn pages_that_lead_to_each_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut bytes = sound();
    let root = bytes.len() - 4096;
    let id = (root / 4096) as u64;
    bytes[root + 8] = 1;
    bytes[root + 10] = 2;
    for element in 0..2 {
        let at = root + 16 + element * 16 + 8;
        bytes[at..at + 8].copy_from_slice(&id.to_le_bytes());
    }
    let error = read(directory.path(), &bytes).expect_err("a loop").to_string();
    assert!(error.contains("point to each other"), "{error}");
}

/// Where a change is most likely to be noticed: the headers, the elements, and the small buckets.
fn place(length: usize) -> impl Strategy<Value = usize> {
    let pages = length / 4096;
    prop_oneof![(0..pages, 0..200_usize).prop_map(|(page, at)| page * 4096 + at), 0..length]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_has_an_answer(
        changes in prop::collection::vec(
            (place(sound().len()), prop_oneof![Just(0), Just(1), Just(0xff), any::<u8>()]),
            1..12,
        ),
        kept in prop_oneof![4 => Just(usize::MAX), 1 => 0..sound().len()],
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let mut bytes = sound();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(kept);
        if let Err(error) = read(directory.path(), &bytes) {
            prop_assert!(matches!(error, BackendError::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn any_bytes_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 1..9000)) {
        let directory = tempfile::tempdir().expect("a directory");
        prop_assert!(read(directory.path(), &bytes).is_err());
    }
}
