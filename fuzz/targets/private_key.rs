//! Private keys in PEM: whatever is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_pki::PrivateKey;

fuzz_target!(|text: &[u8]| {
    if let Ok(key) = PrivateKey::from_pem(text) {
        let again = PrivateKey::from_pem(key.to_pem().as_bytes()).expect("what was read once");
        assert_eq!(again.subject_public_key_info(), key.subject_public_key_info());
    }
});
