//! Reads a bundle from the front to the end, and holds no file of it in memory.

use model::formats::Seal;
use std::fmt;
use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};
use zone_pki::{Certificate, hex};

use super::archive::{EntryHead, skip_padding};
use super::envelope::Envelope;
use super::error::BundleError;
use super::identity::Identity;
use super::manifest::{FileEntry, Manifest};
use super::unseal::{Plaintext, unseal};
use super::{MANIFEST_FILE, SIGNATURE_FILE};

/// A manifest of as many files as a bundle can have is far smaller.
const MANIFEST_AT_MOST: u64 = 4 << 20;
/// A signature and a certificate are far smaller.
const SIGNATURE_AT_MOST: u64 = 64 << 10;

/// A bundle whose manifest has been read.
///
/// Nothing of it is to be believed before [`verify_signature`](Self::verify_signature), and no file before
/// [`next_file`](Self::next_file) has returned none: only then it is known that the whole of it is there.
pub struct OpenBundle<R: Read> {
    archive: Plaintext<R>,
    seal: Seal,
    manifest: Manifest,
    envelope: Envelope,
    signer: Certificate,
    begun: usize,
    current: Option<Current>,
    ended: bool,
}

/// The file that is being read.
struct Current {
    left: u64,
    digest: Context,
}

impl<R: Read> OpenBundle<R> {
    /// Opens the seal, and reads the manifest and its signature, which is not checked yet.
    #[tracing::instrument(skip_all, name = "open bundle")]
    pub fn open(reader: R, identity: Option<&Identity>) -> Result<Self, BundleError> {
        let (mut archive, seal) = unseal(reader, identity)?;
        let manifest = Manifest::parse(read_leading(&mut archive, MANIFEST_FILE, MANIFEST_AT_MOST)?)?;
        let envelope = Envelope::parse(&read_leading(&mut archive, SIGNATURE_FILE, SIGNATURE_AT_MOST)?)?;
        let signer = envelope.certificate()?;
        Ok(Self { archive, seal, manifest, envelope, signer, begun: 0, current: None, ended: false })
    }

