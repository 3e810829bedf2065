//! How a process ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::sys::signal::Signal;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

impl Ending {
    /// Exit code 0, and the signals by which a process is asked to end: what systemd takes for a clean exit
    /// (systemd.service(5), `SuccessExitStatus=`).
    pub fn is_clean(self) -> bool {
        const CLEAN: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGPIPE];
        match self {
            Self::Exited(code) => code == 0,
            Self::Killed(signal) => CLEAN.into_iter().any(|clean| clean as i32 == signal),
        }
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            // One that was merely stopped is not waited for.
            (None, signal) => Self::Killed(signal.unwrap_or_default()),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(formatter, "with exit code {code}"),
            Self::Killed(signal) => match Signal::try_from(*signal) {
                Ok(signal) => write!(formatter, "by {signal}"),
                Err(_) => write!(formatter, "by signal {signal}"),
            },
        }
    }
}
