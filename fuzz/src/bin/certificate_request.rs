//! Requests for certificates (PKCS#10) in PEM and in DER: what is read is written and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_etcd_fuzz::pem;
use zone_pki::CertificateRequest;

fuzz_target!(|input: &[u8]| {
    let requests = if pem::is_der(input) {
        CertificateRequest::from_der(input).map(|request| vec![request])
    } else {
        CertificateRequest::all_from_pem(input)
    };
    for request in requests.unwrap_or_default() {
        let again = CertificateRequest::from_pem(request.pem().as_bytes()).expect("what was read once");
        assert_eq!(again, request);
        assert!(!request.subject_public_key_info().is_empty());
        let _ = request.verify();
    }
});
