//! Core dumps, which would leave keys on the disk.

use std::io;

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Keeps this process from being dumped, also by a handler that the kernel pipes dumps to, which a limit does
/// not stop (core(5)). What it starts inherits the limit alone, and may raise it.
pub fn forbid_core_dumps() -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_CORE)?;
    limit_core_dumps(0, hard)?;
    Ok(set_dumpable(false)?)
}

/// What the program that this process becomes may dump: nothing for good, or as much as the hard limit
/// permits.
pub fn hand_on_core_limit(allowed: bool) -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_CORE)?;
    if allowed { limit_core_dumps(hard, hard) } else { limit_core_dumps(0, 0) }
}

/// Sets nothing that is so already: a service may not be permitted to.
fn limit_core_dumps(soft: u64, hard: u64) -> io::Result<()> {
    if getrlimit(Resource::RLIMIT_CORE)? == (soft, hard) {
        return Ok(());
    }
    Ok(setrlimit(Resource::RLIMIT_CORE, soft, hard)?)
}
