//! Certificates that were made elsewhere, read and judged: the input is a CA, the member's chain and its key,
//! in DER.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use model::config::{PemSource, ZoneConfig};
use store::existing_certificates::{ExistingCertificates, Expected, Sources};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;
use zone_etcd_fuzz::pem;
use zone_pki::Certificate;

const ZONE: &str = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.1.1\"\n";

fuzz_target!(|input: &[u8]| {
    let elements = pem::elements(input);
    let ([authority, chain @ ..], Some(key)) = (elements.as_slice(), elements.last()) else { return };
    let chain = chain.split_last().map_or(chain, |(_, chain)| chain);
    let inline = |text: String| PemSource::Inline(Zeroizing::new(text));
    let (ca, cert, key) = (
        inline(pem::of("CERTIFICATE", authority)),
        inline(chain.iter().map(|certificate| pem::of("CERTIFICATE", certificate)).collect()),
        inline(pem::of("PRIVATE KEY", key)),
    );
    let sources = Sources::of_local([&ca, &cert, &key], |name, _| PathBuf::from(name));
    if let Ok(read) = ExistingCertificates::read(&sources, &expected(), instant(chain)) {
        // What may be started with can be given to etcd.
        assert!(zone_pki::key_matches(read.peer.leaf(), &private_key(&key)));
        assert!(!read.token(zone()).as_str().is_empty());
        assert_eq!(sources.inline().count(), 3);
    }
});

fn zone() -> &'static ZoneConfig {
    static READ: OnceLock<ZoneConfig> = OnceLock::new();
    READ.get_or_init(|| ZoneConfig::parse(ZONE).expect("a zone").0)
}

fn expected() -> Expected<'static> {
    Expected {
        zone: zone(),
        name: "node1.example.zone",
        peer_url: "https://10.0.1.1:2380".to_owned(),
        client_url: "https://10.0.1.1:2379".to_owned(),
        gateway: true,
        has_flags: true,
    }
}

/// When the member's certificate is valid, so that an input has the same effect on every day.
fn instant(chain: &[&[u8]]) -> OffsetDateTime {
    let leaf = chain.first().and_then(|leaf| Certificate::from_der(leaf).ok());
    let begins = leaf.map_or(OffsetDateTime::UNIX_EPOCH, |leaf| leaf.not_before());
    begins.checked_add(Duration::hours(2)).unwrap_or(begins)
}

fn private_key(source: &PemSource) -> zone_pki::PrivateKey {
    let PemSource::Inline(text) = source else { panic!("a key that is inline") };
    zone_pki::PrivateKey::from_pem(text.as_bytes()).expect("a key that was read once")
}
