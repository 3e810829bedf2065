//! Decrypts, and judges what comes out: a wrong passphrase and a damaged file look different.
//!
//! CBC with a wrong key makes noise of everything. With the right key, damage stays where it is: a block of
//! the ciphertext spoils itself and the one after it. So a sound beginning or a sound end says that the
//! passphrase is right.

use aws_lc_rs::cipher::{AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Parameters};
use zeroize::Zeroizing;

use super::{DecryptError, scheme};
use crate::key::KeyError;

/// The block of AES, in bytes.
const BLOCK: usize = 16;
/// How many equal bytes of padding noise does not end with: one in 16 million does.
const TELLING: usize = 3;

/// What is inside, without the padding.
pub(super) fn open(
    parameters: &Parameters,
    key: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    if sealed.is_empty() || !sealed.len().is_multiple_of(BLOCK) {
        return Err(DecryptError::Damaged { reason: "the encrypted part is cut short" });
    }
    let mut plain = Zeroizing::new(sealed.to_vec());
    decipher(&parameters.encryption, key, &mut plain)?;
    match (padding(&plain), begins_like_a_key(&plain)) {
        (Some(padding), true) => {
            let length = plain.len() - padding;
            plain.truncate(length);
            Ok(plain)
        }
        (None, true) => Err(DecryptError::Damaged { reason: "its end is not what was written" }),
        (Some(TELLING..), false) => {
            Err(DecryptError::Damaged { reason: "its beginning is not what was written" })
        }
        _ => Err(DecryptError::Passphrase),
    }
}

fn decipher(cipher: &EncryptionScheme, key: &[u8], text: &mut [u8]) -> Result<(), DecryptError> {
    let (algorithm, vector) = match cipher {
        EncryptionScheme::Aes128Cbc { iv } => (&AES_128, *iv),
        EncryptionScheme::Aes192Cbc { iv } => (&AES_192, *iv),
        EncryptionScheme::Aes256Cbc { iv } => (&AES_256, *iv),
        other => return Err(scheme::unsupported(other.oid())),
    };
    let context = DecryptionContext::Iv128(FixedLength::from(vector));
    // Without looking at the padding: what is wrong with it is judged by the caller.
    UnboundCipherKey::new(algorithm, key)
        .and_then(DecryptingKey::cbc)
        .and_then(|cipher| cipher.decrypt(text, context).map(|_| ()))
        .map_err(|_| KeyError::Library.into())
}

/// How many bytes were added (RFC 8018, appendix B.2.5: each says how many they are); none if these are not
/// such bytes.
fn padding(plain: &[u8]) -> Option<usize> {
    let count = usize::from(*plain.last()?);
    let is_padding = (1..=BLOCK).contains(&count) && plain.ends_with(&vec![plain[plain.len() - 1]; count]);
    is_padding.then_some(count)
}

/// `PrivateKeyInfo` (RFC 5958): a sequence that fills all but the padding, and in it the version, 0 or 1.
fn begins_like_a_key(plain: &[u8]) -> bool {
    let Some(rest) = plain.strip_prefix(&[0x30]) else { return false };
    let (header, length) = match rest {
        [short @ 0..=0x7f, ..] => (2, usize::from(*short)),
        [0x81, length, ..] => (3, usize::from(*length)),
        [0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => return false,
    };
    let fills = (1..=BLOCK).contains(&plain.len().saturating_sub(header + length));
    fills && matches!(plain[header..], [0x02, 0x01, 0 | 1, ..])
}
