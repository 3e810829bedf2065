//! Writes a bundle: tar, zstd and the seal, with the digest of the whole.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};
use zeroize::Zeroizing;

use super::archive::{BLOCK, EntryHead};
use super::envelope::Envelope;
use super::manifest::{FileEntry, FileMode, Manifest};
use super::programs::Programs;
use super::seal::Sealing;
use super::{MANIFEST_FILE, SIGNATURE_FILE};

/// zstd's own default. What is left of the certificates and keys is random.
const COMPRESSION: i32 = 3;

/// A file that is held in memory, since it is small and may be secret.
#[derive(Debug)]
pub struct BundleFile {
    pub entry: FileEntry,
    pub bytes: Zeroizing<Vec<u8>>,
}

impl BundleFile {
    pub fn new(path: impl Into<String>, bytes: Zeroizing<Vec<u8>>, mode: FileMode) -> Self {
        Self { entry: FileEntry::of(path, &bytes, mode), bytes }
    }
}

/// Writes the bundle, and returns the SHA-256 of what was written. `files` are the first of the manifest, and
/// `programs` the rest.
#[tracing::instrument(skip_all, level = "debug", name = "seal bundle")]
pub fn write_bundle(
    out: impl Write,
    sealing: &Sealing<'_>,
    manifest: &Manifest,
    envelope: &Envelope,
    files: &[BundleFile],
    programs: Option<&Programs>,
) -> io::Result<[u8; 32]> {
    let time = manifest.issued_at.unix_timestamp();
    let signature = serde_json::to_vec(envelope)?;
    let leading = [(MANIFEST_FILE, manifest.raw()), (SIGNATURE_FILE, signature.as_slice())];
    let sizes = leading.iter().map(|(_, bytes)| bytes.len()).chain(files.iter().map(|file| file.bytes.len()));
    // Sized beforehand, so that no copy of a key is left behind in freed memory.
    let capacity = sizes.map(|size| size.next_multiple_of(BLOCK) + BLOCK).sum::<usize>() + 2 * BLOCK;
    let mut archive = Zeroizing::new(Vec::with_capacity(capacity));
    for (name, bytes) in leading {
        append(&mut *archive, &FileEntry::of(name, bytes, FileMode::Public), time, bytes)?;
    }
    for file in files {
        append(&mut *archive, &file.entry, time, &file.bytes)?;
    }
    if programs.is_none() {
        archive.extend([0; 2 * BLOCK]);
    }
    let mut compressor = zstd::bulk::Compressor::new(COMPRESSION)?;
    compressor.include_checksum(true)?;
    let mut frame = Zeroizing::new(vec![0; zstd::zstd_safe::compress_bound(archive.len())]);
    let length = compressor.compress_to_buffer(&archive, frame.as_mut_slice())?;

    let mut sealed = sealing.begin(Digesting::new(out))?;
    sealed.write_all(&frame[..length])?;
    if let Some(programs) = programs {
        programs.copy_to(&mut sealed)?;
    }
    let mut written = sealed.finish()?;
    written.flush()?;
    Ok(written.finish().1)
}

/// Writes one entry of the archive: its head, its bytes, and blanks up to the next block.
pub(super) fn append(out: &mut impl Write, entry: &FileEntry, time: i64, bytes: &[u8]) -> io::Result<()> {
    out.write_all(header(entry, time)?.as_bytes())?;
    out.write_all(bytes)?;
    out.write_all(&[0; BLOCK][..EntryHead::padding(entry.size)])
}

/// Owned by root and made when the bundle was: nothing of this machine is in it.
pub(super) fn header(entry: &FileEntry, time: i64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(&entry.path)?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(entry.mode.bits());
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(u64::try_from(time).unwrap_or(0));
    header.set_size(entry.size);
    header.set_cksum();
    Ok(header)
}

/// Digests what goes through.
pub(crate) struct Digesting<W> {
    out: W,
    digest: Context,
    /// How many bytes have gone through.
    pub(crate) count: u64,
}

impl<W> Digesting<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, digest: Context::new(&SHA256), count: 0 }
    }

    /// Where it went, and the SHA-256 of it.
    pub(crate) fn finish(self) -> (W, [u8; 32]) {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref());
        (self.out, sha256)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.digest.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
