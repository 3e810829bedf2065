//! What is read from files: the CAs that are trusted, the documents of a directory, the certificate of the
//! server. Looked at again and again, and read again when it has changed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zone_pki::{Certificate, ShowPath, regular_file};

use super::catalog::Candidate;
use super::state::{Change, DIRECTORY, State};
use crate::DOCUMENT_AT_MOST;
use model::error::{Failure, Result};

/// Documents in a directory; of each there is one for a zone.
const MOST_FILES: usize = 256;

/// Reads the certificates of the CAs of which one has to have signed.
pub type ReadSigners = Box<dyn Fn() -> Result<Vec<Certificate>> + Send>;

/// What tells a file from what it was before: another one has another inode, a longer one another length, and
/// one that was written another time.
pub(super) type Stamp = Option<(u64, u64, i64, i64)>;

pub(super) fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

/// Where to look, and what was there.
pub(super) struct Files {
    pub(super) signers: ReadSigners,
    pub(super) directory: Option<PathBuf>,
    /// Files in it that hold something else, such as the key of the node.
    pub(super) other: Vec<PathBuf>,
    pub(super) seen: Vec<(PathBuf, Stamp)>,
}

impl Files {
    /// What has changed since the last time; of the directory everything, if `all` is asked for.
    ///
    /// # Errors
    /// The CAs or the directory cannot be read.
    pub(super) fn look(&mut self, all: bool, state: &State) -> Result<Vec<Change>> {
        let mut changes = vec![Change::Signers((self.signers)()?)];
        if let Some(directory) = &self.directory {
            let found = self.list(directory).map_err(|error| Failure::read(directory, &error));
            let found = found.inspect_err(|failure| {
                state.note(DIRECTORY, Err(failure.to_string()));
            })?;
            if all || found != self.seen {
                let read = |(path, _): &(PathBuf, Stamp)| read(path, state);
                changes.push(Change::Directory(found.iter().filter_map(read).collect()));
                self.seen = found;
            }
            state.note(DIRECTORY, Ok(()));
            if self.seen.len() == MOST_FILES {
                let directory = directory.shown();
                state.warn_once(&format!("{directory}: of its files, {MOST_FILES} are looked at"));
            }
        }
        Ok(changes)
    }

    /// The files whose names end in `.json`, in order.
    fn list(&self, directory: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
            let is_json = path.extension().is_some_and(|extension| extension == "json");
            if is_json && !is_hidden && !self.other.contains(&path) {
                found.push(path);
            }
        }
        found.sort();
        found.truncate(MOST_FILES);
        Ok(found.into_iter().map(|path| (path.clone(), stamp(&path))).collect())
    }
}

/// The candidate of a file; none if it cannot be read, or is JSON of another kind.
fn read(path: &Path, state: &State) -> Option<Candidate> {
    let place = path.shown().to_string();
    match regular_file::read_at_most(path, DOCUMENT_AT_MOST as u64) {
        Ok(bytes) if is_of_another_kind(&bytes) => None,
        Ok(bytes) => Some(Candidate { place, bytes: bytes.into() }),
        // It was there when the directory was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            state.warn_once(&format!("{place} is not served: {error}"));
            None
        }
    }
}

/// A node directory has other JSON files beside a zone document; only that says its type.
fn is_of_another_kind(bytes: &[u8]) -> bool {
    let value: serde_json::Result<serde_json::Value> = serde_json::from_slice(bytes);
    value.is_ok_and(|value| value.get("type").is_none())
}
