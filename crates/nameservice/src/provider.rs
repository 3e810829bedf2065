//! The file that tells a nameservice of the zone's etcd, on disk.

use std::io;
use std::path::{Path, PathBuf};

use host::{Durability, write_json};
use model::formats::{NameserviceProvider, NameserviceProviderFault};
use zone_pki::{ShowPath, regular_file};

/// More than any list of endpoints has.
const SIZE_AT_MOST: u64 = 64 << 10;

/// Why a provider file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It cannot be read.
    #[error("cannot read {}", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not as this program writes it.
    #[error("{} is not a provider file: {fault}", path.shown())]
    Fault {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: NameserviceProviderFault,
    },
}

/// Writes the file, 0600 from creation; who reads it sees the old one or the new one.
///
/// # Errors
/// It cannot be written.
pub fn write_provider(path: &Path, provider: &NameserviceProvider) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    write_json(&path, provider, Durability::Synced)
}

/// Reads the file.
///
/// # Errors
/// As [`ProviderError`] says.
pub fn read_provider(path: &Path) -> Result<NameserviceProvider, ProviderError> {
    let text = regular_file::read_at_most(path, SIZE_AT_MOST)
        .map_err(|source| ProviderError::Read { path: path.to_owned(), source })?;
    NameserviceProvider::parse(&text).map_err(|fault| ProviderError::Fault { path: path.to_owned(), fault })
}
