//! A signature that was verified is not verified again: a start of a member looks at the same certificates
//! as a launcher, as Go and as both sides of a handshake, and an elliptic curve takes more time than all
//! else about them.

use std::sync::{LazyLock, Mutex, PoisonError};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use webpki::ALL_VERIFICATION_ALGS;

/// How many are remembered: those of one member. Who verifies thousands sees each of them once.
const AT_MOST: usize = 64;

/// Signatures that hold, whole: nothing rests on a digest.
static VERIFIED: Mutex<Vec<Verified>> = Mutex::new(Vec::new());

static ALL: LazyLock<Vec<&'static dyn SignatureVerificationAlgorithm>> =
    LazyLock::new(|| once(ALL_VERIFICATION_ALGS));

struct Verified {
    /// Of the key and of the signature. That of webpki and that of rustls are one algorithm at two addresses.
    algorithm: [AlgorithmIdentifier; 2],
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// Every algorithm that webpki knows.
pub(crate) fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    &ALL
}

/// These algorithms, each of which verifies the same signature of a certificate or list once. To be called
/// once: they are never freed.
pub fn once(
    algorithms: &[&'static dyn SignatureVerificationAlgorithm],
) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    let wrapped = algorithms.iter().map(|algorithm| &*Box::leak(Box::new(Once(*algorithm))));
    wrapped.map(|once| once as &dyn SignatureVerificationAlgorithm).collect()
}

#[derive(Debug)]
struct Once(&'static dyn SignatureVerificationAlgorithm);

impl Once {
    fn identifiers(&self) -> [AlgorithmIdentifier; 2] {
        [self.0.public_key_alg_id(), self.0.signature_alg_id()]
    }
}

impl SignatureVerificationAlgorithm for Once {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let is_this = |verified: &Verified| {
            verified.algorithm == self.identifiers()
                && verified.signature == signature
                && verified.key == key
                && verified.message == message
        };
        if VERIFIED.lock().unwrap_or_else(PoisonError::into_inner).iter().any(is_this) {
            return Ok(());
        }
        self.0.verify_signature(key, message, signature)?;
        let mut verified = VERIFIED.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() < AT_MOST {
            let (key, message, signature) = (key.to_vec(), message.to_vec(), signature.to_vec());
            verified.push(Verified { algorithm: self.identifiers(), key, message, signature });
        }
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}
