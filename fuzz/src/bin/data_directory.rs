//! etcd's data directory, with this input for its log and for its backend: whatever is in them has an answer.
#![no_main]

use std::sync::OnceLock;

use etcd::{
    DataCopy, observe_data_directory, observe_versions, read_backend, read_log, read_log_position, scan_log,
};
use libfuzzer_sys::fuzz_target;
use model::config::EtcdVersion;
use zone_etcd_fuzz::file::{Scratch, directory};

fuzz_target!(|bytes: &[u8]| {
    static FILES: OnceLock<[Scratch; 2]> = OnceLock::new();
    let [log, backend] = FILES.get_or_init(|| {
        ["member/wal/0000000000000000-0000000000000000.wal", "member/snap/db"].map(Scratch::new)
    });
    log.fill(bytes);
    backend.fill(bytes);
    let data = directory();
    let _ = observe_data_directory(data);
    let _ = read_backend(data);
    let _ = scan_log(data);
    let _ = read_log_position(data);
    if let Ok(Some(log)) = read_log(data) {
        let to = data.join("copy");
        let raised = DataCopy::make(data, &to).and_then(DataCopy::commit_all).expect("a sound log");
        assert_eq!(raised.last_index, log.position.last_index);
        assert_eq!(raised.commit, raised.last_index.max(log.position.commit));
        std::fs::remove_dir_all(to).expect("a copy");
    }
    if let Ok(line) = EtcdVersion::DEFAULT.line() {
        let _ = observe_versions(data, line);
    }
});
