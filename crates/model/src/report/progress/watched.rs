//! Whether the line is there, and who draws it while the work itself tells nothing.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, sleep};

use nix::sys::signal::Signal;
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use super::super::terminal;
use super::{REDRAW, draw};

/// Whether the terminal is this process's alone, though it handles Ctrl-C.
static IS_ALONE: AtomicBool = AtomicBool::new(false);

/// A process that handles Ctrl-C, and starts nothing that has the same terminal, says so before it begins any
/// work. It clears up when it is interrupted.
pub fn show_progress_here() {
    IS_ALONE.store(true, Ordering::Relaxed);
}

/// Whether there can be a line; if so, it is drawn now and then from here on.
///
/// A process that handles Ctrl-C shares its terminal, such as with the command that `dev` runs. How Ctrl-C
/// ends one that does not is left as it is: what would clear the line first would take the signal from those
/// who handle it later, and clean up then.
pub(super) fn is_shown_here() -> bool {
    terminal::is_error_rewritten()
        && (IS_ALONE.load(Ordering::Relaxed) || is_interrupted_as_usual())
        && draw_now_and_then().is_ok()
}

/// Whether Ctrl-C ends this process: no handler takes it, and it is not ignored (proc_pid_status(5)).
fn is_interrupted_as_usual() -> bool {
    #[allow(clippy::disallowed_methods, reason = "only the kernel writes there")]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let masks = status.lines().filter_map(|line| line.split_once(":\t"));
    let mut masks = masks.filter(|(name, _)| matches!(*name, "SigIgn" | "SigCgt"));
    let bit = Signal::SIGINT as i32 - 1;
    let is_set = |mask: &str| u64::from_str_radix(mask, 16).is_ok_and(|mask| mask >> bit & 1 == 1);
    !masks.any(|(_, mask)| is_set(mask))
}

/// Whether no other job has the terminal, such as the shell in which a person types the next command.
fn is_in_foreground() -> bool {
    // Of a terminal that is not the controlling one nothing is known.
    tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp())
}

fn draw_now_and_then() -> io::Result<()> {
    let go_on = || {
        loop {
            sleep(REDRAW);
            if is_in_foreground() {
                draw();
            }
        }
    };
    Builder::new().spawn(go_on).map(drop)
}
