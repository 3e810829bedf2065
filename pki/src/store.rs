//! Generations: directories `gen-1`, `gen-2`, … that stay as they are, but for revocation lists, which only
//! grow, and a symbolic link `current` to the one in use.
//!
//! A generation is written aside, synchronized, renamed to its number, and only then pointed at. A reader
//! that goes through `current` therefore sees one whole generation or another, never a mixture, and an
//! interruption at any point leaves the old one in use.

mod bulk_commit;
mod commit;
mod staged_generation;

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::printable::ShowPath;
use crate::private_file::{self, PrivateFileError};
use crate::regular_file;
pub use bulk_commit::commit_all;
pub use staged_generation::{FileKind, Staged};

/// How many generations are kept: the one in use among them.
pub const KEPT: usize = 5;

/// The link to the generation in use.
const CURRENT: &str = "current";
/// What generations are called, before their number.
const GENERATION: &str = "gen-";

/// What failed, and on which path.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.shown())]
    Io {
        /// What was being done: `read`, `rename`, …
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file or directory is not as private as it has to be, is there already, or is not there.
    #[error("{}: {source}", path.shown())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: PrivateFileError,
    },
    /// `current` is not a link to a generation.
    #[error("{} points to {}, which is not a generation", path.shown(), target.shown())]
    Current {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// `current` points to a generation that is not there.
    #[error("{} points to generation {number}, which is missing", path.shown())]
    Missing {
        /// The link.
        path: PathBuf,
        /// The number.
        number: u64,
    },
    /// A file name that is empty, begins with a dot, or has more than one part.
    #[error("{name:?} cannot be the name of a file in a generation")]
    Name {
        /// The name.
        name: String,
    },
}

impl StoreError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    fn file(path: &Path) -> impl FnOnce(PrivateFileError) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

/// A directory of generations. It need not exist before the first is staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationStore {
    directory: PathBuf,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation {
    /// Its number, from 1.
    pub number: u64,
    /// Its directory.
    pub path: PathBuf,
}

impl GenerationStore {
    /// The store in this directory, such as `NODE_DIR/pki`. Nothing is touched yet.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The generation in use; none if there never was one.
    ///
    /// # Errors
    /// [`StoreError::Current`] or [`StoreError::Missing`] if the link leads astray, [`StoreError::Io`].
    pub fn current(&self) -> Result<Option<Generation>, StoreError> {
        let mut seen = None;
        loop {
            let Some(number) = self.linked()? else { return Ok(None) };
            let generation = self.generation(number);
            if generation.path.is_dir() {
                return Ok(Some(generation));
            }
            // Between the two looks, others may have committed so often that this one was pruned. The link
            // has moved on then; if it has not, the generation is missing indeed.
            if seen.replace(number) == Some(number) {
                return Err(StoreError::Missing { path: self.directory.join(CURRENT), number });
            }
        }
    }

    /// The number of the generation that `current` names; none if there is no link.
    fn linked(&self) -> Result<Option<u64>, StoreError> {
        let path = self.directory.join(CURRENT);
        let target = match fs::read_link(&path) {
            Ok(target) => target,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("read the link", &path)(error)),
        };
        match target.to_str().and_then(number_of) {
            Some(number) => Ok(Some(number)),
            None => Err(StoreError::Current { path, target }),
        }
    }

    /// All generations that are there, by number; none if the store does not exist.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the directory cannot be read.
    pub fn generations(&self) -> Result<Vec<Generation>, StoreError> {
        let names = self.names()?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        Ok(numbers.into_iter().map(|number| self.generation(number)).collect())
    }

    /// Begins a new generation, aside. The store is made, mode 0700, if it is not there.
    ///
    /// # Errors
    /// [`StoreError::File`] if the store is open to others; [`StoreError::Io`].
    pub fn stage(&self) -> Result<Staged, StoreError> {
        Staged::begin(self.clone())
    }

    /// Puts a generation in use, durably, that is there already: back to an earlier one, or forth again.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if it is not there, [`StoreError::Io`]; the one in use is another one still.
    pub fn switch_to(&self, generation: &Generation) -> Result<(), StoreError> {
        commit::switch_to(self, generation.number)
    }

    fn generation(&self, number: u64) -> Generation {
        Generation { number, path: self.directory.join(format!("{GENERATION}{number}")) }
    }

    /// The names in the store's directory that are text; no others are ours.
    fn names(&self) -> Result<Vec<String>, StoreError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("read", &self.directory)(error)),
        };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
        let names: io::Result<Vec<Option<String>>> = names.collect();
        Ok(names.map_err(StoreError::io("read", &self.directory))?.into_iter().flatten().collect())
    }

    /// Opens the directory and waits for its lock, which is held until the file is dropped.
    fn lock(&self) -> Result<File, StoreError> {
        let directory = File::open(&self.directory).map_err(StoreError::io("open", &self.directory))?;
        directory.lock().map_err(StoreError::io("lock", &self.directory))?;
        Ok(directory)
    }
}

impl Generation {
    /// Reads a public file of the generation.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Name`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        let path = self.file(name)?;
        regular_file::read(&path).map_err(StoreError::io("read", &path))
    }

    /// Reads a private file of the generation, as [`private_file::read`] does.
    ///
    /// # Errors
    /// [`StoreError::File`], [`StoreError::Name`].
    pub fn read_private(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let path = self.file(name)?;
        private_file::read(&path).map_err(StoreError::file(&path))
    }

    /// Puts a public file in the place of one that is there, durably: a reader has one of the two, whole.
    /// Only for what may not go back with the generation, as a revocation list.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::File`], [`StoreError::Name`].
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.file(name)?;
        let aside = self.path.join(format!(".{name}-next"));
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &aside)(error));
            }
            _ => {}
        }
        private_file::create(&aside, bytes, FileKind::Public.mode()).map_err(StoreError::file(&aside))?;
        private_file::sync(&aside).map_err(StoreError::file(&aside))?;
        fs::rename(&aside, &path).map_err(StoreError::io("rename", &aside))?;
        private_file::sync(&self.path).map_err(StoreError::file(&self.path))
    }

    fn file(&self, name: &str) -> Result<PathBuf, StoreError> {
        check_name(name)?;
        Ok(self.path.join(name))
    }
}

/// `gen-7` is 7; `gen-07`, `gen-0` and all else is none, so that a number has one name only.
fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(GENERATION)?;
    let number = digits.parse().ok().filter(|number| *number > 0)?;
    (u64::to_string(&number) == digits).then_some(number)
}

fn check_name(name: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
        return Err(StoreError::Name { name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
