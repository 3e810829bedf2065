//! What opens a bundle: an age identity file or an SSH private key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::bundle::Identity;
use zeroize::Zeroizing;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Identity::Keys(keys)) = Identity::from_file(&Zeroizing::new(bytes.to_vec())) {
        assert!(!keys.is_empty());
    }
});
