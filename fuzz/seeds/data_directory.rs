//! Writes logs and backends into a directory, as the tests have them made by hand: seeds of the target
//! `data_directory`.

#[path = "../../tests/it/support/backend_file.rs"]
mod backend_file;
#[allow(dead_code, reason = "made for the tests, which need all of it")]
#[path = "../../tests/it/support/log_file.rs"]
mod log_file;

use std::fs;
use std::path::{Path, PathBuf};

use backend_file::{Bucket, backend_file};
use log_file::{committed, entry, old_request, put_request, snapshot, wrapped, write_log, write_log_with};

fn main() {
    let into = PathBuf::from(std::env::args_os().nth(1).expect("the directory"));
    let old = old_request("PUT", "/0/members/1/attributes");
    write_log(&into.join("log"), 1, 2);
    write_log_with(&into.join("puts"), 1, 2, &[entry(1, &put_request()), committed(1), snapshot(1)]);
    write_log_with(&into.join("old"), 1, 2, &[entry(1, &old), entry(2, &wrapped(&old)), committed(2)]);
    for name in ["log", "puts", "old"] {
        keep(&into, name, "member/wal/0000000000000000-0000000000000000.wal");
    }
    fs::write(into.join("backend"), backend()).expect("a file");
}

/// Leaves nothing of a data directory but one file.
fn keep(into: &Path, name: &str, file: &str) {
    let bytes = fs::read(into.join(name).join(file)).expect("a log");
    fs::remove_dir_all(into.join(name)).and_then(|()| fs::write(into.join(name), bytes)).expect("a file");
}

fn backend() -> Vec<u8> {
    let entry = |key: &str, value: &[u8]| (key.as_bytes().to_vec(), value.to_vec());
    let member = br#"{"id":1,"peerURLs":["https://a:2380"],"isLearner":true,"name":"one","clientURLs":null}"#;
    let downgrade = br#"{"target-version":"3.6.0","enabled":true}"#;
    let bucket = |name, own_pages, entries| Bucket { name, own_pages, entries };
    let cluster = vec![entry("clusterVersion", b"3.7.0"), entry("downgrade", downgrade)];
    let meta = vec![
        entry("confState", b"{}"),
        entry("consistent_index", &258_u64.to_be_bytes()),
        entry("storageVersion", b"3.6.0"),
        entry("term", &3_u64.to_be_bytes()),
    ];
    backend_file(&[
        bucket("cluster", false, cluster),
        bucket("members", true, vec![entry("1a", member), entry("2b", br#"{"peerURLs":null}"#)]),
        bucket("members_removed", false, vec![entry("3c", b"removed")]),
        bucket("meta", false, meta),
    ])
}
