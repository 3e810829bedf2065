//! What bundles are sealed to: an age or SSH public key. What is shown of one is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::bundle::Recipient;

fuzz_target!(|text: &str| {
    if let Ok(key) = Recipient::parse(text) {
        let again = Recipient::parse(key.as_str()).expect("what was read once");
        assert_eq!(again.as_str(), key.as_str());
    }
});
