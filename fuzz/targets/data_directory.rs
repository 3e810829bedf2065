//! etcd's data directory, with this input for its log and for its backend: whatever is in them has an answer.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use zone_etcd::config::EtcdVersion;
use zone_etcd::etcd::{observe_data_directory, observe_versions, read_backend, scan_log};

fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path();
    let (wal, snap) = (data.join("member/wal"), data.join("member/snap"));
    fs::create_dir_all(&wal).and_then(|()| fs::create_dir_all(&snap)).expect("directories");
    fs::write(wal.join("0000000000000000-0000000000000000.wal"), bytes).expect("a log");
    fs::write(snap.join("db"), bytes).expect("a backend");
    let _ = observe_data_directory(data);
    let _ = read_backend(data);
    let _ = scan_log(data);
    if let Ok(line) = EtcdVersion::DEFAULT.line() {
        let _ = observe_versions(data, line);
    }
});
