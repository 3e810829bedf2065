//! Certificates in PEM: whatever is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_pki::Certificate;

fuzz_target!(|text: &[u8]| {
    if let Ok(chain) = Certificate::chain_from_pem(text) {
        for certificate in &chain {
            let again = Certificate::from_pem(certificate.pem().as_bytes()).expect("what was read once");
            assert_eq!(again.serial_hex(), certificate.serial_hex());
            assert_eq!(again.names(), certificate.names());
        }
    }
});
