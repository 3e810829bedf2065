//! Private keys under a passphrase: PKCS#8 `EncryptedPrivateKeyInfo` (RFC 5958, section 3) with PBES2 (RFC
//! 8018).
//!
//! What is written here, `openssl pkey` reads without options. What is read here is that, and what OpenSSL
//! writes: PBKDF2 with any of the SHA functions, or scrypt, and AES in CBC mode. The costs that a file asks
//! for are bounded.

mod decryption;
mod scheme;

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Encode;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::pkcs5::pbes2;
use zeroize::Zeroizing;

use crate::key::{KeyError, PrivateKey};
use crate::pem;

/// The label of such a key in PEM.
const LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// How often the passphrase is hashed for a key that is written here: a fifth of a second, once in each
/// process.
const ITERATIONS: u32 = 600_000;

/// Why an encrypted key was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// Nothing that is sound came out. With another salt or iteration count than it was written with, a file
    /// cannot be told from one that has another passphrase.
    #[error("the passphrase is wrong, unless the file is damaged where that looks the same")]
    Passphrase,
    /// The structure is cut short or inconsistent, or the passphrase is right and the key inside is damaged.
    #[error("the encrypted key is damaged: {reason}")]
    Damaged {
        /// What shows it.
        reason: &'static str,
    },
    /// A sound structure, but with a cipher or a derivation that is not used here.
    #[error("keys that are encrypted with {algorithm} are not supported")]
    Unsupported {
        /// Its name, or the dotted object identifier.
        algorithm: String,
    },
    /// To open it would take more time or memory than any honest file asks for.
    #[error("the file asks for {cost}, and at most {limit} is granted")]
    Cost {
        /// What it asks for.
        cost: String,
        /// The bound.
        limit: String,
    },
    /// No encrypted key, or the key inside is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Whether the only private key in a PEM file is an encrypted one.
pub fn is_encrypted(text: &[u8]) -> bool {
    matches!(PrivateKey::from_pem(text), Err(KeyError::Encrypted))
}

/// The PEM of a key under a passphrase: PBES2 with PBKDF2-HMAC-SHA256, 600,000 times, and AES-256-CBC.
///
/// # Errors
/// [`KeyError::Library`] if the library fails, which it does only when out of memory or of randomness.
pub fn encrypt(key: &PrivateKey, passphrase: &str) -> Result<String, KeyError> {
    let library = |_| KeyError::Library;
    let (mut salt, mut vector) = ([0; 16], [0; 16]);
    rand::fill(&mut salt).map_err(|_| KeyError::Library)?;
    rand::fill(&mut vector).map_err(|_| KeyError::Library)?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, vector)
        .map_err(|_| KeyError::Library)?;
    let derived = scheme::derive(&parameters, passphrase).map_err(|_| KeyError::Library)?;

    // The padding takes up to a block more: a buffer that had to grow would leave a copy of the key behind.
    let mut sealed = Zeroizing::new(Vec::with_capacity(key.pkcs8_der().len() + 16));
    sealed.extend_from_slice(key.pkcs8_der());
    let cipher_key = UnboundCipherKey::new(&AES_256, &derived).map_err(library)?;
    let context = EncryptionContext::Iv128(FixedLength::from(vector));
    PaddedBlockEncryptingKey::cbc_pkcs7(cipher_key)
        .and_then(|cipher| cipher.less_safe_encrypt(&mut *sealed, context))
        .map_err(library)?;

    let encrypted_data = OctetStringRef::new(&sealed).map_err(|_| KeyError::Library)?;
    let document = EncryptedPrivateKeyInfoRef { encryption_algorithm: parameters.into(), encrypted_data };
    let der = document.to_der().map_err(|_| KeyError::Library)?;
    Ok(std::mem::take(&mut *pem::encode(LABEL, &der)))
}

/// Opens the only private key in a PEM file, which is an encrypted one.
///
/// # Errors
/// As [`DecryptError`] says, one variant for each thing that can be wrong.
pub fn decrypt(text: &[u8], passphrase: &str) -> Result<PrivateKey, DecryptError> {
    match PrivateKey::from_pem(text) {
        Err(KeyError::Encrypted) => {}
        Ok(_) => return Err(KeyError::NoKey { label: "PRIVATE KEY".to_owned() }.into()),
        Err(error) => return Err(error.into()),
    }
    if !pem::labels(text).any(|label| label == LABEL) {
        return Err(DecryptError::Unsupported { algorithm: "the PEM headers of RFC 1421".to_owned() });
    }
    let der = document(text)?;
    let (parameters, sealed) = scheme::read(der.as_bytes())?;
    let derived = scheme::derive(&parameters, passphrase)?;
    let opened = decryption::open(&parameters, &derived, sealed)?;
    match PrivateKey::from_pkcs8(&opened) {
        // The passphrase is right, or the beginning and the end of the key would not be what they are.
        Err(KeyError::Damaged) => Err(DecryptError::Damaged { reason: "what is inside is no private key" }),
        result => Ok(result?),
    }
}

fn document(text: &[u8]) -> Result<pkcs8::SecretDocument, DecryptError> {
    let damaged = || DecryptError::Damaged { reason: "the PEM block is not whole" };
    let text = std::str::from_utf8(text).map_err(|_| damaged())?;
    let start = text.find(&format!("-----BEGIN {LABEL}-----")).ok_or_else(damaged)?;
    let (_, document) = pkcs8::SecretDocument::from_pem(&text[start..]).map_err(|_| damaged())?;
    Ok(document)
}
