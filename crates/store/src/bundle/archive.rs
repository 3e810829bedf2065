//! The entries of a tar archive (POSIX ustar), as strictly as a bundle is written: regular files, and nothing
//! else.

use std::io::Read;

use tar::{EntryType, Header};

use super::error::BundleError;

/// Everything in an archive comes in blocks of this length.
pub(super) const BLOCK: usize = 512;
/// Where the checksum stands in a header; it is summed as blanks.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// What precedes the bytes of a file.
#[derive(Debug)]
pub(super) struct EntryHead {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) mode: u32,
}

impl EntryHead {
    /// Reads the next one; none at the end of the archive.
    pub(super) fn read(source: &mut impl Read) -> Result<Option<Self>, BundleError> {
        let block = read_block(source)?;
        if is_blank(&block) {
            return if is_blank(&read_block(source)?) {
                Ok(None)
            } else {
                Err(damaged("its archive has a hole"))
            };
        }
        let header = Header::from_byte_slice(&block);
        let sum: u32 = block.iter().enumerate().map(|(at, byte)| u32::from(summed(at, *byte))).sum();
        if header.cksum().ok() != Some(sum) || header.as_ustar().is_none() {
            return Err(damaged("its archive is not one of ours"));
        }
        let path = String::from_utf8_lossy(&header.path_bytes()).into_owned();
        if let Some(kind) = unwanted_kind(header.entry_type()) {
            return Err(BundleError::Kind { path, kind });
        }
        match (header.entry_size(), header.mode()) {
            (Ok(size), Ok(mode)) => Ok(Some(Self { path, size, mode })),
            _ => Err(damaged("its archive has an entry without a size or a mode")),
        }
    }

    /// How many bytes follow those of the file, up to the next block.
    pub(super) fn padding(size: u64) -> usize {
        (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
    }
}

/// Reads what stands between the end of a file and the next block: blanks.
pub(super) fn skip_padding(source: &mut impl Read, size: u64) -> Result<(), BundleError> {
    let mut block = [0; BLOCK];
    source.read_exact(&mut block[..EntryHead::padding(size)]).map_err(BundleError::from_reader)?;
    // No digest covers it.
    if is_blank(&block) { Ok(()) } else { Err(damaged("its archive has something between two files")) }
}

fn read_block(source: &mut impl Read) -> Result<[u8; BLOCK], BundleError> {
    let mut block = [0; BLOCK];
    source.read_exact(&mut block).map_err(BundleError::from_reader)?;
    Ok(block)
}

fn is_blank(block: &[u8; BLOCK]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

fn summed(at: usize, byte: u8) -> u8 {
    if CHECKSUM.contains(&at) { b' ' } else { byte }
}

fn damaged(why: &str) -> BundleError {
    BundleError::Damaged { why: why.to_owned() }
}

fn unwanted_kind(kind: EntryType) -> Option<&'static str> {
    match kind {
        EntryType::Regular => None,
        EntryType::Link => Some("a hard link"),
        EntryType::Symlink => Some("a symbolic link"),
        EntryType::Char | EntryType::Block => Some("a device"),
        EntryType::Directory => Some("a directory"),
        EntryType::Fifo => Some("a named pipe"),
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::GNUSparse => Some("an extension of GNU"),
        EntryType::XHeader | EntryType::XGlobalHeader => Some("an extended header"),
        _ => Some("of an unknown kind"),
    }
}
