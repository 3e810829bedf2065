//! A signature that was verified is not verified again, and no other one is taken for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use zone_pki::once;

/// Takes the signature `good` of any key and message, and counts how often it was asked.
#[derive(Debug)]
struct Counting(AtomicUsize, AlgorithmIdentifier);

impl Counting {
    const fn of(signature: AlgorithmIdentifier) -> Self {
        Self(AtomicUsize::new(0), signature)
    }
}

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(&self, _: &[u8], _: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        if signature == b"good" { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.1
    }
}

#[test]
fn verifies_once_and_takes_nothing_else_for_it() {
    static ONE: Counting = Counting::of(alg_id::ECDSA_SHA256);
    static OTHER: Counting = Counting::of(alg_id::ECDSA_SHA384);
    static SAME_ELSEWHERE: Counting = Counting::of(alg_id::ECDSA_SHA256);
    let algorithms = once(&[&ONE, &OTHER, &SAME_ELSEWHERE]);
    let asked = || [&ONE, &OTHER, &SAME_ELSEWHERE].map(|algorithm| algorithm.0.load(Ordering::Relaxed));

    assert!(algorithms[0].verify_signature(b"key", b"message", b"good").is_ok());
    assert!(algorithms[0].verify_signature(b"key", b"message", b"good").is_ok());
    assert_eq!(asked(), [1, 0, 0]);

    assert!(algorithms[0].verify_signature(b"key", b"message", b"bad").is_err());
    assert!(
        algorithms[0].verify_signature(b"key", b"message", b"bad").is_err(),
        "a refusal is not remembered"
    );
    assert_eq!(asked(), [3, 0, 0]);

    assert!(algorithms[0].verify_signature(b"other key", b"message", b"good").is_ok());
    assert!(algorithms[0].verify_signature(b"key", b"other message", b"good").is_ok());
    assert!(algorithms[1].verify_signature(b"key", b"message", b"good").is_ok());
    assert_eq!(asked(), [5, 1, 0], "each of them was verified");

    assert!(algorithms[2].verify_signature(b"key", b"message", b"good").is_ok());
    assert_eq!(
        asked(),
        [5, 1, 0],
        "webpki and rustls have the same algorithms, each at an address of its own"
    );
}
