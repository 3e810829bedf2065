//! What a change of the members does, as a list of steps: it is listed by `--dry-run`, and carried out.

use std::ops::ControlFlow;

use super::gates::wait_until_others_are_well;
use super::other_nodes::OtherNodes;
use super::removal::{Leaving, RemovalWords};
use super::state::MemberState;
use crate::operation::Operation;
use crate::restart::Others;
use crate::runbook::{Gates, ListedStep, Runbook, StepKind};
use live::LiveZone;
use model::config::{Edit, Node};
use model::error::Result;
use model::plan::{EtcdId, PeerUrl};
use model::report;
use store::zone_directory::{ZoneDirectory, describe};

/// One of them. What a step finds done, it leaves as it is.
#[derive(Clone, Debug)]
pub enum Step<'n> {
    /// There is a snapshot of the last hour.
    Snapshot,
    /// A member leaves the list: leadership first.
    Remove(Leaving, RemovalWords),
    /// Its process is seen to end, and its data is put aside.
    Clear(&'n Node),
    /// `zone.toml` says so.
    Describe(&'n Edit),
    /// A node has what it takes to be a member, once the one that leaves has gone.
    Prepare(&'n Node, Option<EtcdId>),
    AddLearner(&'n Node),
    /// It is started, by its operator, and catches up.
    Start {
        node: &'n Node,
        /// It was a member before, and what it had then may be on its disk.
        has_old_data: bool,
    },
    Promote(&'n Node),
    /// The other nodes know of it from their bundles.
    TellOthers(&'n Node),
}

/// How a node comes to be a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    AsVoter,
    /// It is not to be promoted.
    AsLearner,
    /// It was a member before.
    InPlaceOfItself,
}

/// What makes a node a member, as far as it is not done.
pub fn steps_to_join(node: &Node, state: MemberState, joining: Joining) -> Vec<Step<'_>> {
    let has_old_data = joining == Joining::InPlaceOfItself;
    let mut steps = match state {
        MemberState::NotListed => vec![Step::Prepare(node, None), Step::AddLearner(node)],
        // The node may lack what it needs to start.
        MemberState::Unstarted(_) => vec![Step::Prepare(node, None)],
        MemberState::Learner(_) | MemberState::Voter(_) => Vec::new(),
    };
    if !matches!(state, MemberState::Voter(_)) {
        steps.push(Step::Start { node, has_old_data });
    }
    if joining != Joining::AsLearner {
        steps.push(Step::Promote(node));
    }
    steps
}

/// A change of the members that is under way.
pub struct MemberChange<'c, 'o> {
    pub operation: &'c mut Operation<'o>,
    pub zone: &'o ZoneDirectory,
    pub steps: Vec<Step<'c>>,
    /// What is asked of the members that stay.
    pub others: Others,
    /// The command that goes on where this one ends.
    pub again: &'c str,
    pub done: MemberChanged,
}

/// What has happened.
#[derive(Debug, Default)]
pub struct MemberChanged {
    /// The member that has come.
    pub id: Option<EtcdId>,
    pub leadership_moved_to: Option<String>,
    pub data_is_aside: bool,
    pub others: OtherNodes,
}

impl MemberChange<'_, '_> {
    /// Passes what has to be so before the first step.
    ///
    /// # Errors
    /// A gate is closed; none in a dry run.
    pub fn pass_gates(&self, gates: &mut Gates, live: &LiveZone) -> Result<()> {
        for step in &self.steps {
            match step {
                Step::Remove(leaving, words) => {
                    let name = leaving.name.as_str();
                    let refused = leaving.refuse(live, *words, self.again);
                    let left = refused.map(|()| Some(leaving.what_is_left(live)));
                    gates.pass_of("the others are a quorum", name, left)?;
                }
                Step::Prepare(node, leaving) => {
                    self.pass_gates_of_node(gates, live, node, *leaving)?;
                }
                Step::Promote(node) if !self.prepares(node) && !self.removes() => {
                    self.pass_gates_of_node(gates, live, node, None)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn pass_gates_of_node(
        &self,
        gates: &mut Gates,
        live: &LiveZone,
        node: &Node,
        leaving: Option<EtcdId>,
    ) -> Result<()> {
        let (name, observer) = (node.name.short(), &self.operation.observer);
        let what = format!("{name} is not a member yet");
        let well = wait_until_others_are_well(observer, node, leaving, self.others, &what).map(|_| None);
        gates.pass_of("the others are healthy", name, well)?;
        gates.pass_of(
            "its version is theirs",
            name,
            self.operation.refuse_versions(live, node).map(|()| None),
        )
    }

    fn removes(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Remove(..)))
    }

    fn prepares(&self, node: &Node) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Prepare(own, _) if own.name == node.name))
    }
}

impl<'c> Runbook for MemberChange<'c, '_> {
    type Step = Step<'c>;

    const DOING: &'static str = "changing members";

    fn steps(&self) -> Result<Vec<Step<'c>>> {
        Ok(self.steps.clone())
    }

    fn list(&self, step: &Step<'c>, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let on = |node: &Node, step: StepKind, what: String| vec![ListedStep::new(step, what).on(node, live)];
        Ok(match step {
            Step::Snapshot => {
                let what = "a snapshot of the last hour is whole, or one is taken";
                vec![ListedStep::new(StepKind::Verify, what)]
            }
            Step::Remove(leaving, _) => leaving.list(live),
            Step::Clear(node) => match self.operation.clears(node) {
                true => {
                    let what = "its process ends, and its data is put aside".to_owned();
                    on(node, StepKind::Verify, what)
                }
                false => Vec::new(),
            },
            Step::Describe(edit) => vec![ListedStep::new(StepKind::Change, format!("zone.toml: {edit}"))],
            Step::Prepare(node, _) => {
                let what = "what it lacks of certificates, tried on every member".to_owned();
                on(node, StepKind::Change, what)
            }
            Step::AddLearner(node) => {
                on(node, StepKind::Cluster, format!("added as a learner at {}", PeerUrl::of(node)))
            }
            Step::Start { node, has_old_data } => {
                let start = self.operation.start_of(node, *has_old_data);
                let start = self.operation.site().proposed_on(start, node.name.short());
                on(
                    node,
                    StepKind::Verify,
                    format!("waits for its start, and until it has caught up: {start}"),
                )
            }
            Step::Promote(node) => on(node, StepKind::Cluster, "promoted to a voter".to_owned()),
            Step::TellOthers(node) => OtherNodes::list(self.operation, self.zone, node, live),
        })
    }

    fn carry_out(&mut self, step: Step<'c>) -> Result<ControlFlow<()>> {
        let Self { operation, zone, again, done, others, .. } = self;
        match step {
            Step::Snapshot => drop(operation.secure_snapshot()?),
            Step::Remove(leaving, words) => {
                done.leadership_moved_to = operation.remove(&leaving, words, again)?;
            }
            Step::Clear(node) => done.data_is_aside = operation.clear(node)?,
            Step::Describe(edit) => {
                if let Edit::Member { node, is_member: false } = edit
                    && let Some(node) = zone.config.node(node)
                {
                    operation.refuse_listed(node)?;
                }
                operation.still_held()?;
                describe(zone, edit)?;
                report::message(&format!("zone.toml: {edit}; as it was: zone.toml.old-N"));
            }
            Step::Prepare(node, leaving) => operation.prepare(node, leaving, *others)?,
            Step::AddLearner(node) => operation.add_learner(node, *others)?,
            Step::Start { node, has_old_data } => {
                done.id = Some(operation.wait_for_start(node, has_old_data, again)?);
            }
            Step::Promote(node) => done.id = Some(operation.promote(node, *others)?),
            Step::TellOthers(node) => done.others = OtherNodes::tell(operation, zone, node)?,
        }
        Ok(ControlFlow::Continue(()))
    }
}
