//! What opens a sealed bundle.

use std::fmt;

use age::secrecy::SecretString;
use zeroize::Zeroizing;
use zone_pki::private_file::PrivateFileError;

use super::ssh_key;
use host::passphrase::Passphrase;

/// An age identity file that is itself sealed begins with one of these.
const SEALED_IDENTITY: [&[u8]; 2] = [b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----"];

/// What opens a sealed bundle. It cannot be printed.
pub enum Identity {
    Passphrase(SecretString),
    Keys(Vec<Box<dyn age::Identity + Send + Sync>>),
}

/// Why an identity file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be a file with a key: a pipe, a device, or far too large.
    #[error("{0}")]
    NoKeyFile(#[source] PrivateFileError),
    /// No bytes, or no key among them.
    #[error("it holds no key")]
    Empty,
    /// The key itself is protected by a passphrase.
    #[error("the key in it is protected by a passphrase of its own")]
    Encrypted,
    /// A public key, which seals but does not open.
    #[error("it holds a public key, which seals a bundle but does not open it")]
    Public,
    #[error("it is an RSA key, and of SSH keys only those of the kind ssh-ed25519 open bundles")]
    Rsa,
    /// An SSH key of a kind that age does not seal to.
    #[error("no bundle is sealed to SSH keys of this kind, only to those of the kind ssh-ed25519")]
    Unsupported,
    #[error("it is neither an age identity file nor an SSH private key")]
    Unreadable,
}

impl Identity {
    /// The keys of an age identity file (`AGE-SECRET-KEY-1…`, one a line), or an SSH private key.
    pub fn from_file(bytes: &Zeroizing<Vec<u8>>) -> Result<Self, IdentityError> {
        let start = bytes.trim_ascii_start();
        if start.is_empty() {
            return Err(IdentityError::Empty);
        }
        if SEALED_IDENTITY.iter().any(|mark| start.starts_with(mark)) {
            return Err(IdentityError::Encrypted);
        }
        if [&b"ssh-"[..], b"age1"].iter().any(|mark| start.starts_with(mark)) {
            return Err(IdentityError::Public);
        }
        if start.starts_with(b"-----BEGIN ") {
            return ssh_identity(start);
        }
        let keys = age::IdentityFile::from_buffer(bytes.as_slice())
            .and_then(|file| file.into_identities().map_err(std::io::Error::other))
            .map_err(|_| IdentityError::Unreadable)?;
        if keys.is_empty() { Err(IdentityError::Empty) } else { Ok(Self::Keys(keys)) }
    }
}

fn ssh_identity(text: &[u8]) -> Result<Identity, IdentityError> {
    if ssh_key::private_is_rsa(text) {
        return Err(IdentityError::Rsa);
    }
    if ssh_key::private_has_zeros(text) {
        return Err(IdentityError::Unreadable);
    }
    match age::ssh::Identity::from_buffer(text, None).map_err(|_| IdentityError::Unreadable)? {
        identity @ age::ssh::Identity::Unencrypted(_) => Ok(Identity::Keys(vec![Box::new(identity)])),
        age::ssh::Identity::Encrypted(_) => Err(IdentityError::Encrypted),
        age::ssh::Identity::Unsupported(age::ssh::UnsupportedKey::EncryptedPem) => {
            Err(IdentityError::Encrypted)
        }
        age::ssh::Identity::Unsupported(_) => Err(IdentityError::Unsupported),
    }
}

impl From<&Passphrase> for Identity {
    fn from(passphrase: &Passphrase) -> Self {
        Self::Passphrase(SecretString::from(passphrase.as_str().to_owned()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Passphrase(_) => "Passphrase",
            Self::Keys(_) => "Keys",
        })
    }
}
