//! A file with a passphrase: its first line, or none.
#![no_main]

use std::sync::OnceLock;

use host::passphrase::{PassphrasePurpose, PassphraseSource};
use libfuzzer_sys::fuzz_target;
use zone_etcd_fuzz::file::Scratch;

const PURPOSE: PassphrasePurpose = PassphrasePurpose {
    what: "the bundle",
    file_option: "--passphrase-file",
    descriptor_option: "--passphrase-fd",
    credential: "none",
};

fuzz_target!(|bytes: &[u8]| {
    static FILE: OnceLock<Scratch> = OnceLock::new();
    let path = FILE.get_or_init(|| Scratch::new("passphrase")).fill(bytes);
    let source = PassphraseSource::new(PURPOSE, Some(path), None).expect("a source");
    if let Ok(passphrase) = source.existing() {
        let passphrase = passphrase.as_str().as_bytes();
        assert!((1..=4096).contains(&passphrase.len()) && !passphrase.contains(&b'\n'));
        let rest = bytes.strip_prefix(passphrase).expect("the beginning of the file");
        assert!(["", "\r"].contains(&String::from_utf8_lossy(rest).split('\n').next().unwrap_or_default()));
    }
});
