//! Processes of this machine: which one is meant, and who looks after it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::kernel::kernel_text;
use model::error::{Exit, Failure, Result};

/// A process, told apart from a later one that has its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    /// When it was started, in clock ticks since the machine was.
    pub started: u64,
}

impl Process {
    /// The process that has this id now. One that has ended and was not waited for does not count.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = kernel_text(&format!("/proc/{pid}/stat")).ok()?;
        let fields = fields_of(&stat)?;
        let has_ended = matches!(fields.first()?, &"Z" | &"X");
        let started = fields.get(19)?.parse().ok()?;
        (!has_ended).then_some(Self { pid, started })
    }

    pub fn own() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// The process that it is a child of now.
    pub fn parent(self) -> Option<NamedProcess> {
        let stat = kernel_text(&format!("/proc/{}/stat", self.pid)).ok()?;
        fields_of(&stat)?.get(1)?.parse().ok().map(NamedProcess::of)
    }

    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }
}

/// What follows the name of the program, which comes second, in brackets, and may hold anything
/// (proc_pid_stat(5)).
fn fields_of(stat: &str) -> Option<Vec<&str>> {
    stat.rsplit_once(") ").map(|(_, fields)| fields.split_ascii_whitespace().collect())
}

/// A process as people are told of it: `etcd (process 4711)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedProcess {
    pub pid: u32,
    pub name: String,
}

impl NamedProcess {
    /// The process that has this id now.
    pub fn of(pid: u32) -> Self {
        let name = kernel_text(&format!("/proc/{pid}/comm")).unwrap_or_default();
        let name = if name.trim().is_empty() { "a process" } else { name.trim() };
        Self { pid, name: name.to_owned() }
    }
}

impl fmt::Display for NamedProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (process {})", self.name, self.pid)
    }
}

/// The system service of systemd's that a process may belong to, by its control group.
pub fn service_of(pid: u32) -> Option<String> {
    service_in(&kernel_text(&format!("/proc/{pid}/cgroup")).ok()?)
}

/// The same from the text of `/proc/PID/cgroup`: a line `0::/system.slice/NAME.service`, or with the older
/// control groups `1:name=systemd:/…` (cgroups(7)). What a user's own manager runs is below
/// `user@1000.service`, and is no service of the system.
pub fn service_in(text: &str) -> Option<String> {
    let path = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        matches!(controllers, "" | "name=systemd").then(|| path.to_owned())
    };
    text.lines().filter_map(path).find_map(|path| {
        let is_users = path.split('/').any(|part| part.starts_with("user@"));
        let last = path.rsplit('/').next()?;
        (last.ends_with(".service") && !is_users).then(|| last.to_owned())
    })
}

/// Has the kernel end this process, and the etcd that it becomes, when its parent ends: `dev` leaves no
/// member behind even if it is killed. The setting survives execve(2), see PR_SET_PDEATHSIG in prctl(2).
///
/// # Errors
/// The parent has ended, or the kernel refuses.
pub fn end_with(parent: i32) -> Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)
        .map_err(|error| Failure::internal("cannot tie this process to its parent").because(&error))?;
    if nix::unistd::getppid().as_raw() == parent {
        return Ok(());
    }
    Err(Failure::new(Exit::Unavailable, format!("process {parent}, which started this one, has ended"))
        .next("start it again"))
}