    /// What the bundle says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The signature of the manifest, as it is to be kept beside it.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    pub fn seal(&self) -> Seal {
        self.seal
    }

    /// Checks that the CA which the bundle names has signed its manifest, and returns that CA. Whether it is
    /// the right one is for the caller to know: by its fingerprint, or because it is trusted already.
    pub fn verify_signature(&self) -> Result<&Certificate, BundleError> {
        self.envelope.verify(&self.manifest, &self.signer)?;
        Ok(&self.signer)
    }

    /// Checks that the CA which signed chains to `pki/ca.crt`, of which these are the bytes.
    pub fn check_trust_file(&self, bytes: &[u8]) -> Result<(), BundleError> {
        self.envelope.check_trust_file(bytes)
    }

    /// The next file, which has to be that of the manifest. What is not read of the one before is read here,
    /// so that each is checked. None after the last, if nothing follows it.
    pub fn next_file(&mut self) -> Result<Option<(FileEntry, FileReader<'_, R>)>, BundleError> {
        io::copy(&mut FileReader { bundle: self }, &mut io::sink()).map_err(BundleError::from_reader)?;
        if self.ended {
            return Ok(None);
        }
        let head = EntryHead::read(&mut self.archive)?;
        let Some(entry) = self.manifest.files.get(self.begun) else {
            if let Some(head) = head {
                return Err(self.unexpected(head.path));
            }
            self.check_end()?;
            self.ended = true;
            return Ok(None);
        };
        let entry = entry.clone();
        match head {
            None => return Err(BundleError::Missing { path: entry.path }),
            Some(head) if head.path != entry.path => return Err(self.unexpected(head.path)),
            Some(head) => check_head(&head, &entry)?,
        }
        self.begun += 1;
        self.current = Some(Current { left: entry.size, digest: Context::new(&SHA256) });
        if entry.size == 0 {
            self.finish_file()?;
        }
        Ok(Some((entry, FileReader { bundle: self })))
    }

    /// What an entry is that is not the next of the manifest.
    fn unexpected(&self, path: String) -> BundleError {
        let (before, after) = self.manifest.files.split_at(self.begun);
        let leading = [MANIFEST_FILE, SIGNATURE_FILE].contains(&path.as_str());
        if leading || before.iter().any(|entry| entry.path == path) {
            return BundleError::Duplicate { path };
        }
        match after.first() {
            Some(expected) if after.iter().any(|entry| entry.path == path) => {
                BundleError::OutOfOrder { found: path, expected: expected.path.clone() }
            }
            _ => BundleError::Unlisted { path },
        }
    }

    fn read_current(&mut self, buffer: &mut [u8]) -> Result<usize, BundleError> {
        let Some(current) = &mut self.current else { return Ok(0) };
        let wanted = buffer.len().min(usize::try_from(current.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.archive.read(&mut buffer[..wanted]).map_err(BundleError::from_reader)?;
        if count == 0 {
            return Err(BundleError::Truncated);
        }
        current.digest.update(&buffer[..count]);
        current.left -= count as u64;
        if current.left == 0 {
            self.finish_file()?;
        }
        Ok(count)
    }

    /// Compares the file that was read to its end with its line of the manifest.
    fn finish_file(&mut self) -> Result<(), BundleError> {
        let (Some(current), Some(entry)) =
            (self.current.take(), self.begun.checked_sub(1).and_then(|index| self.manifest.files.get(index)))
        else {
            return Ok(());
        };
        skip_padding(&mut self.archive, entry.size)?;
        if hex::encode(current.digest.finish().as_ref()) == entry.sha256 {
            Ok(())
        } else {
            Err(BundleError::Digest { path: entry.path.clone() })
        }
    }

    fn check_end(&mut self) -> Result<(), BundleError> {
        match self.archive.read(&mut [0]).map_err(BundleError::from_reader) {
            Ok(0) => Ok(()),
            Err(error @ (BundleError::Read(_) | BundleError::Truncated)) => Err(error),
            Ok(_) => Err(BundleError::Trailing),
            // Every file is right. A checksum that was changed, and what is no part of a bundle, look alike
            // here.
            Err(_) => Err(BundleError::Damaged {
                why: "what follows its last file is not the end of a bundle".to_owned(),
            }),
        }
    }
}

fn check_head(head: &EntryHead, entry: &FileEntry) -> Result<(), BundleError> {
    let path = || entry.path.clone();
    if head.size != entry.size {
        return Err(BundleError::Size { path: path(), found: head.size, listed: entry.size });
    }
    if head.mode != entry.mode.bits() {
        return Err(BundleError::Mode { path: path(), found: head.mode, listed: entry.mode.bits() });
    }
    Ok(())
}

/// Reads an entry that has to come next, whole.
fn read_leading(archive: &mut impl Read, name: &str, most: u64) -> Result<Vec<u8>, BundleError> {
    let head = EntryHead::read(archive)?.ok_or_else(|| BundleError::Missing { path: name.to_owned() })?;
    if head.path != name {
        return Err(BundleError::OutOfOrder { found: head.path, expected: name.to_owned() });
    }
    if head.size > most {
        return Err(BundleError::TooLarge { path: head.path, size: head.size, most });
    }
    let mut bytes = Vec::new();
    archive.by_ref().take(head.size).read_to_end(&mut bytes).map_err(BundleError::from_reader)?;
    if (bytes.len() as u64) < head.size {
        return Err(BundleError::Truncated);
    }
    skip_padding(archive, head.size)?;
    Ok(bytes)
}

/// Reads one file of a bundle. The read that reaches its end fails if its digest is not that of the manifest;
/// a [`BundleError`] is within the error: [`BundleError::from_reader`] takes it out.
pub struct FileReader<'b, R: Read> {
    bundle: &'b mut OpenBundle<R>,
}

impl<R: Read> Read for FileReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.bundle.read_current(buffer)?)
    }
}

impl<R: Read> fmt::Debug for OpenBundle<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenBundle").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

impl<R: Read> fmt::Debug for FileReader<'_, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FileReader")
    }
}
