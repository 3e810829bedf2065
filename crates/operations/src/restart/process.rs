//! The member that runs here: found, and stopped in the way of its supervisor.

use std::os::unix::fs::MetadataExt;
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{fmt, fs};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use zone_pki::ShowPath;

use host::{self, NamedProcess, NodeLock, Process, ServiceRestart};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::NodePaths;
use store::site::Site;

/// For how long a member is waited for that does not run: it may just have been stopped, by a restart that
/// was interrupted.
const APPEARS_WITHIN: Duration = Duration::from_secs(5);
/// Who types commands there, and starts nothing again by itself.
const TYPED_IN: [&str; 12] =
    ["sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "tmux", "tmux: server", "screen", "sshd", "login"];
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// The member of a node, as a process of this machine.
#[derive(Debug)]
pub(crate) struct RunningMember {
    /// Its process.
    pub(crate) process: Process,
    /// The systemd service whose main process it is.
    pub(super) service: Option<String>,
}

/// A member that was stopped.
#[derive(Debug)]
pub(crate) enum Stopping {
    /// By a signal, after which its supervisor starts another.
    Signalled,
    /// By systemd, which starts another.
    Service(ServiceRestart),
}

impl RunningMember {
    /// Finds the member, and makes sure that this user may stop it.
    pub(super) fn find(site: &Site, node: &Node) -> Result<Self> {
        let paths = site.node_paths(&node.name);
        let deadline = Instant::now() + APPEARS_WITHIN;
        let process = loop {
            match process_of(&paths) {
                Some(process) => break process,
                None if Instant::now() < deadline => sleep(PAUSE),
                None => return Err(not_here(site, node, &paths)),
            }
        };
        match signal(process, None) {
            Ok(()) => {}
            Err(Errno::EPERM) => return Err(not_permitted(site, node, process)),
            Err(error) => return Err(not_signalled(node, error)),
        }
        Ok(Self::of(process))
    }

    /// The member as it is at this moment; none if it does not run here.
    pub(crate) fn look(site: &Site, node: &Node) -> Option<Self> {
        process_of(&site.node_paths(&node.name)).map(Self::of)
    }

    fn of(process: Process) -> Self {
        let service = host::service_of(process.pid).filter(|unit| is_main_process(unit, process));
        Self { process, service }
    }

    /// What started it, if that is a shell: then nothing may start it again.
    pub(super) fn shell(&self) -> Option<NamedProcess> {
        let parent = self.process.parent().filter(|_| self.service.is_none())?;
        TYPED_IN.contains(&parent.name.as_str()).then_some(parent)
    }

    /// Tells it to end.
    #[tracing::instrument(skip_all, name = "stop member", fields(node = node.name.short()))]
    pub(crate) fn stop(&self, node: &Node) -> Result<Stopping> {
        match &self.service {
            Some(unit) => host::restart_service(unit).map(Stopping::Service).map_err(|error| {
                let what = format!("cannot restart {}", node.name.short());
                Failure::new(Exit::Unavailable, what)
                    .because(&error)
                    .next(format!("restart it by hand: systemctl restart {unit}"))
            }),
            None => signal(self.process, Some(Signal::SIGTERM))
                .map(|()| Stopping::Signalled)
                .map_err(|error| not_signalled(node, error)),
        }
    }
}

impl fmt::Display for RunningMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process.pid)?;
        self.service.as_ref().map_or(Ok(()), |unit| write!(f, " of {unit}"))?;
        self.shell().map_or(Ok(()), |shell| {
            write!(f, ", which {shell} started and may not start again, no supervisor,")
        })
    }
}

/// The process that runs the member of a node here, once it has become etcd.
pub(crate) fn process_of(paths: &NodePaths) -> Option<Process> {
    host::running_member(paths).and_then(|member| Process::of(member.pid))
}

impl Stopping {
    /// What systemd said, if it has given up.
    pub(super) fn complaint(&mut self) -> Option<String> {
        match self {
            Self::Service(restart) => restart.complaint(),
            Self::Signalled => None,
        }
    }
}

/// Sends a signal to this very process, or none to see whether it could be.
fn signal(process: Process, signal: Option<Signal>) -> std::result::Result<(), Errno> {
    if !process.is_alive() {
        // What was to be done has been.
        return Ok(());
    }
    match kill(Pid::from_raw(i32::try_from(process.pid).map_err(|_| Errno::ESRCH)?), signal) {
        Err(Errno::ESRCH) => Ok(()),
        result => result,
    }
}

/// A member may also be a child of what runs in the service, a test or a `dev`, which a restart of the
/// service would end.
fn is_main_process(unit: &str, process: Process) -> bool {
    host::main_process(unit) == Some(process.pid)
}

fn not_here(site: &Site, node: &Node, paths: &NodePaths) -> Failure {
    let name = node.name.short();
    let failure =
        Failure::new(Exit::Unavailable, format!("{name} is not restarted: its member does not run here"));
    if NodeLock::is_held(&paths.lock()) {
        return failure
            .because(format!(
                "{} is in use by a process that is not an etcd, or not to be seen",
                paths.root().shown()
            ))
            .next(
                "run the command where the member runs: on its machine, inside its container, as its user \
                or root",
            );
    }
    failure
        .because(format!("no process uses {}", paths.root().shown()))
        .next(format!("start it on {name}: {}", site.proposed_on("run", name)))
}

fn not_permitted(site: &Site, node: &Node, process: Process) -> Failure {
    let owner = fs::metadata(format!("/proc/{}", process.pid)).map(|metadata| Uid::from_raw(metadata.uid()));
    let owner = owner.ok().and_then(|uid| User::from_uid(uid).ok().flatten()).map(|user| user.name);
    let name = node.name.short();
    Failure::new(
        Exit::Permission,
        format!("{name} is not restarted: its process {} is not ours", process.pid),
    )
    .because(format!("it runs as {}", owner.unwrap_or_else(|| "another user".to_owned())))
    .next(format!("run the command as root: {}", site.proposed_for("restart", name)))
}

fn not_signalled(node: &Node, error: Errno) -> Failure {
    Failure::new(Exit::Unavailable, format!("{} cannot be stopped", node.name.short()))
        .because(&error)
        .next("run the command on the machine that the member runs on")
}
