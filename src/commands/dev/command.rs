//! The command that `dev` runs inside the zone.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitStatus;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::SignalKind;

use model::error::{Exit, Failure, Result};

/// A command that runs. What it has started ends with it, as far as that can be told.
pub(super) struct ZoneCommand {
    child: Child,
    pid: Option<Pid>,
    /// Whether it leads a process group of its own.
    group: bool,
}

impl ZoneCommand {
    /// Starts a command. In a terminal it stays in our process group, so that Ctrl-C and job control reach
    /// it; elsewhere it has a group of its own, which can be signalled and ended as a whole.
    pub(super) fn start(
        program: &OsString,
        arguments: &[OsString],
        environment: Vec<(&'static str, OsString)>,
    ) -> Result<Self> {
        let group = !io::stdin().is_terminal();
        let mut command = Command::new(program);
        command.args(arguments).envs(environment).kill_on_drop(true);
        if group {
            command.process_group(0);
        }
        let child = command.spawn().map_err(|error| {
            Failure::new(Exit::Usage, format!("cannot run `{}`", program.to_string_lossy()))
                .because(&error)
                .next("check the command after `--`")
        })?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok(Self { child, pid, group })
    }

    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Passes on a signal that this process was sent. Ctrl-C in a terminal has reached the command already.
    pub(super) fn pass_on(&self, kind: SignalKind) {
        let (Some(pid), Ok(signal)) = (self.pid, Signal::try_from(kind.as_raw_value())) else { return };
        // Either fails only if the command has ended, which is what is wanted.
        let _ = match (self.group, signal) {
            (true, signal) => killpg(pid, signal),
            (false, Signal::SIGINT) => Ok(()),
            (false, signal) => kill(pid, signal),
        };
    }
}

impl Drop for ZoneCommand {
    fn drop(&mut self) {
        if let (true, Some(pid)) = (self.group, self.pid) {
            // As above.
            let _ = killpg(pid, Signal::SIGKILL);
        }
    }
}
