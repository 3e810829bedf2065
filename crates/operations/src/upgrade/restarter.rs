//! One member brought to the next version: what it starts with is put in its place, if its data permits, and
//! it is restarted.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::versions::RunningVersions;
use crate::operation::Operation;
use crate::restart::member_of;
use crate::restarted::RestartedMember;
use crate::transport::{NodeTransport, pack_step};
use host::UpgradeStep;
use launch::activation::Missing;
use model::config::{EtcdVersion, Node};
use model::error::{Exit, Failure, Result};
use model::report;
use store::bundle::Programs;
use store::zone_directory::ZoneDirectory;

/// For how long the data may go on to refuse what time brings: a snapshot, and the version of the cluster,
/// are on the disk within a second of what the member says.
const DATA_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Brings members to one version.
pub(super) struct StepRestarter<'u> {
    /// The zone.
    pub(super) zone: &'u ZoneDirectory,
    /// The version.
    pub(super) step: EtcdVersion,
    /// The programs of that version, for nodes that get a bundle.
    pub(super) programs: Option<Arc<Programs>>,
    /// What the members ran when the step began.
    pub(super) running: &'u RunningVersions,
}

/// Why a member cannot be brought to the version now.
type Refusal = (Missing, Failure);

impl StepRestarter<'_> {
    /// Restarts a member with the version, once that is in its place.
    pub(super) fn restart(&self, operation: &mut Operation<'_>, node: &Node) -> Result<RestartedMember> {
        self.make_startable(operation, node)?;
        let restarted = operation.restart(node)?;
        self.check_version(operation, node)?;
        Ok(restarted)
    }

    /// Puts the version in its place, after a snapshot by the one that runs if the data takes one.
    #[tracing::instrument(skip_all, name = "make startable", fields(node = node.name.short()))]
    fn make_startable(&self, operation: &mut Operation<'_>, node: &Node) -> Result<()> {
        let mut deadline = Instant::now() + DATA_LIMIT;
        let mut snapshot_was_forced = false;
        while let Err((missing, failure)) = self.offer(operation, node)? {
            match missing {
                Missing::Snapshot if !snapshot_was_forced => {
                    self.force_snapshot(operation, node)?;
                    snapshot_was_forced = true;
                    deadline = Instant::now() + DATA_LIMIT;
                }
                Missing::Other => return Err(failure),
                _ if Instant::now() > deadline => {
                    return Err(Failure { exit: Exit::TryAgain, ..failure }
                        .because("it was waited for, and did not come about")
                        .next(format!("go on where this stopped: {}", self.zone.proposed("upgrade"))));
                }
                _ => sleep(PAUSE),
            }
        }
        Ok(())
    }

    /// Has the next start of a member be one with the version, unless its data refuses that.
    fn offer(&self, operation: &Operation<'_>, node: &Node) -> Result<std::result::Result<(), Refusal>> {
        match NodeTransport::of(self.zone, node) {
            NodeTransport::InPlace => self.put_here(operation, node),
            NodeTransport::Command(_) | NodeTransport::Offline => {
                let settings = self.zone.config.etcd.at_step(self.step, false);
                let programs = self.programs.clone();
                let payload = pack_step(self.zone, node, &settings, programs, OffsetDateTime::now_utc())?;
                operation.still_held()?;
                Ok(payload.offer(self.zone)?.map(drop))
            }
        }
    }

    fn put_here(&self, operation: &Operation<'_>, node: &Node) -> Result<std::result::Result<(), Refusal>> {
        let (paths, name) = (self.zone.node_paths(&node.name), node.name.short());
        if let Some(refusal) = launch::version_refusal(&paths, self.step)? {
            let [run, ctl] =
                [format!("run --node {name}"), "ctl".to_owned()].map(|command| self.zone.proposed(&command));
            let what = format!("{name} is not restarted: it must not start with etcd {}", self.step);
            let failure = Failure::bad_input(what).because(&refusal).next(refusal.next(&run, &ctl));
            return Ok(Err((refusal.into(), failure)));
        }
        operation.still_held()?;
        self.step_of(self.step, false).put(&paths)?;
        Ok(Ok(()))
    }

    fn step_of(&self, version: EtcdVersion, forces_snapshot: bool) -> UpgradeStep {
        UpgradeStep { toward: self.zone.config.etcd.described_version(), version, forces_snapshot }
    }

    /// Restarts a member with the etcd that it runs, so that it writes a snapshot.
    #[tracing::instrument(skip_all, name = "force snapshot", fields(node = node.name.short()))]
    fn force_snapshot(&self, operation: &mut Operation<'_>, node: &Node) -> Result<()> {
        let name = node.name.short();
        let Some(running) = self.running.version_of(node) else {
            return Err(Failure::internal(format!("nothing is known of {name}")));
        };
        report::message(&format!(
            "{name}: its log holds entries of 3.5 that no snapshot covers; it is restarted with {running}, \
             which writes one"
        ));
        match NodeTransport::of(self.zone, node) {
            NodeTransport::InPlace => {
                operation.still_held()?;
                self.step_of(running, true).put(&self.zone.node_paths(&node.name))?;
            }
            NodeTransport::Command(_) | NodeTransport::Offline => {
                let settings = self.zone.config.etcd.at_step(running, true);
                let payload = pack_step(self.zone, node, &settings, None, OffsetDateTime::now_utc())?;
                operation.still_held()?;
                payload.offer(self.zone)?.map_err(|(_, failure)| failure)?;
            }
        }
        operation.restart(node).map(drop)
    }

    /// A member may be started with an etcd that its supervisor names.
    fn check_version(&self, operation: &Operation<'_>, node: &Node) -> Result<()> {
        let live = operation.observer.observe()?;
        let status = member_of(&live, node).and_then(|member| member.status.as_ref().ok());
        let Some(status) = status.filter(|status| status.version != self.step.to_string()) else {
            return Ok(());
        };
        let name = node.name.short();
        Err(Failure::new(
            Exit::Configuration,
            format!("{name} runs etcd {}, not {}", status.version, self.step),
        )
        .because(
            "it is back after its restart, and was not started with the version that was put in its place",
        )
        .next(format!("have {name} started without --etcd, and go on: {}", self.zone.proposed("upgrade"))))
    }
}
