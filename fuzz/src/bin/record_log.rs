//! `issued.jsonl` and `bundles.jsonl`: no line is lost without being counted, and a record is written as it
//! was read.
#![no_main]

use std::fmt::Debug;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{from_slice, to_vec};
use store::bundle::BundleRecord;
use zone_etcd_fuzz::file::Scratch;
use zone_pki::{LogEntry, RecordLog};

fuzz_target!(|bytes: &[u8]| {
    static FILE: OnceLock<Scratch> = OnceLock::new();
    let path = FILE.get_or_init(|| Scratch::new("log")).fill(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();

    let (issued, unreadable) = RecordLog::<LogEntry>::open(path).and_then(|log| log.read()).expect("a file");
    assert_eq!(issued.len() + unreadable, lines);
    issued.iter().for_each(|entry| same(entry, |text| from_slice(text).ok()));

    let (bundles, unreadable) =
        RecordLog::<BundleRecord>::open(path).and_then(|log| log.read()).expect("a file");
    assert_eq!(bundles.len() + unreadable, lines);
    bundles.iter().for_each(|entry| same(entry, |text| from_slice(text).ok()));
});

fn same<T: serde::Serialize + PartialEq + Debug>(entry: &T, read: impl Fn(&[u8]) -> Option<T>) {
    let written = to_vec(entry).expect("what was read once");
    assert!(!written.contains(&b'\n'));
    assert_eq!(read(&written).as_ref(), Some(entry));
}
