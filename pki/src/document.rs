//! Documents that an authority signs with the key that it signs certificates with.
//!
//! What is signed is the context, a line feed, and the document. No certificate begins with such a line, so
//! neither can be taken for the other, nor a document of one context for one of another.

use webpki::EndEntityCert;
use webpki::aws_lc_rs::{ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519, RSA_PKCS1_2048_8192_SHA256};

use rustls_pki_types::SignatureVerificationAlgorithm;

use crate::authority::Authority;
use crate::certificate::Certificate;
use crate::key::KeyError;

/// The algorithms that go with the kinds of key. Each takes keys of its own kind only.
const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 4] =
    [ECDSA_P256_SHA256, ECDSA_P384_SHA384, ED25519, RSA_PKCS1_2048_8192_SHA256];

/// The signature is not one by this key over this document in this context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not by this key, or not over these bytes")]
pub struct DocumentError;

impl Authority {
    /// Signs a document: ECDSA with SHA-256 (P-256) or SHA-384 (P-384) in DER, Ed25519, or RSA PKCS#1 v1.5
    /// with SHA-256, as `openssl dgst -verify` reads them. `context` says what the document is for, and has
    /// no line feed in it.
    ///
    /// # Errors
    /// [`KeyError::Library`] if the cryptographic library fails.
    pub fn sign_document(&self, context: &str, document: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.issuer().key().0.sign(&signed_bytes(context, document))
    }
}

impl Certificate {
    /// Verifies a signature that [`Authority::sign_document`] made with the key of this certificate. Whether
    /// the certificate is to be trusted is another matter.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn verify_document(
        &self,
        context: &str,
        document: &[u8],
        signature: &[u8],
    ) -> Result<(), DocumentError> {
        let certificate = EndEntityCert::try_from(self.tls_der()).map_err(|_| DocumentError)?;
        let message = signed_bytes(context, document);
        let verifies = |algorithm: &&dyn SignatureVerificationAlgorithm| {
            certificate.verify_signature(*algorithm, &message, signature).is_ok()
        };
        if ALGORITHMS.iter().any(verifies) { Ok(()) } else { Err(DocumentError) }
    }
}

fn signed_bytes(context: &str, document: &[u8]) -> Vec<u8> {
    [context.as_bytes(), b"\n", document].concat()
}
