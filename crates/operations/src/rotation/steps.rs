//! The steps of a rotation, and what each would do.

use zone_pki::ShowPath;

use super::engine::Rotation;
use super::stage::{Seen, Stage};
use crate::runbook::{Gates, ListedStep, StepKind};
use crate::transport::{BY_ETCD, NodeTransport};
use live::LiveZone;
use model::config::Node;
use model::error::Result;
use store::zone_directory::all_clients;

/// Which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the new CA.
    Forward,
    /// To the old one.
    Back,
}

/// A step of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `ca/` leaves a stage for the next one in this direction.
    Advance(Direction, Stage),
    /// The stage is brought to every client and node, and every member shows it.
    Bring(Stage),
    /// Members that do not trust what the zone does are restarted, and every member is in the stage.
    Restart(Stage),
}

impl Step {
    /// The steps from a stage to the last one; to none, back. Those that may have been interrupted are taken
    /// once more: each does only what is not done.
    pub(super) fn all(from: Stage, until: Option<Stage>) -> Vec<Self> {
        let mut steps = Vec::new();
        let Some(until) = until else {
            if from == Stage::NewLeaves {
                steps.push(Self::Advance(Direction::Back, from));
            }
            if from > Stage::Before {
                // Also where the old CA signs already: an earlier call may have been killed before every
                // member showed that. Restarts wait: a member that does not trust both yet needs one of them
                // only, and loses the other in the next step.
                let advance = Self::Advance(Direction::Back, Stage::TrustBoth);
                steps.extend([Self::Bring(Stage::TrustBoth), advance]);
            }
            steps.extend([Self::Bring(Stage::Before), Self::Restart(Stage::Before)]);
            return steps;
        };
        let stages = [Stage::Before, Stage::TrustBoth, Stage::NewLeaves, Stage::DropOld];
        for stage in stages.into_iter().filter(|stage| *stage >= from) {
            if stage > Stage::Before {
                steps.extend([Self::Bring(stage), Self::Restart(stage)]);
            }
            if stage >= until {
                break;
            }
            steps.push(Self::Advance(Direction::Forward, stage));
        }
        steps
    }
}

impl Rotation<'_, '_> {
    /// What a step would do.
    pub(super) fn list_step(&self, step: Step, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let verify =
            |stage: Stage| ListedStep::new(StepKind::Verify, format!("{stage}: {}", stage.meaning()));
        Ok(match step {
            Step::Advance(direction, stage) => {
                let what = match (direction, stage) {
                    (Direction::Forward, Stage::Before) => {
                        "make the new CA, to be trusted beside the old one"
                    }
                    (Direction::Forward, Stage::TrustBoth) => "the new CA signs",
                    (Direction::Forward, _) => "the old CA is not trusted any more",
                    (Direction::Back, Stage::NewLeaves) => "the old CA signs again",
                    (Direction::Back, _) => "the new CA is not trusted any more",
                };
                vec![ListedStep::new(StepKind::Change, format!("ca/, {}: {what}", self.rotated))]
            }
            Step::Bring(stage) => {
                let what = format!("what it has in the stage {stage}");
                let clients = all_clients(self.zone)?.into_iter().map(|client| {
                    ListedStep::new(StepKind::Change, what.clone()).of(format!("client/{client}"))
                });
                let nodes = self.zone.config.nodes.iter().map(|node| {
                    let how = match (&self.carried, self.operation.transport(node)) {
                        (Some(carried), _) => format!("in a bundle in {}", carried.directory.shown()),
                        (None, _) if self.operation.delivers_by_etcd(node) => BY_ETCD.to_owned(),
                        (None, NodeTransport::InPlace) => "in place".to_owned(),
                        (None, _) => "by the command of [access]".to_owned(),
                    };
                    ListedStep::new(StepKind::Deliver, format!("{what}, {how}")).on(node, live)
                });
                clients.chain(nodes).collect()
            }
            Step::Restart(stage) => {
                let members = self.seen(live)?;
                let is_due = |node: &&Node| {
                    let seen = members.iter().find(|(name, _)| name == node.name.short());
                    self.will_need_restart(stage, seen.map(|(_, seen)| seen))
                };
                let due: Vec<&Node> = self.zone.config.members().filter(is_due).collect();
                let mut steps = self.operation.list_restarts(&due, live);
                steps.push(verify(stage));
                steps
            }
        })
    }

    /// Passes what a dry run tells of the members that would be restarted: whether each would start again.
    ///
    /// # Errors
    /// None in a dry run.
    pub fn pass_gates(&self, gates: &mut Gates) -> Result<()> {
        // A node that etcd has bundles for passes the gates by itself before it restarts its member.
        let members = self.zone.config.members();
        for node in members.filter(|node| !self.operation.delivers_by_etcd(node)) {
            let start = self.operation.refuse_restart(node);
            gates.pass_of("would start again", node.name.short(), start.map(|_| None))?;
        }
        Ok(())
    }

    /// Whether a member will have to be restarted in a stage, by what it shows now.
    fn will_need_restart(&self, stage: Stage, seen: Option<&Seen>) -> bool {
        let is_behind = seen.is_some_and(Seen::needs_restart);
        match stage {
            _ if stage == self.from => is_behind,
            // One that does not trust the new CA yet need not lose it.
            Stage::Before => !is_behind,
            Stage::TrustBoth | Stage::DropOld => true,
            // It trusts both since the stage before.
            Stage::NewLeaves => false,
        }
    }
}
