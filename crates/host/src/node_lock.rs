//! The lock of a node directory: taken before a start, and kept by etcd itself across exec.
//!
//! It is two locks on one file. That of flock(2) is what a second start is refused by, and /proc/locks names
//! its holder. Whether it is held can be asked of flock(2) only by taking it for an instant, which would
//! refuse a start in that instant; the other one, of the open file (`F_OFD_SETLK` of fcntl(2)), is there to
//! be asked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use zone_pki::{ShowPath, regular_file};

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another start, or the etcd that came of it, holds it.
    #[error(
        "{} is in use{}",
        directory.shown(), holder.map_or(String::new(), |pid| format!(" by process {pid}"))
    )]
    Held {
        directory: PathBuf,
        /// The process, if it could be told.
        holder: Option<i32>,
    },
    /// The lock file cannot be opened or written.
    #[error("cannot lock {}", path.shown())]
    Io { path: PathBuf, source: io::Error },
}

/// A held lock. Dropping it gives it up; [`NodeLock::keep_across_exec`] hands it to the program that follows.
#[derive(Debug)]
pub struct NodeLock(File);

impl NodeLock {
    /// Takes the lock at `path`, or says who holds it. It never waits: a second start is a mistake, not a
    /// queue.
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
        fcntl(&file, FcntlArg::F_OFD_SETLK(&write_lock())).map_err(|error| io_error(error.into()))?;
        // The process id stays the same across exec, so what is written here stays true.
        // Written over, since a file system that discards freed blocks takes a third of a millisecond to
        // empty a file.
        let text = format!("{}\n", std::process::id());
        file.write_all_at(text.as_bytes(), 0)
            .and_then(|()| file.set_len(text.len() as u64))
            .map_err(io_error)?;
        Ok(Self(file))
    }

    /// Whether the lock at `path` is held: a start, or the etcd that came of it. It keeps no start from it.
    pub fn is_held(path: &Path) -> bool {
        let Ok(file) = regular_file::open(path) else { return false };
        let mut found = write_lock();
        fcntl(&file, FcntlArg::F_OFD_GETLK(&mut found)).is_ok() && found.l_type != unlocked()
    }

    /// Leaves the lock with the program that this process becomes: both belong to the open file, which now
    /// survives execve(2) under the number that is returned.
    pub fn keep_across_exec(self) -> io::Result<RawFd> {
        fcntl(&self.0, FcntlArg::F_SETFD(FdFlag::empty())).map_err(io::Error::from)?;
        Ok(self.0.into_raw_fd())
    }
}

/// A lock of the whole file for one holder alone. `l_pid` has to be 0 (fcntl(2), open file description
/// locks).
fn write_lock() -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// What `F_OFD_GETLK` puts in place of the type where nothing is in the way.
fn unlocked() -> libc::c_short {
    libc::F_UNLCK as libc::c_short
}
