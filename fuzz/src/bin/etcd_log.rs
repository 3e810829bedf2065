//! What etcd prints: explained, and printed again.
#![no_main]

use diagnosis::log::{explain_log, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let diagnosis = explain_log(bytes).expect("a slice can always be read");
    assert!(!text(&diagnosis).is_empty());
});
