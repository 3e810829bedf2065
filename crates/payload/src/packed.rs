//! A file into which programs are packed, opened.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use zone_pki::{ShowPath, hex, regular_file};

use super::format::{Fault, HEAD, Index, MANIFEST, Part, TRAILER, Trailer, damaged, sha256};
use model::config::EtcdVersion;
use model::error::{Failure, Result};

/// A buffer for what is decompressed.
const PIECE: usize = 1 << 17;
/// The binary logarithm of the window that a frame may ask for: 128 MiB.
const WINDOW_LOG_AT_MOST: u32 = 27;

/// What is packed into a file.
#[derive(Debug)]
pub struct Payload {
    file: File,
    shown: PathBuf,
    trailer: Trailer,
    index: Index,
}

impl Payload {
    /// What is packed into the program that this process runs. Without anything it costs an open, two
    /// looks at the file, and two reads.
    ///
    /// # Errors
    /// It is damaged, was cut short, or is of a format that is not known (exit 65).
    pub fn own() -> Result<Option<Self>> {
        let shown = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
        // The file that this process runs, even if another has been put in its place. Without /proc nothing
        // is known of it.
        match regular_file::open(Path::new("/proc/self/exe")) {
            Ok(file) => Self::read(file, shown),
            Err(_) => Ok(None),
        }
    }

    fn read(file: File, shown: PathBuf) -> Result<Option<Self>> {
        let unreadable = |error: io::Error| Failure::read(&shown, &error);
        let size = file.metadata().map_err(unreadable)?.len();
        let Some(end) = size.checked_sub(TRAILER as u64) else { return Ok(None) };
        let mut bytes = [0; TRAILER];
        file.read_exact_at(&mut bytes, end).map_err(unreadable)?;
        let refused = |fault: Fault| refused(&shown, &fault);
        let Some(trailer) = Trailer::read(&bytes).map_err(refused)? else {
            return match is_cut(&file, size) {
                true => Err(refused(Fault::Cut)),
                false => Ok(None),
            };
        };
        let index_size = u64::from(trailer.index_size);
        let first = trailer.start.checked_add(HEAD.len() as u64);
        let packed = first.and_then(|first| end.checked_sub(index_size)?.checked_sub(first));
        let packed = packed.ok_or_else(|| refused(damaged("its sizes differ")))?;
        let mut text = vec![0; trailer.index_size as usize];
        file.read_exact_at(&mut text, end - index_size).map_err(unreadable)?;
        if sha256(&text) != trailer.index_sha256 {
            return Err(refused(damaged("the SHA-256 of its index is another one")));
        }
        let index = Index::read(&text).map_err(refused)?;
        if index.size() != Some(packed) {
            return Err(refused(damaged("its sizes differ")));
        }
        Ok(Some(Self { file, shown, trailer, index }))
    }

    /// The size of the executable without what is packed into it, in bytes.
    pub fn executable_size(&self) -> u64 {
        self.trailer.start
    }

    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Which versions of etcd are packed here.
    pub fn versions(&self) -> BTreeSet<EtcdVersion> {
        self.index.files.iter().filter_map(|file| Some(file.place()?.0)).collect()
    }

    /// Names all that is packed here: the same bytes have the same name.
    pub fn name(&self) -> String {
        hex::encode(&self.trailer.index_sha256[..16])
    }

    /// The manifest of the bundle of a version, if that is packed here.
    ///
    /// # Errors
    /// It is damaged.
    pub fn manifest(&self, version: EtcdVersion) -> Result<Option<Vec<u8>>> {
        let path = format!("{version}/{MANIFEST}");
        let Some(file) = self.index.files.iter().find(|file| file.path == path) else { return Ok(None) };
        let mut text = Vec::new();
        for part in &file.parts {
            self.decode(*part, &mut |piece| {
                text.extend_from_slice(piece);
                Ok(())
            })?;
        }
        Ok(Some(text))
    }

    /// Decompresses a part, piece by piece, and compares it with the index when all of it was handed out.
    pub(crate) fn decode(&self, at: usize, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let wrong = || refused(&self.shown, &damaged("a part of it is not what its index says"));
        let part: &Part = self.index.parts.get(at).ok_or_else(wrong)?;
        let packed = usize::try_from(part.packed).map_err(|_| wrong())?;
        let mut frame = vec![0; packed];
        let begin = self.trailer.start + HEAD.len() as u64 + self.index.offset(at);
        self.file.read_exact_at(&mut frame, begin).map_err(|error| Failure::read(&self.shown, &error))?;
        let mut decoder = zstd::Decoder::with_buffer(frame.as_slice()).map_err(|_| wrong())?;
        decoder.window_log_max(WINDOW_LOG_AT_MOST).map_err(|_| wrong())?;
        let (mut context, mut piece, mut left) = (Context::new(&SHA256), vec![0; PIECE], part.size);
        loop {
            let count = io::Read::read(&mut decoder, &mut piece).map_err(|_| wrong())?;
            if count == 0 {
                break;
            }
            left = left.checked_sub(count as u64).ok_or_else(wrong)?;
            context.update(&piece[..count]);
            take(&piece[..count])?;
        }
        match left == 0 && hex::encode(context.finish().as_ref()) == part.sha256 {
            true => Ok(()),
            false => Err(wrong()),
        }
    }
}

/// Whether something was packed into a file that has no trailer: behind the last section header of the
/// executable (`e_shoff`, `e_shentsize` and `e_shnum` of elf(5)) is what begins it.
fn is_cut(file: &File, size: u64) -> bool {
    let mut head = [0; 64];
    if file.read_exact_at(&mut head, 0).is_err() || !head.starts_with(b"\x7fELF\x02\x01") {
        return false;
    }
    let number = |at: usize, size: usize| {
        head[at..at + size].iter().rev().fold(0_u64, |n, byte| n << 8 | u64::from(*byte))
    };
    let end = number(0x28, 8).saturating_add(number(0x3a, 2) * number(0x3c, 2));
    let mut found = [0; HEAD.len()];
    let there = size.saturating_sub(end).min(HEAD.len() as u64) as usize;
    there > 0 && file.read_exact_at(&mut found[..there], end).is_ok() && HEAD.starts_with(&found[..there])
}

fn refused(shown: &Path, fault: &Fault) -> Failure {
    Failure::bad_input(format!("the etcd that is packed into {} cannot be used", shown.shown()))
        .because(fault)
        .next(
            "get the file again, and compare it with its SHA256SUMS; --etcd PATH runs another etcd meanwhile",
        )
}
