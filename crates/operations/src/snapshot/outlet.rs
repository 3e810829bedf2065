//! A snapshot that is sent as it comes, to a command or to standard output, and never lies on the disk here.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use model::error::{Exit, Failure, Result};
use model::report;

/// The variable that tells the command the name of what it gets.
const NAME: &str = "ZONE_ETCD_SNAPSHOT";
/// Between two attempts to write to a pipe that is full.
const PAUSE: Duration = Duration::from_millis(1);

/// Where it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlet {
    /// The data alone.
    StandardOutput,
    /// The standard input of a line for `sh`: run once for the data, then once for the manifest.
    Command(String),
}

/// What takes one file.
pub(super) struct OpenOutlet {
    /// Kept beside what writes to it: the command sees the end only when all is known to be whole.
    pipe: Pipe,
    child: Option<Child>,
}

/// Standard output is waited for, as by any program. A command that takes nothing for so long is given up:
/// what waits for it holds the lock of the operation.
pub(super) struct Pipe {
    file: File,
    stall: Option<Duration>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let begun = Instant::now();
        loop {
            match (self.file.write(bytes), self.stall) {
                (Err(error), Some(stall)) if error.kind() == io::ErrorKind::WouldBlock => {
                    if begun.elapsed() > stall {
                        return Err(stalled(stall));
                    }
                    sleep(PAUSE);
                }
                (result, _) => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Pipe {
    /// Waits until all that was written is read. What lies in a pipe when its last reader closes it is lost,
    /// and no write to it fails.
    fn await_reader(&self, stall: Duration) -> io::Result<()> {
        let (mut begun, mut left) = (Instant::now(), u64::MAX);
        loop {
            let mut end = [PollFd::new(self.file.as_fd(), PollFlags::empty())];
            // Without a reader it is POLLERR (poll(2)), whatever is asked for.
            let is_closed = poll(&mut end, PollTimeout::ZERO).is_ok_and(|seen| seen > 0);
            // Asked last: a reader may take the rest and end in between.
            let unread = rustix::io::ioctl_fionread(&self.file)?;
            if unread < left {
                (begun, left) = (Instant::now(), unread);
            }
            match unread {
                0 => return Ok(()),
                _ if is_closed => return Err(io::Error::other("it has not read all that it was given")),
                _ if begun.elapsed() > stall => return Err(stalled(stall)),
                _ => sleep(PAUSE),
            }
        }
    }
}

fn stalled(stall: Duration) -> io::Error {
    let what = format!("the command has taken nothing for {}", humantime::format_duration(stall));
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl Outlet {
    /// Opens it for a file of this name.
    pub(super) fn open(&self, name: &str, stall: Duration) -> Result<OpenOutlet> {
        let failed = |what: &str, error: &std::io::Error| {
            Failure::new(Exit::CannotCreate, format!("cannot write the snapshot to {what}")).because(error)
        };
        let Self::Command(line) = self else {
            let fd = std::io::stdout().as_fd().try_clone_to_owned();
            let file = File::from(fd.map_err(|error| failed("standard output", &error))?);
            return Ok(OpenOutlet { pipe: Pipe { file, stall: None }, child: None });
        };
        let mut command = Command::new("/bin/sh");
        // A group of its own: all of it is ended if the snapshot is not whole.
        command.arg("-c").arg(line).env(NAME, name).stdin(Stdio::piped()).process_group(0);
        // What it prints is no data of ours.
        let stderr = std::io::stderr().as_fd().try_clone_to_owned();
        let stderr = stderr.map_err(|error| failed("a command", &error))?;
        let mut child =
            command.stdout(stderr).spawn().map_err(|error| failed(&format!("`{line}`"), &error))?;
        let Some(input) = child.stdin.take() else {
            return Err(Failure::internal("a command has no standard input"));
        };
        let file = File::from(OwnedFd::from(input));
        // This end is ours alone.
        fcntl(&file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))
            .map_err(|error| failed("a command", &error.into()))?;
        Ok(OpenOutlet { pipe: Pipe { file, stall: Some(stall) }, child: Some(child) })
    }
}

impl OpenOutlet {
    /// To write to.
    pub(super) fn pipe(&self) -> Result<Pipe> {
        let file = self.pipe.file.try_clone();
        let file = file.map_err(|error| Failure::internal("cannot share a pipe").because(&error))?;
        Ok(Pipe { file, stall: self.pipe.stall })
    }

    /// Writes all of a small file.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.pipe.write_all(bytes).map_err(|error| {
            Failure::new(Exit::CannotCreate, "cannot send the manifest of the snapshot").because(&error)
        })
    }

    /// Ends what takes it before it sees an end: it is not to keep what is not whole.
    pub(super) fn abort(mut self) {
        let Some(child) = &mut self.child else { return };
        if let Ok(group) = i32::try_from(child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = child.wait();
    }

    /// Lets it see the end, and waits until it says that it has all.
    pub(super) fn end(self, name: &str) -> Result<()> {
        let Some(stall) = self.pipe.stall else { return Ok(()) };
        report::progress(&format!("waiting until the command has stored {name}"));
        let why = match self.pipe.await_reader(stall) {
            Ok(()) => {
                let Self { pipe, child } = self;
                drop(pipe);
                let Some(mut child) = child else { return Ok(()) };
                match child.wait() {
                    Ok(status) if status.success() => return Ok(()),
                    Ok(status) => format!("it ended: {status}"),
                    Err(error) => error.to_string(),
                }
            }
            Err(error) => {
                self.abort();
                error.to_string()
            }
        };
        Err(Failure::new(Exit::Unavailable, format!("the command did not take {name}"))
            .because(why)
            .because("what it has kept has no manifest, and is no snapshot")
            .next("see what it says above, and run this command again"))
    }
}
