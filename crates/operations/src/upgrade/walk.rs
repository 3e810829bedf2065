//! The versions on the way, one after the other, each on every member before the next.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::restarter::StepRestarter;
use super::versions::RunningVersions;
use crate::event::Event;
use crate::operation::Operation;
use crate::restart::order_of_restarts;
use crate::restarted::RestartedMember;
use crate::runbook::{Gates, ListedStep, Runbook, StepKind};
use crate::transport::NodeTransport;
use host::UpgradeStep;
use launch::activation::Missing;
use live::LiveZone;
use model::config::{EtcdVersion, Node};
use model::error::{Exit, Failure, Result};
use model::plan::{MinorVersion, PathError};
use store::bundle::Programs;
use store::zone_directory::ZoneDirectory;

/// How long the cluster may take to come to a version that all members run. The leader compares their
/// versions every four seconds.
const CLUSTER_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// An upgrade of a zone.
pub struct Upgrade<'u, 'o> {
    /// What its steps work with.
    pub operation: &'u mut Operation<'o>,
    /// The zone, whose description names the version at the end of the way, or a later one.
    pub zone: &'o ZoneDirectory,
    /// Where to.
    pub target: EtcdVersion,
    /// Every member that was restarted for a version.
    pub done: Vec<RestartedMember>,
}

/// A step of it.
pub enum Step<'o> {
    /// Members are brought to a version.
    Version {
        /// The version.
        version: EtcdVersion,
        /// Those that do not run it, and what they will run by then.
        due: Vec<(&'o Node, EtcdVersion)>,
        /// Whether their data is now as it will be then.
        is_first: bool,
    },
    /// The cluster has come to the last version.
    Settle,
}

