//! A member that is kept stopped: its lock is held, so that whatever supervises it cannot start it again.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::RunningMember;
use host::{LockError, NodeLock, Process};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::report;
use store::site::Site;

/// How long an etcd may take to end, and a start to become an etcd that can be stopped.
const LIMIT: Duration = Duration::from_secs(60);
/// Between two attempts: shorter than what starts a member again takes.
const PAUSE: Duration = Duration::from_millis(1);

/// No member runs on the node, and none is started, as long as this is there.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) lock: NodeLock,
    /// Whether one ran.
    pub(crate) was_running: bool,
    /// The systemd service that ran it, which starts it again once this is gone.
    pub(crate) service: Option<String>,
}

impl Stopped {
    /// Stops the member that runs here, if one does. What supervises it starts another, which does not get
    /// the lock: unless that is quicker, and then it is stopped as well.
    ///
    /// # Errors
    /// This user may not stop it (exit 69), or it does not end (75).
    #[tracing::instrument(skip_all, name = "keep the member stopped")]
    pub(crate) fn hold(site: &Site, node: &Node) -> Result<Self> {
        let paths = site.node_paths(&node.name);
        let deadline = Instant::now() + LIMIT;
        let (mut stopped, mut service): (Option<Process>, Option<String>) = (None, None);
        loop {
            let holder = match NodeLock::take(&paths.lock()) {
                Ok(lock) => return Ok(Self { lock, was_running: stopped.is_some(), service }),
                Err(LockError::Held { holder, .. }) => holder,
                Err(LockError::Io { path, source }) => return Err(Failure::write(&path, &source)),
            };
            if Instant::now() > deadline {
                let who = holder.map_or_else(String::new, |pid| format!(" by process {pid}"));
                let what = format!("the member of {} does not stop", node.name.short());
                return Err(Failure::new(Exit::TryAgain, what)
                    .because(format!("its directory is in use{who}"))
                    .next("stop it by hand, and run the command again"));
            }
            match RunningMember::look(site, node).filter(|running| stopped != Some(running.process)) {
                Some(running) => {
                    report::message(&format!("stopping the member of {}: {running}", node.name.short()));
                    running.stop(node)?;
                    (stopped, service) = (Some(running.process), running.service.clone());
                }
                None => sleep(PAUSE),
            }
        }
    }

    /// The same without stopping anything: none if a member runs.
    pub(crate) fn hold_if_it_is(site: &Site, node: &Node) -> Option<Self> {
        let lock = NodeLock::take(&site.node_paths(&node.name).lock()).ok()?;
        Some(Self { lock, was_running: false, service: None })
    }
}
