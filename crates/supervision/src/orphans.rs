//! The first process of a container, or of any PID namespace, is the parent of every process there whose own
//! parent has ended (pid_namespaces(7)), and has to take note when they end: otherwise they stay as zombies.

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::launch::Started;
use host::{ListedProcess, listed_processes};

/// Takes note of children that have ended and that this process did not start: neither those that are
/// supervised nor what another part of this program starts, which has the process group of this one and is
/// waited for there. waitid(2) with WNOWAIT would show the first of all that have ended, over and over if
/// that is one of ours.
pub(super) fn reap(started: &Started) {
    let own = std::process::id().cast_signed();
    let Some(own) = ListedProcess::of(own) else { return };
    let ended =
        listed_processes().into_iter().filter(|process| process.parent == own.pid && process.has_ended);
    let foreign = ended.filter(|process| process.group != own.group);
    started.with(|started| {
        for process in foreign.filter(|process| !started.contains(&process.pid)) {
            // It is there until this.
            let _ = waitpid(Pid::from_raw(process.pid), Some(WaitPidFlag::WNOHANG));
        }
    });
}
