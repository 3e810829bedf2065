//! The keys that a node made for itself, and the requests for their certificates: `NODE_DIR/pki/requested/`.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;
use zone_pki::private_file::{self, PrivateFileError};

use crate::error::{Failure, Result};
use crate::plan::NodePaths;
use crate::zone_directory::private_failure;

/// Where they are, below the generations.
const DIRECTORY: &str = "requested";
/// Whose they are: the node's full name, in one line.
const NODE_FILE: &str = "node";

/// Keys that wait for their certificates, or have them.
#[derive(Debug)]
pub struct Requested {
    /// The node that they were made for, by its full name.
    pub node: String,
    directory: PathBuf,
}

impl Requested {
    /// Where the requests of a node directory are.
    pub fn directory(paths: &NodePaths) -> PathBuf {
        paths.generations().join(DIRECTORY)
    }

    /// What was requested here; none if nothing was.
    pub fn open(paths: &NodePaths) -> Result<Option<Self>> {
        let directory = Self::directory(paths);
        match private_file::check_directory(&directory) {
            Ok(()) => {}
            Err(PrivateFileError::NotFound) => return Ok(None),
            Err(error) => return Err(private_failure(&directory, &error)),
        }
        let path = directory.join(NODE_FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::read(&path, &error))?;
        Ok(Some(Self { node: text.trim().to_owned(), directory }))
    }

    /// The key of a role, if it is here.
    pub fn key(&self, file: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        read_key(&self.directory, file)
    }
}

/// Reads a key that may not be there.
pub(super) fn read_key(directory: &Path, file: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let path = directory.join(file);
    match private_file::read(&path) {
        Ok(key) => Ok(Some(key)),
        Err(PrivateFileError::NotFound) => Ok(None),
        Err(error) => Err(private_failure(&path, &error)),
    }
}
