//! SSH keys that are not given to the library for them: found before, by their own bytes.
//!
//! - RSA keys. What decrypts with one tells by the time it takes what the key is (RUSTSEC-2023-0071, without
//!   a fix).
//! - A number that is written as nothing but zero bytes (RFC 4251, section 5, has zero without any) ends its
//!   reader with a panic.

use zeroize::Zeroizing;

pub(super) const RSA: &str = "ssh-rsa";
/// How the form begins that OpenSSL has for them (RFC 8017, appendix A.1.2).
const RSA_PEM: &[u8] = b"-----BEGIN RSA PRIVATE KEY-----";
/// How the binary form of a private key begins (OpenSSH, `PROTOCOL.key`).
const PRIVATE: &[u8] = b"openssh-key-v1\0";

/// Whether the key of a line of a public key file has such a number. `base64` is its second word.
pub(super) fn public_has_zeros(base64: &str) -> bool {
    has_zeros(&decoded(base64.bytes()))
}

/// Whether the private key in a PEM file has such a number, as far as it is not encrypted.
pub(super) fn private_has_zeros(pem: &[u8]) -> bool {
    with_parts(pem, |public, private| has_zeros(public) || has_zeros(private))
}

/// Whether the private key in a PEM file is one of RSA, encrypted or not.
pub(super) fn private_is_rsa(pem: &[u8]) -> bool {
    let is_rsa = |mut key: &[u8]| take(&mut key) == Some(RSA.as_bytes());
    pem.starts_with(RSA_PEM) || with_parts(pem, |public, private| is_rsa(public) || is_rsa(private))
}

/// Asks about the fields of the public and of the private key in a PEM file of OpenSSH. False if it is
/// not such a key.
fn with_parts(pem: &[u8], ask: impl FnOnce(&[u8], &[u8]) -> bool) -> bool {
    let lines = pem.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.starts_with(b"-----"));
    let bytes = decoded(lines.flatten().copied());
    let Some(mut rest) = bytes.strip_prefix(PRIVATE) else { return false };
    // Cipher, derivation and its parameters, then the number of keys.
    for _ in 0..3 {
        if take(&mut rest).is_none() {
            return false;
        }
    }
    let Some(mut keys) = rest.get(4..) else { return false };
    let public = take(&mut keys).unwrap_or_default();
    // Two numbers of four bytes precede a private key.
    let private = take(&mut keys).and_then(|keys| keys.get(8..)).unwrap_or_default();
    ask(public, private)
}

/// Whether a field of a key, one after the other, has bytes and all of them are zero.
fn has_zeros(mut key: &[u8]) -> bool {
    while let Some(field) = take(&mut key) {
        if !field.is_empty() && field.iter().all(|byte| *byte == 0) {
            return true;
        }
    }
    false
}

/// The next field: four bytes of length, and so many bytes.
fn take<'k>(key: &mut &'k [u8]) -> Option<&'k [u8]> {
    let (length, rest) = key.split_first_chunk()?;
    let (field, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *key = rest;
    Some(field)
}

/// Base64 (RFC 4648, section 4), up to the first other byte.
fn decoded(text: impl Iterator<Item = u8>) -> Zeroizing<Vec<u8>> {
    // As large as any key, so that no copy is left behind when it would grow.
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 << 10));
    let (mut bits, mut count) = (0_u32, 0);
    for character in text {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
