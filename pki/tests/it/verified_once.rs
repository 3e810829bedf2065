//! A signature that was verified is not verified again, and no other one is taken for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use zone_pki::once;

/// Takes the signature `good` of any key and message, and counts how often it was asked.
#[derive(Debug)]
struct Counting(AtomicUsize);

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(&self, _: &[u8], _: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        if signature == b"good" { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}

#[test]
fn verifies_once_and_takes_nothing_else_for_it() {
    static ONE: Counting = Counting(AtomicUsize::new(0));
    static OTHER: Counting = Counting(AtomicUsize::new(0));
    let algorithms = once(&[&ONE, &OTHER]);
    let asked = || (ONE.0.load(Ordering::Relaxed), OTHER.0.load(Ordering::Relaxed));

    assert!(algorithms[0].verify_signature(b"key", b"message", b"good").is_ok());
    assert!(algorithms[0].verify_signature(b"key", b"message", b"good").is_ok());
    assert_eq!(asked(), (1, 0));

    assert!(algorithms[0].verify_signature(b"key", b"message", b"bad").is_err());
    assert!(
        algorithms[0].verify_signature(b"key", b"message", b"bad").is_err(),
        "a refusal is not remembered"
    );
    assert_eq!(asked(), (3, 0));

    assert!(algorithms[0].verify_signature(b"other key", b"message", b"good").is_ok());
    assert!(algorithms[0].verify_signature(b"key", b"other message", b"good").is_ok());
    assert!(algorithms[1].verify_signature(b"key", b"message", b"good").is_ok());
    assert_eq!(asked(), (5, 1), "each of them was verified");
}
