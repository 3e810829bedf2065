//! The lock of a zone directory: two commands never issue at the same time.

use std::fs::{File, TryLockError};

use crate::error::{Failure, Result};
use crate::plan::ZonePaths;
use crate::report;

/// A held lock; dropping it gives it up. What is to be compared with the zone has to be read while it is held.
#[derive(Debug)]
pub struct ZoneLock {
    _directory: File,
}

impl ZoneLock {
    /// Takes the lock of the zone directory, which has to be there. Another command is waited for: it takes milliseconds, or
    /// as long as its progress bar says.
    pub fn take(paths: &ZonePaths) -> Result<Self> {
        let failure = |error: &std::io::Error| Failure::read(paths.root(), error);
        let directory = File::open(paths.root()).map_err(|error| failure(&error))?;
        match directory.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                report::message(&format!(
                    "waiting for another command that issues in {}",
                    paths.root().display()
                ));
                directory.lock().map_err(|error| failure(&error))?;
            }
            Err(TryLockError::Error(error)) => return Err(failure(&error)),
        }
        Ok(Self { _directory: directory })
    }
}
