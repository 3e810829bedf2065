//! Revocation lists in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_pki::RevocationList;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(list) = RevocationList::from_der(bytes) {
        // Each serial number takes some bytes.
        assert!(list.len() < bytes.len());
        let _ = list.next_update();
    }
});
