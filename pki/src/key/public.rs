//! A public key without its private key.

use rcgen::{PublicKeyData, SignatureAlgorithm};

use super::{KeyAlgorithm, KeyError, kind, signature_algorithm};
use crate::certificate::parser::bits;
use crate::der::{INTEGER, whole_sequence};

/// A public key of one of the kinds that are accepted, to be certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    algorithm: KeyAlgorithm,
    key: Vec<u8>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`], also for RSA below 2048 or above 8192 bits; [`KeyError::Damaged`].
    pub(crate) fn from_subject_public_key_info(der: &[u8]) -> Result<Self, KeyError> {
        let (algorithm, key) = kind::public(der)?;
        if algorithm == KeyAlgorithm::Rsa2048 {
            let modulus = whole_sequence(key).and_then(|mut contents| contents.take(INTEGER));
            let bits = bits(modulus.ok_or(KeyError::Damaged)?);
            let refused = |what: &str| Err(KeyError::Unsupported { algorithm: what.to_owned() });
            match bits {
                ..2048 => return refused("RSA below 2048 bits"),
                8193.. => return refused("RSA above 8192 bits"),
                _ => {}
            }
        }
        Ok(Self { algorithm, key: key.to_vec() })
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        signature_algorithm(self.algorithm)
    }
}
