//! The command that runs on the main thread while a zone is supervised: whatever ends the zone ends it first.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

#[derive(Clone, Debug, Default)]
pub(super) struct Foreground(Arc<Mutex<Option<OwnedFd>>>);

impl Foreground {
    /// Runs a command to its end. Ctrl-C in a terminal reaches the supervision alone.
    pub(super) fn run(&self, command: &mut Command) -> io::Result<Output> {
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = {
            let mut running = self.lock();
            let child = command.spawn()?;
            // Without it the command ends with this process, and a moment later.
            *running = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).ok();
            child
        };
        let output = child.wait_with_output();
        self.lock().take();
        output
    }

    /// Ends the command, and keeps another from being started while what is returned is held.
    pub(super) fn end(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        let running = self.lock();
        if let Some(process) = running.as_ref() {
            // It fails only if the process has ended, which is what is wanted.
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
        running
    }

    fn lock(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
