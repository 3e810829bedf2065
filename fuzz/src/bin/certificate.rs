//! Certificates in PEM and in DER: what is read is written and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_etcd_fuzz::pem;
use zone_pki::Certificate;

fuzz_target!(|input: &[u8]| {
    let chain = if pem::is_der(input) {
        Certificate::from_der(input).map(|certificate| vec![certificate])
    } else {
        Certificate::chain_from_pem(input)
    };
    for certificate in chain.unwrap_or_default() {
        assert!(certificate.der().starts_with(&[0x30]));
        let again = Certificate::from_pem(certificate.pem().as_bytes()).expect("what was read once");
        assert_eq!(again.der(), certificate.der());
        assert_eq!(again.names(), certificate.names());
        let _ = (certificate.path_length(), certificate.weak_signature(), certificate.name_constraints());
        let used = certificate.validity_used(certificate.not_before());
        assert!(!used.is_nan());
    }
});
