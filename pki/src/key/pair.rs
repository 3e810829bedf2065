//! A key that the cryptographic library holds ready to sign.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rcgen::{PublicKeyData, SignatureAlgorithm};
use zeroize::Zeroizing;

use super::{KeyAlgorithm, KeyError};

/// A key pair of one of the supported kinds.
pub(crate) enum KeyPair {
    Ecdsa(KeyAlgorithm, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl KeyPair {
    /// Makes a new key pair.
    pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let rsa = |size| RsaKeyPair::generate(size).map(Self::Rsa);
        match algorithm {
            KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::P521 => {
                EcdsaKeyPair::generate(signing(algorithm)).map(|pair| Self::Ecdsa(algorithm, pair))
            }
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(Self::Ed25519),
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
        }
        .map_err(|_| KeyError::Library)
    }

    /// An ECDSA key in PKCS#8 or SEC1, on the curve of `algorithm`.
    pub(crate) fn ecdsa(algorithm: KeyAlgorithm, der: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_private_key_der(signing(algorithm), der);
        pair.map(|pair| Self::Ecdsa(algorithm, pair)).map_err(|_| KeyError::Damaged)
    }

    /// An Ed25519 key in PKCS#8, version 1 or 2.
    pub(crate) fn ed25519(der: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self::Ed25519).map_err(|_| KeyError::Damaged)
    }

    /// An RSA key in PKCS#8.
    pub(crate) fn rsa_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        RsaKeyPair::from_pkcs8(der).map(Self::Rsa).map_err(rsa_rejected)
    }

    /// An RSA key in PKCS#1.
    pub(crate) fn rsa_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        RsaKeyPair::from_der(der).map(Self::Rsa).map_err(rsa_rejected)
    }

    /// What kind of key it is; see [`super::PrivateKey::algorithm`].
    pub(crate) fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Ecdsa(algorithm, _) => *algorithm,
            Self::Ed25519(_) => KeyAlgorithm::Ed25519,
            Self::Rsa(pair) => match pair.public_modulus_len() * 8 {
                4096.. => KeyAlgorithm::Rsa4096,
                3072.. => KeyAlgorithm::Rsa3072,
                _ => KeyAlgorithm::Rsa2048,
            },
        }
    }

    /// PKCS#8 version 1. Version 2, which the library prefers for Ed25519, is unreadable to OpenSSL 3.0.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = match self {
            Self::Ecdsa(_, pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Self::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Self::Rsa(pair) => pair.as_der().map(|der| der.as_ref().to_vec()),
        };
        der.map(Zeroizing::new).map_err(|_| KeyError::Library)
    }

    /// The public key as a `SubjectPublicKeyInfo` carries it inside.
    pub(crate) fn public_key(&self) -> &[u8] {
        match self {
            Self::Ecdsa(_, pair) => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::Rsa(pair) => pair.public_key().as_ref(),
        }
    }

    /// The DER of the `SubjectPublicKeyInfo`.
    pub(crate) fn subject_public_key_info(&self) -> Vec<u8> {
        PublicKeyData::subject_public_key_info(self)
    }

    /// A signature over `message`, in the form that a certificate carries.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let signature = match self {
            Self::Ecdsa(_, pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
        };
        signature.map_err(|_| KeyError::Library)
    }
}

impl PublicKeyData for KeyPair {
    fn der_bytes(&self) -> &[u8] {
        self.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        signature_algorithm(KeyPair::algorithm(self))
    }
}

/// The signature algorithm that goes with a kind of key.
pub(crate) fn signature_algorithm(algorithm: KeyAlgorithm) -> &'static SignatureAlgorithm {
    match algorithm {
        KeyAlgorithm::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyAlgorithm::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        KeyAlgorithm::P521 => &rcgen::PKCS_ECDSA_P521_SHA512,
        KeyAlgorithm::Ed25519 => &rcgen::PKCS_ED25519,
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => &rcgen::PKCS_RSA_SHA256,
    }
}

/// The signatures of a curve; those of P-256 for all else.
fn signing(algorithm: KeyAlgorithm) -> &'static EcdsaSigningAlgorithm {
    match algorithm {
        KeyAlgorithm::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        KeyAlgorithm::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        _ => &ECDSA_P256_SHA256_ASN1_SIGNING,
    }
}

/// The library tells its reasons apart by their text only.
fn rsa_rejected(rejected: KeyRejected) -> KeyError {
    match rejected.to_string().as_str() {
        "TooSmall" => KeyError::Unsupported { algorithm: "RSA below 2048 bits".to_owned() },
        "TooLarge" => KeyError::Unsupported { algorithm: "RSA above 8192 bits".to_owned() },
        _ => KeyError::Damaged,
    }
}
