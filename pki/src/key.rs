//! Private keys: made here or read from PEM, held as PKCS#8, wiped when dropped.

mod kind;
mod pair;
mod public;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use rustls_pki_types::pem::SectionKind;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::pem;
pub(crate) use kind::dotted;
pub(crate) use pair::{KeyPair, signature_algorithm};
pub(crate) use public::PublicKey;

/// The kinds of key that are accepted; but for one they are made as well.
///
/// ECDSA P-256 is the default: every TLS stack reads it, and a key is made in microseconds, where RSA takes
/// milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256, signing with SHA-256. Written `p256`.
    #[default]
    P256,
    /// ECDSA on NIST P-384, signing with SHA-384. Written `p384`.
    P384,
    /// ECDSA on NIST P-521, signing with SHA-512. Accepted of others, never made: BoringSSL takes no
    /// such certificate.
    P521,
    /// Ed25519 (RFC 8410). Written `ed25519`.
    Ed25519,
    /// RSA, 2048 bits, signing PKCS#1 v1.5 with SHA-256, as do the two that follow. Written `rsa2048`.
    Rsa2048,
    /// RSA, 3072 bits. Written `rsa3072`.
    Rsa3072,
    /// RSA, 4096 bits. Written `rsa4096`.
    Rsa4096,
}

impl KeyAlgorithm {
    /// Every algorithm that a configuration can ask for, in the order in which a message lists them.
    pub const ALL: [Self; 6] =
        [Self::P256, Self::P384, Self::Ed25519, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    /// The word for it in a configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::P521 => "p521",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
        }
    }
}

/// The word is not one of `p256`, `p384`, `ed25519`, `rsa2048`, `rsa3072`, `rsa4096`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown key algorithm {0:?}, known are p256, p384, ed25519, rsa2048, rsa3072, rsa4096")]
pub struct UnknownKeyAlgorithm(pub String);

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == word);
        found.ok_or_else(|| UnknownKeyAlgorithm(word.to_owned()))
    }
}

impl TryFrom<String> for KeyAlgorithm {
    type Error = UnknownKeyAlgorithm;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        word.parse()
    }
}

impl From<KeyAlgorithm> for String {
    fn from(algorithm: KeyAlgorithm) -> Self {
        algorithm.as_str().to_owned()
    }
}

/// Why there is no private key to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No bytes, or nothing but white space.
    #[error("it is empty")]
    Empty,
    /// Bytes, but no PEM block begins in them.
    #[error("it holds no PEM block")]
    NoPem,
    /// A certificate, or a request for one, stands where the key should be; most often the two paths are
    /// swapped.
    #[error("it holds a certificate where a private key should be")]
    Certificate,
    /// `ENCRYPTED PRIVATE KEY` (RFC 5958), or the older `Proc-Type: 4,ENCRYPTED` of RFC 1421.
    #[error("the private key is encrypted")]
    Encrypted,
    /// A PEM block, but no private key in it.
    #[error("it holds a {label:?} block and no private key")]
    NoKey {
        /// The label of the first block.
        label: String,
    },
    /// Two private keys or more: which one is meant cannot be known.
    #[error("it holds more than one private key")]
    Several,
    /// The encoding is cut short or inconsistent.
    #[error("the private key is truncated or damaged")]
    Damaged,
    /// PEM that etcd does not read; the reason, for a message.
    #[error("{0}")]
    UnlikeGo(&'static str),
    /// A sound key of a kind that is not used here, such as P-224, or RSA below 2048 bits.
    #[error("keys of the kind {algorithm} are not supported")]
    Unsupported {
        /// What it is, such as `ECDSA P-224`, or the dotted object identifier.
        algorithm: String,
    },
    /// The cryptographic library could not make or use a key.
    #[error("the cryptographic library failed")]
    Library,
}

