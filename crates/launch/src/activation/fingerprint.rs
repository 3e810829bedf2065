//! The fingerprint of a root certificate, as people copy it from one machine to another.

use std::fmt;
use std::str::FromStr;

use zone_pki::Certificate;

/// SHA-256 of a certificate's DER: what `openssl x509 -fingerprint -sha256` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// It has another length, as a SHA-1 fingerprint has 40.
    #[error("it has {0} hexadecimal digits, and a SHA-256 fingerprint has 64")]
    Length(usize),
    #[error("it has `{0}` in it, which is no hexadecimal digit")]
    Digit(char),
}

impl Fingerprint {
    pub fn of(certificate: &Certificate) -> Self {
        Self(certificate.fingerprint_sha256())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads 64 hexadecimal digits in any case, with or without colons and blanks, also as the whole line
    /// that openssl prints.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let value = text.rsplit_once('=').map_or(text, |(_, value)| value);
        let digits: Vec<char> = value.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
        if let Some(other) = digits.iter().find(|c| !c.is_ascii_hexdigit()) {
            return Err(FingerprintError::Digit(*other));
        }
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(FingerprintError::Length(digits.len()));
        }
        let nibble = |c: &char| c.to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or_default();
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |value, digit| value << 4 | nibble(digit));
        }
        Ok(Self(bytes))
    }
}

/// As openssl prints it: upper case, a colon between two bytes.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}
