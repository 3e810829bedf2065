//! What is appended to the executable: parts, an index of them, and a trailer of fixed size at the very end.
//!
//! ```text
//! executable | HEAD | zstd frames | index, JSON | trailer: HEAD, format, size of the index, start, SHA-256
//! ```
//! Numbers are little-endian. `start` is where the first HEAD is: the size of the executable alone.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use model::config::EtcdVersion;
use zone_pki::hex;

pub(crate) const HEAD: &[u8; 16] = b"zone-etcd packed";
/// The format that this program writes, and the only one that it reads.
pub(crate) const FORMAT: u32 = 1;
/// In bytes.
pub(crate) const TRAILER: usize = 64;
const INDEX_AT_MOST: u32 = 1 << 20;
/// Of all that is unpacked, in bytes.
const UNPACKED_AT_MOST: u64 = 1 << 30;
/// What a bundle of etcd has, as `scripts/lib/bundle.sh` says.
pub(crate) const NAMES: [&str; 4] = ["etcd", "etcdctl", "etcdutl", MANIFEST];
pub(crate) const MANIFEST: &str = "manifest.json";

/// Why what is packed into a file is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("its format is {0}, and this program knows {FORMAT}")]
    Format(u32),
    #[error("it was cut short: the end of what is packed into it is missing")]
    Cut,
    #[error("it is damaged: {0}")]
    Damaged(String),
}

pub(crate) fn damaged(what: impl Into<String>) -> Fault {
    Fault::Damaged(what.into())
}

/// The last bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    pub index_size: u32,
    pub start: u64,
    pub index_sha256: [u8; 32],
}

impl Trailer {
    /// Reads the end of a file; none if nothing is packed into it.
    ///
    /// # Errors
    /// [`Fault::Format`], and an index that is too large.
    pub fn read(bytes: &[u8; TRAILER]) -> Result<Option<Self>, Fault> {
        let (head, rest) = bytes.split_at(HEAD.len());
        if head != HEAD {
            return Ok(None);
        }
        let number = |at: usize| {
            rest[at..at + 4].iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
        };
        let (format, index_size) = (number(0), number(4));
        if format != FORMAT {
            return Err(Fault::Format(format));
        }
        if index_size > INDEX_AT_MOST {
            return Err(damaged("its index is too large"));
        }
        let mut index_sha256 = [0; 32];
        index_sha256.copy_from_slice(&rest[16..48]);
        let start = u64::from(number(12)) << 32 | u64::from(number(8));
        Ok(Some(Self { index_size, start, index_sha256 }))
    }

    pub fn write(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(self.index_size.to_le_bytes());
        bytes.extend(self.start.to_le_bytes());
        bytes.extend(self.index_sha256);
        bytes
    }
}

/// A zstd frame. Frames follow each other in the order of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// In the file, in bytes.
    pub(crate) packed: u64,
    /// Decompressed, in bytes.
    pub(crate) size: u64,
    /// Of what is decompressed, in hexadecimal digits.
    pub(crate) sha256: String,
}

/// A file that is packed: its bytes are those of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packed {
    /// `VERSION/NAME`.
    pub path: String,
    pub size: u64,
    pub sha256: String,
    pub(crate) parts: Vec<usize>,
}

impl Packed {
    /// Its version of etcd, and its name.
    pub(crate) fn place(&self) -> Option<(EtcdVersion, &str)> {
        let (text, name) = self.path.split_once('/')?;
        let version: EtcdVersion = text.parse().ok()?;
        (version.to_string() == text && NAMES.contains(&name)).then_some((version, name))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    pub(crate) parts: Vec<Part>,
    pub files: Vec<Packed>,
}

impl Index {
    /// Reads the index. What it says is consistent then, and every path stays below its directory.
    ///
    /// # Errors
    /// [`Fault::Damaged`]
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let index: Self = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        let sum = |sizes: Vec<u64>| sizes.into_iter().try_fold(0_u64, u64::checked_add);
        let mut paths = BTreeSet::new();
        for file in &index.files {
            if file.place().is_none() || !paths.insert(&file.path) {
                return Err(damaged("its index names a file that does not belong there"));
            }
            let parts: Option<Vec<&Part>> = file.parts.iter().map(|at| index.parts.get(*at)).collect();
            let parts = parts.ok_or_else(|| damaged("its index names a part that it does not have"))?;
            if sum(parts.iter().map(|part| part.size).collect()) != Some(file.size) {
                return Err(damaged("the sizes in its index differ"));
            }
        }
        let unpacked = sum(index.files.iter().map(|file| file.size).collect());
        if unpacked.is_none_or(|size| size > UNPACKED_AT_MOST) {
            return Err(damaged("it would unpack to more than 1 GiB"));
        }
        if index.size().is_none() {
            return Err(damaged("the sizes in its index differ"));
        }
        Ok(index)
    }

    /// How many bytes all parts have in the file.
    pub(crate) fn size(&self) -> Option<u64> {
        self.parts.iter().map(|part| part.packed).try_fold(0_u64, u64::checked_add)
    }

    /// How many bytes a part has when it is decompressed.
    pub(crate) fn part_size(&self, part: usize) -> u64 {
        self.parts.get(part).map_or(0, |part| part.size)
    }

    /// Where a part begins, counted from the first one.
    pub(crate) fn offset(&self, part: usize) -> u64 {
        self.parts.iter().take(part).map(|part| part.packed).sum()
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sha256
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(&sha256(bytes))
}
