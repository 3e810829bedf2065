//! The lock of a zone directory: two commands never issue at the same time.

use std::fs::{File, TryLockError};
use std::io;

use crate::error::{Failure, Result};
use crate::plan::ZonePaths;
use crate::report;

/// A held lock; dropping it gives it up. What is to be compared with the zone has to be read while it is held.
#[derive(Debug)]
pub struct ZoneLock {
    _directory: File,
}

/// A lock that others may hold as well, who read as this one does: nobody issues meanwhile, and whoever holds it does not
/// either.
#[derive(Debug)]
pub struct ZoneReadLock {
    _directory: File,
}

impl ZoneLock {
    /// Takes the lock of the zone directory, which has to be there. Another command is waited for: it takes milliseconds, or
    /// as long as its progress bar says.
    pub fn take(paths: &ZonePaths) -> Result<Self> {
        take(paths, File::try_lock, File::lock).map(|directory| Self { _directory: directory })
    }
}

impl ZoneReadLock {
    /// Takes the lock of the zone directory, which has to be there. A command that issues is waited for.
    pub fn take(paths: &ZonePaths) -> Result<Self> {
        take(paths, File::try_lock_shared, File::lock_shared).map(|directory| Self { _directory: directory })
    }
}

fn take(
    paths: &ZonePaths,
    try_lock: fn(&File) -> std::result::Result<(), TryLockError>,
    lock: fn(&File) -> io::Result<()>,
) -> Result<File> {
    let failure = |error: &io::Error| Failure::read(paths.root(), error);
    let directory = File::open(paths.root()).map_err(|error| failure(&error))?;
    match try_lock(&directory) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            report::message(&format!(
                "waiting for another command that issues in {}",
                paths.root().display()
            ));
            lock(&directory).map_err(|error| failure(&error))?;
        }
        Err(TryLockError::Error(error)) => return Err(failure(&error)),
    }
    Ok(directory)
}
