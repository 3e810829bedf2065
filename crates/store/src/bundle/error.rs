//! Why a bundle cannot be used.

use std::io;

use model::formats::FormatError;

/// What is wrong with a bundle, one variant for each thing that can be.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The system refused to read on.
    #[error("it cannot be read: {0}")]
    Read(#[source] io::Error),
    #[error("it is empty")]
    Empty,
    /// Neither an age file nor a plain bundle.
    #[error("it is no bundle: {why}")]
    NotABundle {
        /// What it is, or is not.
        why: String,
    },
    /// Made by a newer version of this program, or sealed in a newer format of age.
    #[error("its format is {found}, and this program knows {known}")]
    Newer { found: u32, known: u32 },
    /// A newer format of age.
    #[error("it is sealed in a format of age that this program does not know")]
    NewerSeal,
    /// It ends too soon.
    #[error("it is cut off")]
    Truncated,
    /// What protects the whole of it does not fit.
    #[error("it was cut off or changed after it was made: {why}")]
    Damaged { why: String },
    /// Sealed, and nothing was given to open it.
    #[error("it is sealed with a passphrase, and none was given")]
    PassphraseNeeded,
    /// Sealed, and nothing, or only a passphrase, was given to open it.
    #[error("it is sealed to the key of its node, and no identity was given")]
    IdentityNeeded,
    /// The passphrase is another one.
    #[error("the passphrase is not the one that it was sealed with")]
    WrongPassphrase,
    /// None of the identities is one that it is sealed to.
    #[error("it is not sealed to this identity")]
    OtherIdentity,
    /// To try the passphrase would take too long.
    #[error("to try a passphrase takes a work factor of {found}, and at most {most} is tried")]
    WorkFactor {
        /// The binary logarithm of scrypt's N in the file.
        found: u8,
        most: u8,
    },
    #[error("its manifest cannot be used: {why}")]
    Manifest { why: String },
    /// The envelope of the signature is not one.
    #[error("its signature cannot be read: {why}")]
    Envelope { why: String },
    /// The signature is not by the CA that is named.
    #[error("the signature of its manifest is not by the CA that it names")]
    Signature,
    /// The signer in the envelope is not the one in the manifest, or chains to nothing in the trust file.
    #[error("{place} is not the CA that the manifest names")]
    OtherSigner {
        /// Where the other CA is.
        place: &'static str,
    },
    /// A path that leads elsewhere.
    #[error("the path {path:?} is not one that a bundle may write to")]
    Path { path: String },
    /// The same path a second time.
    #[error("{path} is there twice")]
    Duplicate { path: String },
    /// A link, a device, a directory, or an extension of tar.
    #[error("{path:?} is {kind}, and a bundle has only regular files")]
    Kind {
        path: String,
        /// What it is, with an article.
        kind: &'static str,
    },
    /// A length that no such file has.
    #[error("{path} has {size} bytes, of at most {most}")]
    TooLarge { path: String, size: u64, most: u64 },
    /// A private key that others may read.
    #[error("{path} is a private key, and its mode is not 0600")]
    OpenKey { path: String },
    /// A file that the manifest does not list.
    #[error("{path:?} is not in the manifest")]
    Unlisted { path: String },
    /// Another file than the next of the manifest.
    #[error("{found} is in the place of {expected}")]
    OutOfOrder {
        found: String,
        /// What the manifest lists there.
        expected: String,
    },
    /// A file of the manifest that is not there.
    #[error("{path} is missing")]
    Missing { path: String },
    /// The length in the archive is not that of the manifest.
    #[error("{path} has {found} bytes, and {listed} in the manifest")]
    Size {
        path: String,
        /// In the archive.
        found: u64,
        /// In the manifest.
        listed: u64,
    },
    /// The mode in the archive is not that of the manifest.
    #[error("{path} has mode {found:04o}, and {listed:04o} in the manifest")]
    Mode {
        path: String,
        /// In the archive.
        found: u32,
        /// In the manifest.
        listed: u32,
    },
    /// The bytes are not those of the manifest.
    #[error("{path} is damaged: its digest is not that of the manifest")]
    Digest { path: String },
    /// Bytes after the end.
    #[error("something follows its last file")]
    Trailing,
}

impl BundleError {
    /// The error of a reader that goes through the layers of a bundle: an error of this kind that comes back,
    /// an error of the system, or a layer that does not fit.
    pub fn from_reader(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Self::Truncated,
            Err(error) => Self::Damaged { why: error.to_string() },
        }
    }
}

impl From<BundleError> for io::Error {
    fn from(error: BundleError) -> Self {
        Self::other(error)
    }
}

impl From<FormatError> for BundleError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Damaged(error) => Self::Manifest { why: error.to_string() },
            FormatError::Unknown { found, known } => Self::Newer { found, known },
        }
    }
}
