//! The lock of a zone directory: two commands never issue at the same time.

use std::fs::{File, TryLockError};
use std::io;
use std::ops::Deref;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::authorities::create_authorities::remove_abandoned_authorities;
use model::error::{Exit, Failure, Result};
use model::plan::ZonePaths;
use model::report;

/// How long another command is waited for. One that issues for ten thousand nodes takes a few seconds.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// A held lock; dropping it gives it up. What is to be compared with the zone has to be read while it is
/// held.
#[derive(Debug)]
pub struct ZoneLock {
    _directory: File,
    paths: ZonePaths,
}

/// CAs and revocation lists that were read while the lock was held that is held still: nothing was revoked
/// since. Whatever signs or writes takes these, so none can be what was read before the lock was waited for.
#[derive(Debug)]
pub struct HeldAuthorities<'l> {
    authorities: Authorities,
    lock: &'l ZoneLock,
}

impl<'l> HeldAuthorities<'l> {
    /// The lock under which they were read.
    pub fn lock(&self) -> &'l ZoneLock {
        self.lock
    }

    /// The same, to compare with: once the lock is given up they may be behind.
    pub fn released(self) -> Authorities {
        self.authorities
    }
}

impl Deref for HeldAuthorities<'_> {
    type Target = Authorities;

    fn deref(&self) -> &Authorities {
        &self.authorities
    }
}

/// A lock that others may hold as well, who read as this one does: nothing is issued meanwhile, and the
/// holder does not either.
#[derive(Debug)]
pub struct ZoneReadLock {
    _directory: File,
}

impl ZoneLock {
    /// Takes the lock of the zone directory, which has to be there. Another command is waited for: it takes
    /// milliseconds, or as long as its progress bar says. What an interrupted one was writing is removed.
    pub fn take(paths: &ZonePaths) -> Result<Self> {
        let directory = take(paths, File::try_lock)?;
        remove_abandoned_authorities(paths);
        Ok(Self { _directory: directory, paths: paths.clone() })
    }

    /// Reads the CAs, which cannot change until the lock is given up.
    pub fn authorities(&self, now: OffsetDateTime) -> Result<HeldAuthorities<'_>> {
        Ok(HeldAuthorities { authorities: Authorities::load(&self.paths, now)?, lock: self })
    }

    /// What was read before the lock was waited for: what [`Fix::ReadUnderLock`](model::disabled_fixes::Fix)
    /// keeps from happening.
    pub fn stale_authorities(&self, authorities: Authorities) -> HeldAuthorities<'_> {
        HeldAuthorities { authorities, lock: self }
    }

    /// The same, also where those that sign are not valid yet.
    pub fn authorities_before_their_time(&self, now: OffsetDateTime) -> Result<HeldAuthorities<'_>> {
        let authorities = Authorities::load_before_their_time(&self.paths, now)?;
        Ok(HeldAuthorities { authorities, lock: self })
    }
}

impl ZoneReadLock {
    /// Takes the lock of the zone directory, which has to be there. A command that issues is waited for.
    pub fn take(paths: &ZonePaths) -> Result<Self> {
        take(paths, File::try_lock_shared).map(|directory| Self { _directory: directory })
    }
}

fn still_held(paths: &ZonePaths) -> Failure {
    Failure::new(
        Exit::TryAgain,
        format!("another command has issued in {} for too long", paths.root().shown()),
    )
    .because(format!("{} s were waited for it", LIMIT.as_secs()))
    .next(format!(
        "see which it is, and whether it goes on: fuser -v {}",
        report::shell_quoted_path(paths.root())
    ))
}

fn take(paths: &ZonePaths, try_lock: fn(&File) -> std::result::Result<(), TryLockError>) -> Result<File> {
    let failure = |error: &io::Error| Failure::read(paths.root(), error);
    let directory = File::open(paths.root()).map_err(|error| failure(&error))?;
    match try_lock(&directory) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            report::message(&format!("waiting for another command that issues in {}", paths.root().shown()));
            let deadline = Instant::now() + LIMIT;
            while let Err(held) = try_lock(&directory) {
                match held {
                    TryLockError::WouldBlock if Instant::now() < deadline => std::thread::sleep(PAUSE),
                    TryLockError::WouldBlock => return Err(still_held(paths)),
                    TryLockError::Error(error) => return Err(failure(&error)),
                }
            }
        }
        Err(TryLockError::Error(error)) => return Err(failure(&error)),
    }
    Ok(directory)
}
