//! Which kind of key an encoding holds, so that a key that is not supported is told from one that is damaged.

use rustls_pki_types::pem::SectionKind;

use super::{KeyAlgorithm, KeyError, KeyPair};
use crate::der::{
    BIT_STRING, CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, whole_sequence,
};

/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017, appendix C).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-ecPublicKey, 1.2.840.10045.2.1 (RFC 5480).
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// id-Ed25519, 1.3.101.112 (RFC 8410).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// secp256r1, 1.2.840.10045.3.1.7 (RFC 5480).
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp384r1, 1.3.132.0.34 (RFC 5480).
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// secp521r1, 1.3.132.0.35 (RFC 5480).
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

/// Kinds that people do have, by object identifier, for the message that refuses them.
const UNSUPPORTED: [(&[u8], &str); 6] = [
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], "ECDSA P-224"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "ECDSA secp256k1"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
    (&[0x2b, 0x65, 0x6e], "X25519"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "RSASSA-PSS"),
];

/// Reads the key in a PEM block of this kind.
pub(super) fn read(kind: SectionKind, der: &[u8]) -> Result<KeyPair, KeyError> {
    let contents = whole_sequence(der).ok_or(KeyError::Damaged)?;
    match kind {
        SectionKind::RsaPrivateKey => KeyPair::rsa_pkcs1(der),
        SectionKind::EcPrivateKey => KeyPair::ecdsa(sec1_curve(contents)?, der),
        _ => read_pkcs8(contents, der),
    }
}

/// PKCS#8: `SEQUENCE { version, SEQUENCE { algorithm, parameters }, OCTET STRING }` (RFC 5958, section 2).
fn read_pkcs8(mut contents: Reader<'_>, der: &[u8]) -> Result<KeyPair, KeyError> {
    contents.take(INTEGER).ok_or(KeyError::Damaged)?;
    let mut identifier = Reader(contents.take(SEQUENCE).ok_or(KeyError::Damaged)?);
    match identifier.take(OBJECT_IDENTIFIER).ok_or(KeyError::Damaged)? {
        RSA => KeyPair::rsa_pkcs8(der),
        ED25519 => KeyPair::ed25519(der),
        EC => match identifier.take(OBJECT_IDENTIFIER) {
            Some(named) => KeyPair::ecdsa(curve(named)?, der),
            None => Err(unsupported_as("an elliptic curve given by its parameters")),
        },
        other => Err(unsupported(other)),
    }
}

/// The kind of a public key, and the key itself: the contents of the bit string in a `SubjectPublicKeyInfo`
/// (RFC 5280, 4.1.2.7). For RSA the kind is the least; the caller knows the length.
pub(super) fn public(der: &[u8]) -> Result<(KeyAlgorithm, &[u8]), KeyError> {
    let mut contents = whole_sequence(der).ok_or(KeyError::Damaged)?;
    let mut identifier = Reader(contents.take(SEQUENCE).ok_or(KeyError::Damaged)?);
    let algorithm = match identifier.take(OBJECT_IDENTIFIER).ok_or(KeyError::Damaged)? {
        RSA => KeyAlgorithm::Rsa2048,
        ED25519 => KeyAlgorithm::Ed25519,
        EC => match identifier.take(OBJECT_IDENTIFIER) {
            Some(named) => curve(named)?,
            None => return Err(unsupported_as("an elliptic curve given by its parameters")),
        },
        other => return Err(unsupported(other)),
    };
    match contents.take(BIT_STRING) {
        // The first byte says how many bits of the last one are unused, which a key has none of.
        Some([0, key @ ..]) => Ok((algorithm, key)),
        _ => Err(KeyError::Damaged),
    }
}

/// SEC1: `SEQUENCE { version, OCTET STRING, [0] curve OPTIONAL, … }` (RFC 5915, section 3).
fn sec1_curve(mut contents: Reader<'_>) -> Result<KeyAlgorithm, KeyError> {
    contents.take(INTEGER).ok_or(KeyError::Damaged)?;
    let scalar = contents.take(OCTET_STRING).ok_or(KeyError::Damaged)?;
    match contents.take(CONTEXT_0) {
        Some(parameters) => match Reader(parameters).take(OBJECT_IDENTIFIER) {
            Some(named) => curve(named),
            None => Err(unsupported_as("an elliptic curve given by its parameters")),
        },
        // The scalar is as long as the order of its curve, so its length tells the curves apart.
        None => match scalar.len() {
            32 => Ok(KeyAlgorithm::P256),
            48 => Ok(KeyAlgorithm::P384),
            66 => Ok(KeyAlgorithm::P521),
            _ => Err(unsupported_as("an elliptic curve that it does not name")),
        },
    }
}

fn curve(named: &[u8]) -> Result<KeyAlgorithm, KeyError> {
    match named {
        P256 => Ok(KeyAlgorithm::P256),
        P384 => Ok(KeyAlgorithm::P384),
        P521 => Ok(KeyAlgorithm::P521),
        other => Err(unsupported(other)),
    }
}

fn unsupported(identifier: &[u8]) -> KeyError {
    match UNSUPPORTED.iter().find(|(known, _)| *known == identifier) {
        Some((_, name)) => unsupported_as(name),
        None => KeyError::Unsupported { algorithm: dotted(identifier) },
    }
}

fn unsupported_as(name: &str) -> KeyError {
    KeyError::Unsupported { algorithm: name.to_owned() }
}

/// An object identifier as people write it (X.690, 8.19).
pub(crate) fn dotted(identifier: &[u8]) -> String {
    let mut parts: Vec<u64> = Vec::new();
    let mut part: u64 = 0;
    for byte in identifier {
        part = part.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if parts.is_empty() {
                let first = (part / 40).min(2);
                parts.push(first);
                part -= first * 40;
            }
            parts.push(std::mem::take(&mut part));
        }
    }
    parts.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}
