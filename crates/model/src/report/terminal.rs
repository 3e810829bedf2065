//! What the terminal can show.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether standard error is read by a program, terminal or not.
static IS_FOR_PROGRAMS: AtomicBool = AtomicBool::new(false);

/// From here on each line on standard error stays: none is written over.
pub fn write_for_programs() {
    IS_FOR_PROGRAMS.store(true, Ordering::Relaxed);
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a stream is a terminal, and `NO_COLOR` is unset or empty (no-color.org).
pub(super) fn has_colour(stream: &impl IsTerminal) -> bool {
    let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_unwanted && stream.is_terminal()
}

/// How many columns standard output has: `COLUMNS`, or else those of the terminal. None for a file or a pipe.
pub fn columns() -> Option<usize> {
    let wanted = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    wanted.filter(|&columns| columns > 0).or_else(|| columns_of(io::stdout()))
}

/// How many columns standard error has, if it is a terminal on which what was written can be written over.
pub(super) fn error_columns() -> Option<usize> {
    columns_of(io::stderr()).filter(|_| is_error_rewritten())
}

/// Whether standard error is a terminal that does more than print one line below the other.
pub(super) fn is_error_rewritten() -> bool {
    is_error_seen() && std::env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb")
}

/// Whether standard error is a terminal that a person reads.
fn is_error_seen() -> bool {
    io::stderr().is_terminal() && !IS_FOR_PROGRAMS.load(Ordering::Relaxed)
}

/// How many rows standard output has, if it is a terminal that tells.
pub(super) fn rows() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_row)).filter(|&rows| rows > 0)
}

fn columns_of(stream: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}
