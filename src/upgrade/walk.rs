//! The versions on the way, one after the other, each on every member before the next.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::restarter::StepRestarter;
use super::standing::Standing;
use crate::access::{Access, ReachRestarter};
use crate::bundle::Programs;
use crate::config::{EtcdVersion, Node};
use crate::error::{Exit, Failure, Result};
use crate::host::UpgradeStep;
use crate::operation_lock::OperationLock;
use crate::plan::{MinorVersion, PathError};
use crate::rolling::{Event, InPlace, Observer, RestartedMember, Watch, restart_members};
use crate::zone_directory::ZoneDirectory;

/// How long the cluster may take to come to a version that all members run. The leader compares their versions every four seconds.
const CLUSTER_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// An upgrade of a zone.
pub struct Upgrade<'u> {
    /// The zone, whose description names the version at the end of the way, or a later one.
    pub zone: &'u ZoneDirectory,
    /// Asks the members.
    pub observer: Observer<'u>,
    /// Where to.
    pub target: EtcdVersion,
    /// How long a member may take to come back.
    pub limit: Duration,
    /// Keeps other operations away.
    pub lock: &'u OperationLock,
    /// Is told of everything.
    pub watch: &'u mut dyn Watch,
}

impl Upgrade<'_> {
    /// Goes from wherever the members are to the target. `done` has every member that was restarted for a version.
    ///
    /// # Errors
    /// The first thing that is in the way. What was done stays, the zone keeps its quorum, and each member starts with what it may
    /// start with.
    pub fn walk(&mut self, done: &mut Vec<RestartedMember>) -> Result<()> {
        loop {
            let (standing, _) = Standing::observe(&self.observer, self.zone)?;
            hold(self.zone, &standing, self.zone.config.etcd.described_version(), self.lock)?;
            let next = standing.next(self.zone, self.target).map_err(|error| no_way(self.zone, &error))?;
            let Some((step, due)) = next else { return self.wait_until_settled() };
            if standing.versions().any(|version| MinorVersion::from(version) < MinorVersion::from(step)) {
                self.wait_until_settled()?;
            }
            self.watch.event(Event::Stage { name: "upgrade", what: format!("etcd {step}") });
            let programs = self.programs(step, &due)?;
            let in_place = InPlace { observer: self.observer, limit: self.limit, held: Some(self.lock) };
            let mut restarter = StepRestarter {
                zone: self.zone,
                reach: ReachRestarter { zone: self.zone, in_place },
                step,
                programs,
                standing: &standing,
                lock: self.lock,
            };
            restart_members(&self.observer, &due, &mut restarter, self.lock, self.watch, done)?;
        }
    }

    /// What nodes with a directory of their own are brought beside the bundle; nothing if there are none.
    fn programs(&self, step: EtcdVersion, due: &[&Node]) -> Result<Option<Arc<Programs>>> {
        if due.iter().all(|node| matches!(Access::of(self.zone, node), Access::Here)) {
            return Ok(None);
        }
        let time = OffsetDateTime::now_utc().unix_timestamp();
        Programs::collect(Some(step), self.zone.paths.root(), time).map(|programs| Some(Arc::new(programs)))
    }

    fn wait_until_settled(&self) -> Result<()> {
        let deadline = Instant::now() + CLUSTER_LIMIT;
        loop {
            let (standing, _) = Standing::observe(&self.observer, self.zone)?;
            if standing.has_settled() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Failure::new(
                    Exit::TryAgain,
                    "the cluster has not come to the version that its members run",
                )
                .because(format!("it was waited for {}", humantime::format_duration(CLUSTER_LIMIT)))
                .next(format!("go on where this stopped: {}", self.zone.proposed("upgrade"))));
            }
            sleep(PAUSE);
        }
    }
}

/// Has every member in the zone directory start with the version that it runs, should it end by itself: `zone.toml` may name one
/// that its data does not permit yet.
///
/// # Errors
/// The lock of the operation is lost, or a node directory cannot be written.
pub fn hold(
    zone: &ZoneDirectory,
    standing: &Standing,
    toward: EtcdVersion,
    lock: &OperationLock,
) -> Result<()> {
    lock.still_held()?;
    for node in zone.config.members() {
        let Some(version) = standing.version_of(node) else { continue };
        if matches!(Access::of(zone, node), Access::Here) {
            UpgradeStep { toward, version, forces_snapshot: false }.put(&zone.node_paths(&node.name))?;
        }
    }
    Ok(())
}

/// The failure of a target that no restarts lead to.
pub fn no_way(zone: &ZoneDirectory, error: &PathError) -> Failure {
    let failure =
        Failure::new(Exit::Configuration, "the zone cannot be brought to that version").because(error);
    match error {
        PathError::Downgrade { to, .. } => failure.next(format!(
            "to go back, have the cluster agree first: {} -- downgrade enable {}; then set the version in [etcd] of zone.toml, and: {}",
            zone.proposed("ctl"),
            MinorVersion::from(*to),
            zone.proposed("restart --rolling")
        )),
        PathError::Unknown { .. } => failure.next("run a version of etcd in between that this zone-etcd knows"),
    }
}
