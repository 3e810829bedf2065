//! What opens a bundle: an age identity file or an SSH private key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zeroize::Zeroizing;
use zone_etcd::bundle::Identity;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Identity::Keys(keys)) = Identity::from_file(&Zeroizing::new(bytes.to_vec())) {
        assert!(!keys.is_empty());
    }
});