impl<'o> Runbook for Upgrade<'_, 'o> {
    type Step = Step<'o>;

    const DOING: &'static str = "upgrading";

    fn steps(&self) -> Result<Vec<Step<'o>>> {
        let (mut at, _) = RunningVersions::observe(&self.operation.observer, self.zone)?;
        let mut steps = Vec::new();
        while let Some((version, due)) = self.next(&at, self.target)? {
            let runs = |node: &'o Node| Some((node, at.version_of(node)?));
            let due = due.into_iter().filter_map(runs).collect();
            steps.push(Step::Version { version, due, is_first: steps.is_empty() });
            at.reach(version);
        }
        steps.push(Step::Settle);
        Ok(steps)
    }

    fn list(&self, step: &Step<'o>, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let Step::Version { version, due, is_first } = step else {
            let what = format!("the cluster runs etcd {}", self.target);
            return Ok(vec![ListedStep::new(StepKind::Verify, what)]);
        };
        let nodes: Vec<&Node> = due.iter().map(|(node, _)| *node).collect();
        let mut steps = Vec::new();
        for node in order_of_restarts(&nodes, live) {
            let runs = due.iter().find(|(due, _)| due.name == node.name).map(|(_, runs)| *runs);
            let runs = runs.map(|version| version.to_string()).unwrap_or_default();
            let what = match self.operation.transport(node) {
                NodeTransport::InPlace => format!("etcd {version} is put in the place of {runs}"),
                _ => format!("a bundle with the programs of etcd {version}, in the place of {runs}"),
            };
            steps.push(ListedStep::new(StepKind::Deliver, what).on(node, live));
            if let Some(snapshot) = self.list_snapshot(node, *version, *is_first)? {
                steps.push(ListedStep::new(StepKind::Restart, snapshot).on(node, live));
            }
            steps.extend(self.operation.list_restart(node, live));
        }
        Ok(steps)
    }

    #[tracing::instrument(skip_all, name = "upgrade")]
    fn carry_out(&mut self, step: Step<'o>) -> Result<ControlFlow<()>> {
        match step {
            Step::Version { version, .. } => self.reach(version)?,
            Step::Settle => self.wait_until_settled()?,
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<'o> Upgrade<'_, 'o> {
    fn next(
        &self,
        running: &RunningVersions,
        target: EtcdVersion,
    ) -> Result<Option<(EtcdVersion, Vec<&'o Node>)>> {
        running.next(self.zone, target).map_err(|error| no_way(self.zone, &error))
    }

    /// Passes what a dry run tells of the cluster without each member that would be restarted.
    ///
    /// # Errors
    /// The members cannot be asked.
    pub fn pass_gates(&self, gates: &mut Gates) -> Result<()> {
        let mut nodes: Vec<&Node> = Vec::new();
        for step in self.steps()? {
            if let Step::Version { due, .. } = step {
                nodes.extend(due.into_iter().map(|(node, _)| node));
            }
        }
        let is_meant = |node: &&Node| nodes.iter().any(|due| due.name == node.name);
        let due: Vec<&Node> = self.zone.config.members().filter(is_meant).collect();
        match due.is_empty() {
            true => Ok(()),
            false => self.operation.pass_gates_of_cluster(gates, &due),
        }
    }

    /// The restart that a member needs first, of one whose data may take a snapshot.
    fn list_snapshot(&self, node: &Node, version: EtcdVersion, is_first: bool) -> Result<Option<String>> {
        let may_take_snapshot = MinorVersion::from(version) >= MinorVersion { major: 3, minor: 7 };
        let is_here = matches!(self.operation.transport(node), NodeTransport::InPlace);
        Ok(match (may_take_snapshot, is_here && is_first) {
            (false, _) => None,
            (true, true) => launch::version_refusal(&self.zone.node_paths(&node.name), version)?
                .filter(|refusal| Missing::from(*refusal) == Missing::Snapshot)
                .map(|_| "with 3.6, for a snapshot".to_owned()),
            (true, false) => {
                Some("with 3.6, if its log holds entries of 3.5 after the last snapshot".to_owned())
            }
        })
    }

    /// Goes from wherever the members are to a version. What was done stays, the zone keeps its quorum, and
    /// each member starts with what it may start with.
    fn reach(&mut self, version: EtcdVersion) -> Result<()> {
        loop {
            let (running, _) = RunningVersions::observe(&self.operation.observer, self.zone)?;
            self.operation.still_held()?;
            hold(self.zone, &running, self.zone.config.etcd.described_version())?;
            let Some((step, due)) = self.next(&running, version)? else { return Ok(()) };
            if running.versions().any(|version| MinorVersion::from(version) < MinorVersion::from(step)) {
                self.wait_until_settled()?;
            }
            self.operation.tell(Event::Stage { name: "upgrade", what: format!("etcd {step}") });
            let programs = self.programs(step, &due)?;
            let restarter = StepRestarter { zone: self.zone, step, programs, running: &running };
            // What a member will start with is in its place only once it is its turn, and is judged then.
            self.operation.one_by_one(&due, &mut self.done, &mut |operation, node| {
                restarter.restart(operation, node)
            })?;
        }
    }

    /// What nodes with a directory of their own are brought beside the bundle; nothing if there are none.
    fn programs(&self, step: EtcdVersion, due: &[&Node]) -> Result<Option<Arc<Programs>>> {
        if due.iter().all(|node| matches!(NodeTransport::of(self.zone, node), NodeTransport::InPlace)) {
            return Ok(None);
        }
        let time = OffsetDateTime::now_utc().unix_timestamp();
        Programs::collect(Some(step), self.zone.paths.root(), time).map(|programs| Some(Arc::new(programs)))
    }

    fn wait_until_settled(&self) -> Result<()> {
        let deadline = Instant::now() + CLUSTER_LIMIT;
        loop {
            let (running, _) = RunningVersions::observe(&self.operation.observer, self.zone)?;
            if running.has_settled() {
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

/// Has every member in the zone directory start with the version that it runs, should it end by itself:
/// `zone.toml` may name one that its data does not permit yet.
///
/// # Errors
/// A node directory cannot be written.
pub fn hold(zone: &ZoneDirectory, running: &RunningVersions, toward: EtcdVersion) -> Result<()> {
    for node in zone.config.members() {
        let Some(version) = running.version_of(node) else { continue };
        if matches!(NodeTransport::of(zone, node), NodeTransport::InPlace) {
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
            "to go back, have the cluster agree first: {} -- downgrade enable {}; then set the version in \
             [etcd] of zone.toml, and: {}",
            zone.proposed("ctl"),
            MinorVersion::from(*to),
            zone.proposed("restart --rolling")
        )),
        PathError::Unknown { .. } => {
            failure.next("run a version of etcd in between that this zone-etcd knows")
        }
    }
}
