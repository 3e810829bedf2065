//! `NAME.json` beside a snapshot: what is read is written and read as the same, its signature included.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::snapshot::SignedManifest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = SignedManifest::parse(bytes) {
        let written = read.encode().expect("what was read once");
        let again = SignedManifest::parse(&written).expect("what was read once");
        assert_eq!(again.manifest, read.manifest);
        assert_eq!(again.is_signed(), read.is_signed());
    }
});
