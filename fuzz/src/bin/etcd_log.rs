//! What etcd prints: explained, and printed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_etcd::diagnosis::log::{explain_log, text};

fuzz_target!(|bytes: &[u8]| {
    let diagnosis = explain_log(bytes).expect("a slice can always be read");
    assert!(!text(&diagnosis).is_empty());
});
