//! Revocation lists in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_pki::RevocationList;

fuzz_target!(|bytes: &[u8]| {
    let _ = RevocationList::from_der(bytes);
});
