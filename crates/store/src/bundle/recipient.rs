//! Public keys that bundles are sealed to.

use std::fmt;

use age::ssh::ParseRecipientKeyError;

use super::ssh_key;

/// Why a text is no key to seal to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// A private key in the place of a public one. The text is not shown.
    #[error("it is a private key, which belongs on its node alone")]
    Private,
    /// An age key of a plugin or of another kind.
    #[error("age keys of this kind need a plugin, and only those that age-keygen makes are taken")]
    Plugin,
    /// An SSH key of another kind.
    #[error("bundles are not sealed to SSH keys of the kind {0}, only to ssh-ed25519")]
    Kind(String),
    #[error("it is neither an age public key (age1…) nor an SSH public key (ssh-ed25519 …)")]
    Unreadable,
}

/// A public key that a bundle is sealed to.
pub struct Recipient {
    written: String,
    pub(super) key: Box<dyn age::Recipient + Send + Sync>,
}

impl Recipient {
    /// Reads an age public key, or a line of an SSH public key file.
    pub fn parse(text: &str) -> Result<Self, RecipientError> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") || text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            return Err(RecipientError::Private);
        }
        if let Ok(key) = text.parse::<age::x25519::Recipient>() {
            return Ok(Self { written: key.to_string(), key: Box::new(key) });
        }
        if text.starts_with("age1") && text.bytes().filter(|byte| *byte == b'1').count() > 1 {
            return Err(RecipientError::Plugin);
        }
        let (kind, key) = kind_and_key(text).ok_or(RecipientError::Unreadable)?;
        if kind == ssh_key::RSA {
            return Err(RecipientError::Kind(kind.to_owned()));
        }
        if ssh_key::public_has_zeros(key) {
            return Err(RecipientError::Unreadable);
        }
        match text.parse::<age::ssh::Recipient>() {
            // The comment says nothing of the key.
            Ok(parsed) => Ok(Self { written: format!("{kind} {key}"), key: Box::new(parsed) }),
            Err(ParseRecipientKeyError::Unsupported(kind)) => Err(RecipientError::Kind(kind)),
            Err(_) => Err(RecipientError::Unreadable),
        }
    }

    /// The key, without a comment.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

/// The first words of an SSH public key. None if there is something else in the key than base64: the library
/// reads it up to there.
fn kind_and_key(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_ascii_whitespace();
    let (kind, key) = (words.next()?, words.next()?);
    let is_base64 = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    is_base64.then_some((kind, key))
}

impl fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Recipient").field(&self.written).finish()
    }
}
