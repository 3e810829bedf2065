//! Several members restarted, one after the other, the leader last.

use std::ops::ControlFlow;

use super::readiness::{member_of, wait_until_open, wait_until_well};
use crate::interruption::Interruption;
use crate::operation::Operation;
use crate::restarted::RestartedMember;
use crate::runbook::{ListedStep, Runbook};
use crate::transport::NodeTransport;
use live::LiveZone;
use model::config::Node;
use model::error::{Failure, Result};
use model::report::{Progress, Unit};

/// What is done to one of them.
pub type EachOne<'r, 'o, T> = dyn FnMut(&mut Operation<'o>, &Node) -> Result<T> + 'r;

impl<'o> Operation<'o> {
    /// Restarts the members of these nodes, if each would start again: one after the other, when all others
    /// are well and only while the lock is held. Followers come first, in the order given, and the leader
    /// last; who leads is asked again before each. `done` gets those that are back.
    ///
    /// # Errors
    /// A member may not be restarted, or does not come back: those after it are left alone, and the failure
    /// says which.
    pub fn restart_one_by_one(&mut self, nodes: &[&Node], done: &mut Vec<RestartedMember>) -> Result<()> {
        for node in nodes {
            self.ensure_locked()?;
            self.refuse_restart(node).map_err(|failure| self.left_alone(failure, nodes))?;
        }
        self.one_by_one(nodes, done, &mut |operation, node| operation.restart(node))
    }

    /// The same for members of which only their turn shows whether they would start again, or that are
    /// interrupted by something else.
    #[tracing::instrument(skip_all, name = "one by one")]
    pub(crate) fn one_by_one<T>(
        &mut self,
        nodes: &[&Node],
        done: &mut Vec<T>,
        each: &mut EachOne<'_, 'o, T>,
    ) -> Result<()> {
        let mut left = nodes.to_vec();
        let doing = match self.interruption {
            Interruption::Restart => "restarting",
            Interruption::Defragmentation => "defragmenting",
        };
        let progress = Progress::begin(doing, Unit::Of("members"), nodes.len() as u64);
        while let Some(first) = left.first() {
            self.ensure_locked()?;
            // Which is next is decided by what its gates see.
            let open = wait_until_open(self, first);
            let live = open.map_err(|failure| self.left_alone(failure, &left))?.live;
            let node = left.remove(next_to_restart(&left, |node| leads(&live, node)));
            done.push(each(self, node).map_err(|failure| self.left_alone(failure, &left))?);
            progress.add(1);
        }
        wait_until_well(self)
    }

    fn left_alone(&self, failure: Failure, left: &[&Node]) -> Failure {
        if left.is_empty() {
            return failure;
        }
        let names: Vec<&str> = left.iter().map(|node| node.name.short()).collect();
        failure.because(format!("left alone: {}", names.join(", ")))
    }
}

/// Whether the member of a node leads.
pub fn leads(live: &LiveZone, node: &Node) -> bool {
    live.leader.is_some() && member_of(live, node).and_then(|member| member.id()) == live.leader
}

/// The order in which these members would be restarted now.
pub fn order_of_restarts<'n>(nodes: &[&'n Node], live: &LiveZone) -> Vec<&'n Node> {
    let mut left = nodes.to_vec();
    nodes.iter().map(|_| left.remove(next_to_restart(&left, |node| leads(live, node)))).collect()
}

/// The place of the next in a list that is not empty: the first that does not lead, or the leader when it
/// alone is left.
pub fn next_to_restart<T: Copy>(left: &[T], leads: impl Fn(T) -> bool) -> usize {
    left.iter().position(|node| !leads(*node)).unwrap_or_default()
}

/// Members that are restarted as it is typed.
pub struct Restarts<'r, 'o> {
    /// What its steps work with.
    pub operation: &'r mut Operation<'o>,
    /// The members.
    pub restart: RestartStep<'o>,
    /// Those that are back.
    pub done: Vec<RestartedMember>,
}

/// How members are restarted.
#[derive(Clone)]
pub enum RestartStep<'o> {
    /// One, where it runs.
    InPlace(&'o Node),
    /// One after the other, the leader last; who leads is asked before each.
    OneByOne(Vec<&'o Node>),
}

impl<'o> Runbook for Restarts<'_, 'o> {
    type Step = RestartStep<'o>;

    const DOING: &'static str = "restarting";

    fn steps(&self) -> Result<Vec<RestartStep<'o>>> {
        Ok(vec![self.restart.clone()])
    }

    fn list(&self, step: &RestartStep<'o>, live: &LiveZone) -> Result<Vec<ListedStep>> {
        Ok(match step {
            RestartStep::InPlace(node) => self.operation.list_restart_by(node, &NodeTransport::InPlace, live),
            RestartStep::OneByOne(nodes) => self.operation.list_restarts(nodes, live),
        })
    }

    fn carry_out(&mut self, step: RestartStep<'o>) -> Result<ControlFlow<()>> {
        match step {
            RestartStep::InPlace(node) => self.done.push(self.operation.restart_in_place(node)?),
            RestartStep::OneByOne(nodes) => self.operation.restart_one_by_one(&nodes, &mut self.done)?,
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<'o> RestartStep<'o> {
    pub(super) fn transport(&self, operation: &Operation<'_>, node: &Node) -> NodeTransport {
        match self {
            Self::InPlace(_) => NodeTransport::InPlace,
            Self::OneByOne(_) => operation.transport(node),
        }
    }

    /// The members.
    pub fn nodes(&self) -> &[&'o Node] {
        match self {
            Self::InPlace(node) => std::slice::from_ref(node),
            Self::OneByOne(nodes) => nodes,
        }
    }
}
