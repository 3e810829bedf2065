//! Database files made smaller, one member after the other, the leader last; and the way out of the alarm
//! NOSPACE, which takes that and more.
//!
//! | module | what it holds |
//! |---|---|
//! | `member` | one member defragmented, behind the gates of a restart |
//! | `recovery` | history dropped, and after it the quota judged and the alarm taken back |

mod member;
mod recovery;

use std::ops::ControlFlow;

use bytesize::ByteSize;
use serde::Serialize;

use crate::lock::OperationLock;
use crate::operation::Operation;
use crate::restart::{leads, member_of, order_of_restarts};
use crate::runbook::{ListedStep, Runbook, StepKind};
use live::{LiveZone, MemberStatus};
use model::config::Node;
use model::error::Result;
use model::report;

/// Members that are defragmented.
pub struct Defragmentation<'r, 'o> {
    /// What its steps work with.
    pub operation: &'r mut Operation<'o>,
    /// The members.
    pub nodes: Vec<&'o Node>,
    /// Those with so many free bytes or less are left alone.
    pub over: u64,
    /// How many revisions of history are kept where a raised alarm NOSPACE is to be ended.
    pub recovery: Option<i64>,
    /// What was done.
    pub done: Defragmented,
}

/// What was done. Fields are added, never renamed.
#[derive(Debug, Default, Serialize)]
pub struct Defragmented {
    /// Those that have rewritten their database files.
    pub members: Vec<DefragmentedMember>,
    /// Those that had too little to gain.
    pub left_alone: Vec<DatabaseSize>,
    /// The revision before which the history was dropped.
    pub compacted_to: Option<i64>,
    /// The members whose alarm NOSPACE was taken back.
    pub disarmed: Vec<String>,
    /// Whether a write was tried after that, and was taken.
    pub writes: bool,
}

/// The database file of a member, in bytes. Fields are added, never renamed.
#[derive(Clone, Debug, Serialize)]
pub struct DatabaseSize {
    /// The short name of its node.
    pub node: String,
    /// The file.
    pub size: u64,
    /// What of it is free.
    pub free: u64,
}

/// A member that has rewritten its database file. Fields are added, never renamed.
#[derive(Clone, Debug, Serialize)]
pub struct DefragmentedMember {
    /// As it was before.
    #[serde(flatten)]
    pub before: DatabaseSize,
    /// The file now.
    pub size_after: u64,
    /// From the question until the answer, in milliseconds.
    pub took_ms: u64,
    /// The short name of the node to which leadership was moved first, if it led.
    pub leadership_moved_to: Option<String>,
}

/// What is done, in this order.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// The history is dropped on all members.
    Compact,
    /// One member after the other.
    Defragment,
    /// The alarm is taken back.
    Disarm,
    /// Whether writes are taken again.
    TryWrite,
}

impl DatabaseSize {
    fn of(node: &Node, status: &MemberStatus) -> Self {
        Self { node: node.name.short().to_owned(), size: status.db_size, free: status.free_pages() }
    }
}

impl<'o> Runbook for Defragmentation<'_, 'o> {
    type Step = Step;

    const DOING: &'static str = "defragmenting";

    fn steps(&self) -> Result<Vec<Step>> {
        Ok(match self.recovery {
            Some(_) => vec![Step::Compact, Step::Defragment, Step::Disarm, Step::TryWrite],
            None => vec![Step::Defragment],
        })
    }

    fn list(&self, step: &Step, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let keep = self.recovery.unwrap_or_default();
        Ok(match step {
            Step::Compact => recovery::target(live, keep)
                .map(|target| format!("history before revision {target} is dropped"))
                .map(|what| ListedStep::new(StepKind::Cluster, what))
                .into_iter()
                .collect(),
            Step::Defragment => self.list_members(live),
            Step::Disarm => {
                let raised = recovery::raised(live);
                let name = |id| live.member(id).map_or_else(|| id.to_string(), |member| member.name.clone());
                let what = |id| format!("the alarm NOSPACE of {} is taken back", name(id));
                raised.into_iter().map(|id| ListedStep::new(StepKind::Cluster, what(id))).collect()
            }
            Step::TryWrite => vec![ListedStep::new(StepKind::Verify, "a write is taken again")],
        })
    }

    fn carry_out(&mut self, step: Step) -> Result<ControlFlow<()>> {
        let keep = self.recovery.unwrap_or_default();
        match step {
            Step::Compact => self.done.compacted_to = self.operation.compact(keep)?,
            Step::Defragment => {
                let live = self.operation.observer.observe()?;
                let (due, left_alone) = self.due(&live);
                self.done.left_alone = left_alone;
                self.operation.one_by_one(&due, &mut self.done.members, &mut |operation, node| {
                    operation.defragment(node)
                })?;
            }
            Step::Disarm => self.done.disarmed = self.operation.disarm()?,
            Step::TryWrite => {
                let (site, name) = (self.operation.site(), self.operation.name());
                let taken = OperationLock::take(site, name);
                let why = "the alarm NOSPACE was taken back, and this is the first write after it";
                taken.map_err(|failure| failure.because(why))?;
                self.done.writes = true;
                report::message("a write was taken");
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<'o> Defragmentation<'_, 'o> {
    /// The members that are worth it, and those that are not. One that tells nothing is for the gates.
    fn due(&self, live: &LiveZone) -> (Vec<&'o Node>, Vec<DatabaseSize>) {
        let (mut due, mut left_alone) = (Vec::new(), Vec::new());
        for node in &self.nodes {
            let size = self.size(live, node).filter(|size| size.free <= self.over && self.recovery.is_none());
            match size {
                Some(size) => left_alone.push(size),
                None => due.push(*node),
            }
        }
        (due, left_alone)
    }

    fn size(&self, live: &LiveZone, node: &Node) -> Option<DatabaseSize> {
        let status = member_of(live, node)?.status.as_ref().ok()?;
        Some(DatabaseSize::of(node, status))
    }

    fn list_members(&self, live: &LiveZone) -> Vec<ListedStep> {
        let has_others = live.members.iter().filter(|member| member.is_voter()).count() > 1;
        let mut steps = Vec::new();
        for node in order_of_restarts(&self.due(live).0, live) {
            if leads(live, node) && has_others {
                let what = "it leads: leadership is moved to another voter";
                steps.push(ListedStep::new(StepKind::Cluster, what).on(node, live));
            }
            let what = match self.size(live, node) {
                Some(DatabaseSize { size, free, .. }) => {
                    format!("its database is defragmented: {}, of which {} are free", iec(size), iec(free))
                }
                None => "its database is defragmented".to_owned(),
            };
            steps.push(ListedStep::new(StepKind::Defragment, what).on(node, live));
        }
        steps
    }
}

fn iec(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}
