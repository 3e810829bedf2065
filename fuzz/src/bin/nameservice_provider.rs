//! The file that tells a nameservice of the zone's etcd: what is read is written and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::formats::NameserviceProvider;

fuzz_target!(|bytes: &[u8]| {
    let Ok(provider) = NameserviceProvider::parse(bytes) else { return };
    assert!(!provider.endpoints().is_empty());
    assert!([provider.ca(), provider.cert(), provider.key()].iter().all(|path| path.is_absolute()));
    let written = serde_json::to_vec(&provider).expect("JSON");
    assert_eq!(NameserviceProvider::parse(&written).expect("what was written"), provider);
});
