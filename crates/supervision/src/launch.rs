//! The command that starts a program, and the processes that were started here.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::child::{OF_A_USER, SUBCOMMAND};
use model::config::ProcessConfig;

/// What was said to this process alone (sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)).
const OF_THIS_PROCESS: [&str; 6] =
    ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/// How programs are started for one process that is configured.
#[derive(Clone, Debug)]
pub(super) struct Launcher {
    /// This program, as it can be executed.
    pub program: PathBuf,
    pub config: ProcessConfig,
    /// Variables that all processes get. Those of the process itself come after.
    pub variables: BTreeMap<String, String>,
    pub started: Started,
}

impl Launcher {
    /// A call of words, in a process group of its own. Its user, directory and variables are those of the
    /// process.
    pub fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(SUBCOMMAND).arg("--parent").arg(std::process::id().to_string());
        for name in OF_THIS_PROCESS {
            command.env_remove(name);
        }
        if let Some(user) = &self.config.user {
            command.arg("--user").arg(user);
            for name in OF_A_USER {
                command.env_remove(name);
            }
        }
        if let Some(directory) = &self.config.directory {
            command.arg("--directory").arg(directory);
        }
        command.arg("--").args(words);
        command.envs(&self.variables).envs(&self.config.env);
        command.stdin(Stdio::null()).process_group(0);
        command
    }
}

/// The ids of the processes that were started here and not waited for yet: what reaps orphans leaves them.
#[derive(Clone, Debug, Default)]
pub(super) struct Started(Arc<Mutex<HashSet<i32>>>);

impl Started {
    /// Starts a command. Between its start and its entry in the list there is no look at the list.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Running> {
        let mut started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        started.insert(pid);
        Ok(Running { child, pid, was_waited_for: false, started: self.clone() })
    }

    /// Works on the list while nothing is started and nothing waited for.
    pub fn with<T>(&self, work: impl FnOnce(&HashSet<i32>) -> T) -> T {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A process that was started, with its group. It is killed when dropped.
#[derive(Debug)]
pub(super) struct Running {
    pub child: Child,
    /// Its process id and that of its group.
    pub pid: i32,
    was_waited_for: bool,
    started: Started,
}

impl Running {
    /// Sends a signal to the whole group. Until the process has been waited for, no other group has its
    /// number.
    pub fn signal_group(&self, signal: Signal) {
        // It fails only if all have ended, or belong to another user by now.
        let _ = killpg(Pid::from_raw(self.pid), signal);
    }

    /// Whether the process has ended, without taking note of it: its number stays its own.
    pub fn has_ended(&self) -> bool {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(Pid::from_raw(self.pid)), flags) != Ok(WaitStatus::StillAlive)
    }

    /// Waits for its end, after all others of its group were killed.
    pub fn finish(mut self) -> io::Result<ExitStatus> {
        self.kill_and_wait()
    }

    fn kill_and_wait(&mut self) -> io::Result<ExitStatus> {
        self.signal_group(Signal::SIGKILL);
        let status = self.child.wait();
        self.was_waited_for = true;
        self.started.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.was_waited_for {
            let _ = self.kill_and_wait();
        }
    }
}
