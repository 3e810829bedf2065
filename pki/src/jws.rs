//! Detached JSON Web Signatures (RFC 7515, appendix F): `BASE64URL(header)..BASE64URL(signature)`, made with
//! the key of an authority, or with that of a leaf, and verified with a public key that the caller trusts. A
//! header says nothing of which key that is: one with `x5c`, `jwk`, `jku`, `crit` or any other parameter that
//! is not known here is refused.
//!
//! What is signed begins with the encoded header, `eyJ`; no certificate (0x30) and no document of
//! [`document`](crate::document) does, and no handshake of TLS (RFC 8446, 4.4.3), so the key that signs those
//! can sign these.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::authority::Authority;
use crate::der::{INTEGER, Reader, whole_sequence};
use crate::key::{KeyAlgorithm, KeyError, KeyPair, PrivateKey, public_key, sha256};

/// The protected header. Anything else in it is refused: `b64` (RFC 7797), for one, changes what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwsHeader {
    /// The algorithm (RFC 7518, 3.1): ES256, ES384, EdDSA or RS256. There is no `none` here.
    pub alg: String,
    /// Which key has signed, as a hint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// What is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    /// When it was signed, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// From when on it does not count any more, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
}

/// A signature that was read; nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedJws {
    header: JwsHeader,
    algorithm: Algorithm,
    /// As it is signed.
    encoded_header: String,
    signature: Vec<u8>,
}

/// Why a signature is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// It has not the form of a detached JWS.
    #[error("it is no detached JWS, which is HEADER..SIGNATURE in base64url without padding: {why}")]
    Form {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The header cannot be read, or has a parameter that is not known.
    #[error("its header is not taken: {why}")]
    Header {
        /// What is wrong with it, as the JSON library words it.
        why: String,
    },
    /// The header names an algorithm that is not known, or none.
    #[error("its algorithm {found:?} is not one of ES256, ES384, EdDSA and RS256")]
    Algorithm {
        /// What the header names.
        found: String,
    },
    /// It is not one by this key over these bytes.
    #[error("it is not by this key, or not over this document")]
    Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Es256,
    Es384,
    EdDsa,
    Rs256,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Es256, Self::Es384, Self::EdDsa, Self::Rs256];

    fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The one that goes with a kind of key; P-521 has none here, since no key of ours is of that kind.
    fn of(key: KeyAlgorithm) -> Result<Self, KeyError> {
        match key {
            KeyAlgorithm::P256 => Ok(Self::Es256),
            KeyAlgorithm::P384 => Ok(Self::Es384),
            KeyAlgorithm::Ed25519 => Ok(Self::EdDsa),
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => Ok(Self::Rs256),
            KeyAlgorithm::P521 => Err(KeyError::Unsupported { algorithm: "ECDSA P-521".to_owned() }),
        }
    }

    /// The length of each of the two numbers of an ECDSA signature (RFC 7518, 3.4).
    fn scalar(self) -> Option<usize> {
        match self {
            Self::Es256 => Some(32),
            Self::Es384 => Some(48),
            Self::EdDsa | Self::Rs256 => None,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &ECDSA_P384_SHA384_FIXED,
            Self::EdDsa => &ED25519,
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        }
    }
}

impl DetachedJws {
    /// Signs `payload` with the key of an authority. `typ` says what it is, `iat` and `exp` are seconds since
    /// 1970.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for P-521, [`KeyError::Library`].
    pub fn sign(
        authority: &Authority,
        typ: &str,
        times: (i64, i64),
        payload: &[u8],
    ) -> Result<Self, KeyError> {
        Self::make(authority.key(), &authority.issuer().key().0, (typ, times), payload)
    }

    /// The same with a key that is not that of an authority: its holder says this of itself.
    ///
    /// # Errors
    /// As those of [`sign`](Self::sign).
    pub fn sign_with_key(
        key: &PrivateKey,
        typ: &str,
        times: (i64, i64),
        payload: &[u8],
    ) -> Result<Self, KeyError> {
        Self::make(key, &key.pair()?, (typ, times), payload)
    }

    fn make(
        key: &PrivateKey,
        pair: &KeyPair,
        (typ, (iat, exp)): (&str, (i64, i64)),
        payload: &[u8],
    ) -> Result<Self, KeyError> {
        let algorithm = Algorithm::of(key.algorithm())?;
        let header = JwsHeader {
            alg: algorithm.name().to_owned(),
            kid: Some(thumbprint(key.subject_public_key_info())?),
            typ: Some(typ.to_owned()),
            iat: Some(iat),
            exp: Some(exp),
        };
        let text = serde_json::to_vec(&header).map_err(|_| KeyError::Library)?;
        let encoded_header = URL_SAFE_NO_PAD.encode(text);
        let signature = pair.sign(&signed_bytes(&encoded_header, payload))?;
        let signature = match algorithm.scalar() {
            Some(length) => fixed(&signature, length).ok_or(KeyError::Library)?,
            None => signature,
        };
        Ok(Self { header, algorithm, encoded_header, signature })
    }

