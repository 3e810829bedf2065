//! Whether the line is there, and who looks after it.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

use signal_hook::consts::SIGINT;
use signal_hook::low_level::{emulate_default_handler, pipe};

use super::super::terminal;
use super::{LINE, REDRAW, line};

static ARE_HANDLED: AtomicBool = AtomicBool::new(false);

/// From now on SIGINT does not end this process by itself: what handles it does.
pub fn interrupts_are_handled() {
    ARE_HANDLED.store(true, Ordering::Relaxed);
}

/// Whether there can be a line; if so, it is watched from here on.
pub(super) fn is_shown_here() -> bool {
    terminal::is_rewritten(&std::io::stderr()) && is_interrupted_as_usual() && watch().is_ok()
}

/// Whether Ctrl-C ends this process: no handler takes it, and it is not ignored (proc_pid_status(5)).
fn is_interrupted_as_usual() -> bool {
    #[allow(clippy::disallowed_methods, reason = "only the kernel writes there")]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let masks = status.lines().filter_map(|line| line.split_once(":\t"));
    let mut masks = masks.filter(|(name, _)| matches!(*name, "SigIgn" | "SigCgt"));
    let is_set = |mask: &str| u64::from_str_radix(mask, 16).is_ok_and(|mask| mask >> (SIGINT - 1) & 1 == 1);
    !masks.any(|(_, mask)| is_set(mask))
}

/// Begins to draw the line now and then, and to clear it when Ctrl-C ends this process.
fn watch() -> std::io::Result<()> {
    let (interrupted, interrupt) = UnixStream::pair()?;
    interrupted.set_read_timeout(Some(REDRAW))?;
    Builder::new().spawn(move || go_on(interrupted))?;
    pipe::register(SIGINT, interrupt).map(drop)
}

fn go_on(mut interrupted: UnixStream) {
    loop {
        match interrupted.read(&mut [0]) {
            Ok(0) => return,
            Ok(_) => {
                // Who holds it may be writing to a terminal that was stopped.
                if let Ok(mut line) = LINE.try_lock() {
                    line.clear();
                }
                if !ARE_HANDLED.load(Ordering::Relaxed) {
                    let _ = emulate_default_handler(SIGINT);
                }
            }
            Err(_) => line().draw(),
        }
    }
}
