//! The outer layers of a bundle: age, or nothing, and zstd.

use std::io::{self, BufReader, Chain, Cursor, Read};

use age::stream::StreamReader;
use age::{DecryptError, Decryptor};

use super::error::BundleError;
use super::identity::Identity;
use model::formats::Seal;

/// An age file begins so, whatever its version.
pub(crate) const AGE: &[u8] = b"age-encryption.org/";
/// The same in ASCII, which bundles are not.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// A zstd frame begins so.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The binary logarithm of scrypt's N: 1 GiB of memory and some seconds, no more, for a file that anyone may
/// have made.
const WORK_FACTOR_AT_MOST: u8 = 20;
/// How the last line of the head of an age file begins.
const LAST_OF_HEAD: &[u8] = b"\n---";
/// Recipients by the hundred. Age reads a head again with every piece of it that arrives, so a long one would
/// take for ever.
const HEAD_AT_MOST: usize = 128 << 10;
/// The binary logarithm of the window that a frame may ask for: 8 MiB.
const WINDOW_LOG_AT_MOST: u32 = 23;

/// What lies below the seal and the compression: a tar archive.
pub(super) type Plaintext<R> = zstd::Decoder<'static, BufReader<Unsealed<R>>>;

/// What lies below the seal.
pub(super) enum Unsealed<R: Read> {
    Plain(Whole<R>),
    Sealed(Box<StreamReader<Whole<R>>>),
}

/// The bytes of the bundle from the first one on, of which some have been looked at.
type Whole<R> = BufReader<Chain<Cursor<Vec<u8>>, Source<R>>>;

/// The reader that was given. What the system refuses is told apart from what the layers above find wrong.
pub(super) struct Source<R>(R);

/// Opens the layers. Without an error, nothing more than the head was read.
pub(super) fn unseal<R: Read>(
    reader: R,
    identity: Option<&Identity>,
) -> Result<(Plaintext<R>, Seal), BundleError> {
    let mut source = Source(reader);
    let mut head = Vec::with_capacity(ARMOR.len());
    source.by_ref().take(ARMOR.len() as u64).read_to_end(&mut head).map_err(BundleError::from_reader)?;
    let kind = kind(&head)?;
    if let Kind::Age = kind {
        read_head(&mut source, &mut head)?;
    }
    let whole = BufReader::new(Cursor::new(head).chain(source));
    let (unsealed, seal) = match kind {
        Kind::Plain => (Unsealed::Plain(whole), Seal::Plain),
        Kind::Age => {
            let (opened, seal) = open_seal(whole, identity)?;
            (Unsealed::Sealed(Box::new(opened)), seal)
        }
    };
    let mut decoder = zstd::Decoder::new(unsealed).map_err(BundleError::from_reader)?;
    decoder.window_log_max(WINDOW_LOG_AT_MOST).map_err(BundleError::from_reader)?;
    Ok((decoder, seal))
}

/// Opens an age file that is nothing else below its seal.
pub(crate) fn open_age(reader: impl Read, identity: Option<&Identity>) -> Result<impl Read, BundleError> {
    let mut source = Source(reader);
    let mut head = Vec::with_capacity(AGE.len());
    source.by_ref().take(AGE.len() as u64).read_to_end(&mut head).map_err(BundleError::from_reader)?;
    if head != AGE {
        return Err(BundleError::Damaged { why: "it does not begin as an age file".to_owned() });
    }
    read_head(&mut source, &mut head)?;
    let whole = BufReader::new(Cursor::new(head).chain(source));
    open_seal(whole, identity).map(|(opened, _)| opened)
}

enum Kind {
    Plain,
    Age,
}

fn kind(head: &[u8]) -> Result<Kind, BundleError> {
    let not_a_bundle = |why: &str| Err(BundleError::NotABundle { why: why.to_owned() });
    match head {
        [] => Err(BundleError::Empty),
        head if head.starts_with(AGE) => Ok(Kind::Age),
        head if head.starts_with(ZSTD) => Ok(Kind::Plain),
        head if AGE.starts_with(head) || ZSTD.starts_with(head) => Err(BundleError::Truncated),
        head if head.starts_with(ARMOR) => {
            not_a_bundle("it is an age file in ASCII armor, and bundles are binary")
        }
        head if head.starts_with(b"-----BEGIN ") => not_a_bundle("it is a PEM file"),
        _ => not_a_bundle("it begins neither as an age file nor as a plain bundle"),
    }
}

/// Reads on until the head of an age file is whole, or longer than any.
fn read_head(source: &mut impl Read, head: &mut Vec<u8>) -> Result<(), BundleError> {
    let mut piece = [0; 4096];
    let mut searched = 0;
    while memchr::memmem::find(&head[searched..], LAST_OF_HEAD).is_none() {
        if head.len() > HEAD_AT_MOST {
            return Err(BundleError::Damaged { why: "its seal is longer than any".to_owned() });
        }
        searched = head.len().saturating_sub(LAST_OF_HEAD.len());
        match source.read(&mut piece) {
            // Age tells a head that was cut off from one of a version that it does not know.
            Ok(0) => return Ok(()),
            Ok(count) => head.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(BundleError::from_reader(error)),
        }
    }
    Ok(())
}

fn open_seal<R: Read>(
    whole: Whole<R>,
    identity: Option<&Identity>,
) -> Result<(StreamReader<Whole<R>>, Seal), BundleError> {
    let decryptor = Decryptor::new_buffered(whole).map_err(seal_error)?;
    let sealed_with_passphrase = decryptor.is_scrypt();
    let opened = match identity {
        Some(Identity::Passphrase(passphrase)) if sealed_with_passphrase => {
            let mut identity = age::scrypt::Identity::new(passphrase.clone());
            identity.set_max_work_factor(WORK_FACTOR_AT_MOST);
            decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
        }
        _ if sealed_with_passphrase => return Err(BundleError::PassphraseNeeded),
        Some(Identity::Keys(keys)) => {
            decryptor.decrypt(keys.iter().map(|key| key.as_ref() as &dyn age::Identity))
        }
        _ => return Err(BundleError::IdentityNeeded),
    };
    match opened {
        Ok(opened) if sealed_with_passphrase => Ok((opened, Seal::Passphrase)),
        Ok(opened) => Ok((opened, Seal::Recipients)),
        Err(DecryptError::DecryptionFailed) if sealed_with_passphrase => Err(BundleError::WrongPassphrase),
        Err(error) => Err(seal_error(error)),
    }
}

/// In our own words: the library's are those of its own command line.
fn seal_error(error: DecryptError) -> BundleError {
    match error {
        DecryptError::Io(error) => BundleError::from_reader(error),
        DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed => BundleError::OtherIdentity,
        DecryptError::ExcessiveWork { required, .. } => {
            BundleError::WorkFactor { found: required, most: WORK_FACTOR_AT_MOST }
        }
        DecryptError::UnknownFormat => BundleError::NewerSeal,
        DecryptError::InvalidMac => {
            BundleError::Damaged { why: "the code that protects the seal does not fit".to_owned() }
        }
        _ => BundleError::Damaged { why: "the seal is not one that age writes".to_owned() },
    }
}

impl<R: Read> Read for Unsealed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(whole) => whole.read(buffer),
            Self::Sealed(opened) => opened.read(buffer),
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            // The layers above try again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            result => result.map_err(|error| BundleError::Read(error).into()),
        }
    }
}
