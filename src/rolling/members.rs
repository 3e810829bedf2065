//! Several members restarted, one after the other, the leader last.

use std::time::Duration;

use time::OffsetDateTime;

use super::event::Watch;
use super::observer::Observer;
use super::opening::{member_of, wait_until_open, wait_until_well};
use super::restart::{RestartedMember, restart_member};
use crate::config::Node;
use crate::error::{Failure, Result};
use crate::launch::refuse_restart;
use crate::operation_lock::OperationLock;

/// How the member of a node is restarted: here, or by way of whoever reaches the node.
pub trait Restarter {
    /// Refuses a member that would not start again. Nothing is touched.
    ///
    /// # Errors
    /// The refusal of `run`, with its exit code.
    fn refuse(&mut self, node: &Node) -> Result<()>;

    /// Restarts the member of `node`, and returns when it is back. It tells `watch` what happens: leadership moved, restarting,
    /// restarted.
    ///
    /// # Errors
    /// It was not restarted, or is not back: nobody is restarted after it.
    fn restart(&mut self, node: &Node, watch: &mut dyn Watch) -> Result<RestartedMember>;
}

/// Restarts members that run here, from a directory that is here.
#[derive(Clone, Copy, Debug)]
pub struct InPlace<'s> {
    /// Asks the zone.
    pub observer: Observer<'s>,
    /// How long a member may take to come back.
    pub limit: Duration,
    /// What keeps other operations away, where several members are concerned.
    pub held: Option<&'s OperationLock>,
}

impl Restarter for InPlace<'_> {
    fn refuse(&mut self, node: &Node) -> Result<()> {
        refuse_restart(self.observer.site, node, OffsetDateTime::now_utc()).map(drop)
    }

    fn restart(&mut self, node: &Node, watch: &mut dyn Watch) -> Result<RestartedMember> {
        restart_member(&self.observer, node, self.limit, self.held, watch)
    }
}

/// Restarts the members of these nodes, if each would start again: one after the other, when all others are well and only while the
/// lock is held. Followers come first, in the order given, and the leader last; who leads is asked anew before each.
///
/// # Errors
/// A member may not be restarted, or does not come back: those after it are left alone, and the failure says which. `done` has
/// those before it.
pub fn restart_members(
    observer: &Observer<'_>,
    nodes: &[&Node],
    restarter: &mut dyn Restarter,
    held: &OperationLock,
    watch: &mut dyn Watch,
    done: &mut Vec<RestartedMember>,
) -> Result<()> {
    for node in nodes {
        held.still_held()?;
        restarter.refuse(node).map_err(|failure| left_alone(failure, nodes))?;
    }
    let mut left = nodes.to_vec();
    while let Some(first) = left.first() {
        held.still_held()?;
        // Whoever is next is decided by what its gates see.
        let live = wait_until_open(observer, first).map_err(|failure| left_alone(failure, &left))?.live;
        let leads = |node: &Node| {
            live.leader.is_some() && member_of(&live, node).and_then(|member| member.id()) == live.leader
        };
        let node = left.remove(next_to_restart(&left, leads));
        match restarter.restart(node, watch) {
            Ok(restarted) => done.push(restarted),
            Err(failure) => return Err(left_alone(failure, &left)),
        }
    }
    wait_until_well(observer)
}

/// The place of the next in a list that is not empty: the first that does not lead, or the leader when nobody else is left.
pub fn next_to_restart<T: Copy>(left: &[T], leads: impl Fn(T) -> bool) -> usize {
    left.iter().position(|node| !leads(*node)).unwrap_or_default()
}

fn left_alone(failure: Failure, left: &[&Node]) -> Failure {
    if left.is_empty() {
        return failure;
    }
    let names: Vec<&str> = left.iter().map(|node| node.name.short()).collect();
    failure.because(format!("not restarted: {}", names.join(", ")))
}
