//! The requests of a node, as they are carried to the signing host: what is read is written and read as the
//! same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::requests::RequestFile;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = RequestFile::read(bytes) {
        assert!(!file.requests.is_empty());
        let again = RequestFile::parse(&file.render()).expect("what was read once");
        assert_eq!(again, file);
        assert_eq!(again.fingerprint(), file.fingerprint());
    }
});
