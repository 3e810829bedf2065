//! A command that ends by itself, and soon.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::attempt;
use super::launch::{Launcher, Running, Started};
use super::supervisor::Supervisor;
use model::config::ProcessConfig;

/// A command that runs in a process group of its own. What is left of the group ends with it, and all of it
/// when this is dropped. When this process is killed, the command itself gets SIGTERM.
#[derive(Debug)]
pub struct Call(Running);

impl Call {
    /// Starts it in a process that supervises nothing.
    pub fn start(words: &[String]) -> io::Result<Self> {
        Self::start_by(std::env::current_exe()?, Started::default(), words)
    }

    pub(super) fn start_by(program: PathBuf, started: Started, words: &[String]) -> io::Result<Self> {
        let config = ProcessConfig::new("call", words.to_vec());
        let launcher = Launcher { program, config, variables: Default::default(), started };
        let running = launcher.started.spawn(&mut launcher.command(words))?;
        Ok(Self(running))
    }

    /// Waits until it ends with 0, and returns why it did not. `is_cancelled` waits for the time that it is
    /// given.
    pub fn wait(self, limit: Duration, is_cancelled: impl FnMut(Duration) -> bool) -> Result<(), String> {
        attempt::command(self.0, limit, is_cancelled)
    }
}

impl Supervisor {
    /// Starts a command beside the processes that are looked after.
    pub fn call(&self, words: &[String]) -> io::Result<Call> {
        Call::start_by(self.program.clone(), self.started.clone(), words)
    }
}
