//! A bundle as it comes: plain, or sealed to this key.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use store::bundle::Identity;
use zeroize::Zeroizing;
use zone_etcd_fuzz::bundle;

/// Nobody's. scripts/fuzz seals a bundle to its public key.
const KEY: &[u8] = b"AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

fuzz_target!(|bytes: &[u8]| {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    let identity =
        IDENTITY.get_or_init(|| Identity::from_file(&Zeroizing::new(KEY.to_vec())).expect("an identity"));
    let _ = bundle::read(bytes, Some(identity));
});
