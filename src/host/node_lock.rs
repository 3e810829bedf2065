//! The lock of a node directory: taken before a start, and kept by etcd itself across exec.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use zone_pki::{ShowPath, regular_file};

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another start, or the etcd that came of it, holds it.
    #[error("{} is in use{}", directory.shown(), holder.map_or(String::new(), |pid| format!(" by process {pid}")))]
    Held {
        /// The node directory.
        directory: PathBuf,
        /// The process, if it could be told.
        holder: Option<i32>,
    },
    /// The lock file cannot be opened or written.
    #[error("cannot lock {}", path.shown())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A held lock. Dropping it gives it up; [`NodeLock::keep_across_exec`] hands it to the program that follows.
#[derive(Debug)]
pub struct NodeLock(File);

impl NodeLock {
    /// Takes the lock at `path`, or says who holds it. It never waits: a second start is a mistake, not a queue.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let io_error = |source| LockError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = regular_file::open_with(&mut options, path).map_err(io_error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let holder = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                let directory = path.parent().unwrap_or(path).to_owned();
                return Err(LockError::Held { directory, holder });
            }
            Err(TryLockError::Error(source)) => return Err(io_error(source)),
        }
        // The process id stays the same across exec, so what is written here stays true.
        file.set_len(0).and_then(|()| file.rewind()).map_err(io_error)?;
        writeln!(file, "{}", std::process::id()).map_err(io_error)?;
        Ok(Self(file))
    }

    /// Whether somebody holds the lock at `path`: a start, or the etcd that came of it.
    pub fn is_held(path: &Path) -> bool {
        let Ok(file) = regular_file::open(path) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Leaves the lock with the program that this process becomes: flock(2) belongs to the open file, which now survives
    /// execve(2) under the number that is returned.
    pub fn keep_across_exec(self) -> io::Result<RawFd> {
        fcntl(&self.0, FcntlArg::F_SETFD(FdFlag::empty())).map_err(io::Error::from)?;
        Ok(self.0.into_raw_fd())
    }
}