    /// Reads a signature.
    ///
    /// # Errors
    /// [`JwsError::Form`], [`JwsError::Header`], [`JwsError::Algorithm`].
    pub fn parse(text: &str) -> Result<Self, JwsError> {
        let mut parts = text.split('.');
        let (Some(encoded_header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwsError::Form { why: "it has not two dots" });
        };
        if !payload.is_empty() {
            return Err(JwsError::Form { why: "it has a payload of its own" });
        }
        let decode = |part: &str| {
            URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Form { why: "a part is not base64url" })
        };
        let (text, signature) = (decode(encoded_header)?, decode(signature)?);
        // An array would be read as the values of an object without its names.
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err(JwsError::Header { why: "it is no object".to_owned() });
        }
        let header: JwsHeader =
            serde_json::from_slice(&text).map_err(|error| JwsError::Header { why: error.to_string() })?;
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == header.alg);
        let algorithm = algorithm.ok_or_else(|| JwsError::Algorithm { found: header.alg.clone() })?;
        Ok(Self { header, algorithm, encoded_header: encoded_header.to_owned(), signature })
    }

    /// What the header says, which is of use once the signature was verified.
    pub fn header(&self) -> &JwsHeader {
        &self.header
    }

    /// Verifies it with a public key, given as `SubjectPublicKeyInfo`. The algorithm has to be the one of
    /// that kind of key: an RSA key verifies no ECDSA signature, and no symmetric one.
    ///
    /// # Errors
    /// [`JwsError::Signature`].
    pub fn verify(&self, payload: &[u8], subject_public_key_info: &[u8]) -> Result<(), JwsError> {
        let (kind, key) = public_key(subject_public_key_info).map_err(|_| JwsError::Signature)?;
        if Algorithm::of(kind) != Ok(self.algorithm) {
            return Err(JwsError::Signature);
        }
        let message = signed_bytes(&self.encoded_header, payload);
        UnparsedPublicKey::new(self.algorithm.verification(), key)
            .verify(&message, &self.signature)
            .map_err(|_| JwsError::Signature)
    }
}

impl std::fmt::Display for DetachedJws {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}..{}", self.encoded_header, URL_SAFE_NO_PAD.encode(&self.signature))
    }
}

/// The SHA-256 thumbprint of a public key, given as `SubjectPublicKeyInfo` (RFC 7638): of the members that a
/// JWK of its kind has to have, sorted, without white space.
///
/// # Errors
/// [`KeyError::Unsupported`], [`KeyError::Damaged`].
pub fn thumbprint(subject_public_key_info: &[u8]) -> Result<String, KeyError> {
    let (kind, key) = public_key(subject_public_key_info)?;
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let elliptic = |curve: &str, length: usize| match key {
        // An uncompressed point (SEC 1, 2.3.3).
        [4, point @ ..] if point.len() == 2 * length => {
            let (x, y) = point.split_at(length);
            Ok(format!(r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y)))
        }
        _ => Err(KeyError::Damaged),
    };
    let members = match kind {
        KeyAlgorithm::P256 => elliptic("P-256", 32)?,
        KeyAlgorithm::P384 => elliptic("P-384", 48)?,
        KeyAlgorithm::P521 => elliptic("P-521", 66)?,
        KeyAlgorithm::Ed25519 => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(key)),
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            let mut contents = whole_sequence(key).ok_or(KeyError::Damaged)?;
            let (modulus, exponent) = (number(&mut contents), number(&mut contents));
            let (Some(modulus), Some(exponent)) = (modulus, exponent) else { return Err(KeyError::Damaged) };
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(exponent), encode(modulus))
        }
    };
    Ok(encode(&sha256(members.as_bytes())))
}

/// RFC 7515, 5.1: the payload is encoded as if it were not detached.
fn signed_bytes(encoded_header: &str, payload: &[u8]) -> Vec<u8> {
    format!("{encoded_header}.{}", URL_SAFE_NO_PAD.encode(payload)).into_bytes()
}

/// An ECDSA signature in DER (RFC 3279, 2.2.3) as the two numbers one after the other, each of this length.
fn fixed(der: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut contents = whole_sequence(der)?;
    let mut joined = Vec::with_capacity(2 * length);
    for _ in 0..2 {
        let number = number(&mut contents)?;
        joined.resize(joined.len() + length.checked_sub(number.len())?, 0);
        joined.extend(number);
    }
    Some(joined)
}

/// The next number, without the zeros that only keep it from being negative.
fn number<'a>(contents: &mut Reader<'a>) -> Option<&'a [u8]> {
    let bytes = contents.take(INTEGER)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(&bytes[start..])
}
