//! `manifest.json` of a bundle: what is read names no place outside of a node directory, and only sizes that
//! can be kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::bundle::Manifest;
use zone_etcd_fuzz::bundle;

/// The largest file that a bundle can have.
const SIZE_AT_MOST: u64 = 1 << 30;
/// The most files.
const FILES_AT_MOST: usize = 4096;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::parse(bytes.to_vec()) {
        assert_eq!(manifest.raw(), bytes, "what is signed are the bytes that came");
        assert!(manifest.files.len() <= FILES_AT_MOST);
        for file in &manifest.files {
            bundle::check_path(&file.path);
            assert!(file.size <= SIZE_AT_MOST && file.sha256.len() == 64);
        }
        // An instant that is read can be written.
        let written = serde_json::to_vec(&manifest).expect("what was read once");
        let again = Manifest::parse(written).expect("what was read once");
        assert_eq!(again.files, manifest.files);
        assert_eq!((again.issued_at, again.expires_at), (manifest.issued_at, manifest.expires_at));
    }
});