/// A private key with its public half. It cannot be printed and is wiped when dropped.
pub struct PrivateKey {
    algorithm: KeyAlgorithm,
    pkcs8: Zeroizing<Vec<u8>>,
    public_key: Vec<u8>,
    subject_public_key_info: Vec<u8>,
}

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::Library`] if the library fails, which it does only when out of memory or of randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        Self::from_pair(&KeyPair::generate(algorithm)?)
    }

    /// Reads the one private key in a PEM file: PKCS#8 (RFC 5958), SEC1 `EC PRIVATE KEY` (RFC 5915) or PKCS#1
    /// `RSA PRIVATE KEY` (RFC 8017).
    ///
    /// `EC PARAMETERS`, which `openssl ecparam -genkey` writes first, is passed over. So are certificates
    /// after or before a key: some tools write both into one file.
    ///
    /// # Errors
    /// As [`KeyError`] says, one variant for each thing that can be wrong.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let (kind, der) = the_one_key(text)?;
        Self::from_pair(&kind::read(kind, &der)?)
    }

    /// The PEM of the key as PKCS#8 version 1, label `PRIVATE KEY`, with a final line feed.
    pub fn to_pem(&self) -> Zeroizing<String> {
        pem::encode("PRIVATE KEY", &self.pkcs8)
    }

    /// The DER of the key as PKCS#8 version 1.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The DER of the `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7).
    pub fn subject_public_key_info(&self) -> &[u8] {
        &self.subject_public_key_info
    }

    /// SHA-256 of [`subject_public_key_info`](Self::subject_public_key_info).
    pub fn subject_public_key_sha256(&self) -> [u8; 32] {
        sha256(&self.subject_public_key_info)
    }

    /// What kind of key it is. For an RSA key of another length, the greatest listed length that it reaches.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The public key as a `SubjectPublicKeyInfo` carries it inside: a point, 32 bytes, or an `RSAPublicKey`.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The key, ready to sign.
    pub(crate) fn pair(&self) -> Result<KeyPair, KeyError> {
        kind::read(SectionKind::PrivateKey, &self.pkcs8)
    }

    /// Reads a key in DER as PKCS#8.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_pair(&kind::read(SectionKind::PrivateKey, der)?)
    }

    fn from_pair(pair: &KeyPair) -> Result<Self, KeyError> {
        Ok(Self {
            algorithm: pair.algorithm(),
            pkcs8: pair.to_pkcs8()?,
            public_key: pair.public_key().to_vec(),
            subject_public_key_info: pair.subject_public_key_info(),
        })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrivateKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// The kind of a public key, given as `SubjectPublicKeyInfo`, and the key inside; for RSA the least kind.
pub(crate) fn public_key(subject_public_key_info: &[u8]) -> Result<(KeyAlgorithm, &[u8]), KeyError> {
    kind::public(subject_public_key_info)
}

/// SHA-256, as an array.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Finds the only key among the blocks, or says what is there in its place.
fn the_one_key(text: &[u8]) -> Result<(SectionKind, Zeroizing<Vec<u8>>), KeyError> {
    if text.trim_ascii().is_empty() {
        return Err(KeyError::Empty);
    }
    let labels: Vec<String> = pem::labels(text).collect();
    let Some(first) = labels.first() else { return Err(KeyError::NoPem) };
    let keys: Vec<&String> = labels.iter().filter(|label| label.ends_with("PRIVATE KEY")).collect();
    match keys.as_slice() {
        [] if labels.iter().any(|label| label.contains("CERTIFICATE")) => return Err(KeyError::Certificate),
        [] => return Err(KeyError::NoKey { label: first.clone() }),
        [label] if label.as_str() == "ENCRYPTED PRIVATE KEY" || has_encryption_header(text) => {
            return Err(KeyError::Encrypted);
        }
        [label] if !matches!(label.as_str(), "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY") => {
            return Err(KeyError::Unsupported {
                algorithm: label.trim_end_matches(" PRIVATE KEY").to_owned(),
            });
        }
        [_] => {}
        _ => return Err(KeyError::Several),
    }
    pem::refuse_unlike_go(text).map_err(KeyError::UnlikeGo)?;
    let sections = pem::decode(text).map_err(|_| KeyError::Damaged)?;
    let is_key = |kind: SectionKind| {
        matches!(kind, SectionKind::PrivateKey | SectionKind::EcPrivateKey | SectionKind::RsaPrivateKey)
    };
    sections.into_iter().find(|(kind, _)| is_key(*kind)).ok_or(KeyError::Damaged)
}

/// RFC 1421, 4.6.1.1: how `openssl ec -aes256` still marks an encrypted `EC PRIVATE KEY`.
fn has_encryption_header(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"Proc-Type:") && line.trim_ascii().ends_with(b"ENCRYPTED"))
}
