//! Private keys in PEM, and DER in the three kinds of PEM block that there are: what is read is written and
//! read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_etcd_fuzz::pem;
use zone_pki::PrivateKey;

fuzz_target!(|input: &[u8]| {
    if pem::is_der(input) {
        for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            check(pem::of(label, input).as_bytes());
        }
    } else {
        check(input);
    }
});

fn check(text: &[u8]) {
    if let Ok(key) = PrivateKey::from_pem(text) {
        let again = PrivateKey::from_pem(key.to_pem().as_bytes()).expect("what was read once");
        assert_eq!(again.subject_public_key_info(), key.subject_public_key_info());
        assert_eq!(again.algorithm(), key.algorithm());
    }
}
