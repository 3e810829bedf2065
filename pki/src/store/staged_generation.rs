//! A generation that is being written, beside the others and invisible to them.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

use nix::errno::Errno;
use nix::sys::signal;
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{Generation, GenerationStore, StoreError, check_name, commit};
use crate::private_file;

/// What unfinished generations are called, before the process that writes them.
const STAGED: &str = ".staged-";

/// Who may read a file of a generation. The directory of the generation is closed to others in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Mode 0644: certificates, revocation lists.
    Public,
    /// Mode 0600: keys.
    Private,
}

impl FileKind {
    pub(super) const fn mode(self) -> u32 {
        match self {
            Self::Public => 0o644,
            Self::Private => 0o600,
        }
    }
}

/// A generation that is being written. Dropped without [`commit`](Self::commit), it is removed.
#[derive(Debug)]
pub struct Staged {
    pub(super) store: GenerationStore,
    pub(super) directory: TempDir,
    pub(super) files: Vec<PathBuf>,
}

impl Staged {
    pub(super) fn begin(store: GenerationStore) -> Result<Self, StoreError> {
        let path = store.directory();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(StoreError::io("create", path))?;
        private_file::check_directory(path).map_err(StoreError::file(path))?;
        let directory = tempfile::Builder::new()
            .prefix(&format!("{STAGED}{}-", process::id()))
            .rand_bytes(8)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(path)
            .map_err(StoreError::io("create a directory in", path))?;
        Ok(Self { store, directory, files: Vec::new() })
    }

    /// The directory that is being written.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes one file.
    ///
    /// # Errors
    /// [`StoreError::Name`] for a name that is not one plain part; [`StoreError::File`] if the name was used
    /// already, or the file cannot be written.
    pub fn add(&mut self, name: &str, bytes: &[u8], kind: FileKind) -> Result<(), StoreError> {
        check_name(name)?;
        let path = self.directory.path().join(name);
        private_file::create(&path, bytes, kind.mode()).map_err(StoreError::file(&path))?;
        self.files.push(path);
        Ok(())
    }

    /// Makes this the generation in use, durably. Its number is one more than the highest that the store has
    /// seen.
    ///
    /// After an error before the switch the old generation is in use and this one is removed or, once
    /// renamed, left as a generation that nothing points at.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::File`], [`StoreError::Current`].
    pub fn commit(self) -> Result<Generation, StoreError> {
        commit::commit(self, &mut |_| Ok(()))
    }

    /// Waits until every file and the directory itself are on the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        for path in &self.files {
            private_file::sync(path).map_err(StoreError::file(path))?;
        }
        private_file::sync(self.path()).map_err(StoreError::file(self.path()))
    }
}

/// Whether `name` is an unfinished generation whose process is gone. One in another PID namespace is taken
/// for gone; all that its process then sees is a commit that fails.
pub(super) fn is_abandoned(name: &str) -> bool {
    let Some((process, _)) = name.strip_prefix(STAGED).and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let Ok(number) = process.parse::<i32>() else { return false };
    number > 0 && signal::kill(Pid::from_raw(number), None) == Err(Errno::ESRCH)
}
