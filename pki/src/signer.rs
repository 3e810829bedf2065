//! The two ends of a signature as rcgen wants them: the key that signs, and the public key that is certified.

use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};

use crate::key::{KeyPair, PrivateKey};

/// The key of an authority. rcgen's own type is not used because it keeps an unwiped copy of the key.
pub(crate) struct Signer(pub(crate) KeyPair);

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        PublicKeyData::algorithm(&self.0)
    }
}

impl SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message).map_err(|_| rcgen::Error::RingUnspecified)
    }
}

/// The public half of a key, to be certified. A leaf's key need not be ready to sign for that.
pub(crate) struct Certified<'a>(pub(crate) &'a PrivateKey);

impl PublicKeyData for Certified<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        crate::key::signature_algorithm(self.0.algorithm())
    }
}
