//! Whether systemd's journal reads what this process writes (systemd.exec(5), JOURNAL_STREAM).

use std::io;

/// Whether standard error is a connection to the journal, which takes a level before each line
/// (sd-daemon(3)).
pub fn is_read_by_journal() -> bool {
    let Some(stream) = std::env::var("JOURNAL_STREAM").ok() else { return false };
    // A redirection of standard error leaves the variable.
    nix::sys::stat::fstat(io::stderr())
        .is_ok_and(|status| stream == format!("{}:{}", status.st_dev, status.st_ino))
}
