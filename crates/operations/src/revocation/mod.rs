//! What leaked is refused by every member.
//!
//! | module | what it holds |
//! |---|---|
//! | `target` | what is to be revoked |
//! | `lists` | how the lists change: revoked, made again, taken over |
//! | `departure` | the member of a node that is revoked leaves the cluster first |
//! | `replacement` | what becomes of the files of a client that is revoked |
//! | `distribution` | the lists, on their way to every member that serves |
//! | `trial` | what the members do with what was revoked |
//! | `effect` | whether every member refuses it. Pure |
//!
//! Every run compares what is with what should be, so the same command finishes what was interrupted.

mod departure;
mod distribution;
mod effect;
mod lists;
mod replacement;
mod target;
mod trial;

use std::ops::ControlFlow;

use time::OffsetDateTime;
use zone_pki::whole_seconds;

pub use departure::{Membership, refuse_departure};
pub use distribution::{Distribution, NotReached};
pub use effect::{Effect, ListInUse};
pub use lists::ListChange;
pub use target::Target;
pub use trial::{TriedCertificate, TriedList};

use crate::operation::Operation;
use crate::runbook::{ListedStep, Runbook, StepKind};
use departure::leave;
use lists::Recorded;
use live::LiveZone;
use model::config::Node;
use model::disabled_fixes::Fix;
use model::error::Result;
use model::plan::Plane;
use replacement::Replacement;
use store::zone_directory::{AdoptedList, Authorities, RebuiltList, Targeted, ZoneDirectory};
use trial::{Trial, planes_of, try_all, try_lists};

/// A change of the revocation lists, brought to every member that serves.
pub struct Revocation<'r, 'o> {
    /// What its steps work with.
    pub operation: &'r mut Operation<'o>,
    /// The zone.
    pub zone: &'o ZoneDirectory,
    /// What changes.
    pub change: ListChange<'r>,
    /// What was done so far.
    pub done: Done,
    in_use: Option<InUse<'o>>,
}

/// What was done.
#[derive(Default)]
pub struct Done {
    /// What was revoked, and what had been.
    pub targeted: Targeted,
    /// What became of the member of the node.
    pub membership: Membership,
    /// What became of the files of the client.
    pub replaced: Option<String>,
    /// The lists that were made again.
    pub rebuilt: Vec<RebuiltList>,
    /// The lists that were taken over.
    pub adopted: Vec<AdoptedList>,
    /// Who has the lists.
    pub distribution: Distribution,
    /// What the members did with certificates whose keys are here.
    pub tried: Vec<TriedCertificate>,
    /// What they did with the probes of the lists.
    pub lists: Vec<TriedList>,
    /// What follows for each of them.
    pub effect: Effect,
}

/// The lists as they were written, who is to have them, and what is tried on those.
struct InUse<'o> {
    authorities: Authorities,
    serving: Vec<&'o Node>,
    trials: Vec<Trial>,
}

/// A step of it.
pub enum Step<'o> {
    /// Who may still vote is taken out first: a list alone evicts no member, and without its certificates it
    /// could not be asked to go.
    Leave(&'o Node),
    /// Recorded, listed, and given to those whose files are here.
    ChangeLists,
    /// Brought to the others.
    Distribute,
    /// Tried on every member that serves.
    Try,
}

impl<'r, 'o> Revocation<'r, 'o> {
    /// One of which nothing was done.
    pub fn new(operation: &'r mut Operation<'o>, zone: &'o ZoneDirectory, change: ListChange<'r>) -> Self {
        Self { operation, zone, change, done: Done::default(), in_use: None }
    }

    fn node(&self) -> Option<&'o Node> {
        self.change.target()?.node(self.zone)
    }

    /// The members that are to refuse what is revoked: all but the one that leaves. The holder's come first,
    /// for a thief of its key knows where it is.
    fn serving(&self, authorities: &Authorities, targeted: &Targeted) -> Vec<&'o Node> {
        let mut serving = authorities.serving_members(&self.zone.config);
        serving.retain(|node| self.node().is_none_or(|leaving| leaving.name != node.name));
        let is_holder = |node: &Node| targeted.all().any(|entry| entry.node == node.name.full());
        if Fix::HolderGetsList.is_off() {
            serving.retain(|node| !is_holder(node));
        }
        serving.sort_by_key(|node| !is_holder(node));
        serving
    }

    fn replacement(&self, targeted: &Targeted) -> Option<Replacement> {
        self.change.target().and_then(|target| Replacement::of(self.zone, target, targeted))
    }

    fn change_lists(&mut self) -> Result<ControlFlow<()>> {
        let (changed, authorities) = self.operation.change_lists(
            |zone, held, now| self.change.record(zone, held, now),
            |change, recorded| {
                let serving = self.serving(change.authorities, &recorded.targeted);
                if recorded.is_nothing_rebuilt {
                    return Ok((recorded, serving, None, Distribution::default()));
                }
                let distribution = Distribution::begin(change, &serving)?;
                let replacement = self.replacement(&recorded.targeted);
                let replaced = replacement.map(|replacement| replacement.carry_out(change)).transpose()?;
                Ok((recorded, serving, replaced, distribution))
            },
        )?;
        let (recorded, serving, replaced, distribution) = changed;
        let Recorded { targeted, rebuilt, adopted, trials, is_nothing_rebuilt } = recorded;
        let membership = self.done.membership;
        self.done =
            Done { targeted, membership, replaced, rebuilt, adopted, distribution, ..Done::default() };
        self.in_use = Some(InUse { authorities, serving, trials });
        Ok(if is_nothing_rebuilt { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn try_members(&mut self) -> Result<()> {
        let Some(InUse { authorities, serving, trials }) = &self.in_use else { return Ok(()) };
        let planes = match self.change {
            ListChange::Revoke { .. } => planes_of(&self.done.targeted),
            ListChange::Rebuild | ListChange::Adopt(_) => Plane::ALL.to_vec(),
        };
        self.done.tried = try_all(authorities, serving, trials)?;
        self.done.lists = try_lists(self.zone, authorities, serving, &planes)?;
        let Done { distribution, tried, lists, .. } = &self.done;
        self.done.effect = Effect::of(serving, distribution, tried, lists);
        Ok(())
    }
}

impl<'o> Runbook for Revocation<'_, 'o> {
    type Step = Step<'o>;

    const DOING: &'static str = "revoking";

    fn steps(&self) -> Result<Vec<Step<'o>>> {
        let leaves = self.node().filter(|node| node.member).map(Step::Leave);
        Ok(leaves.into_iter().chain([Step::ChangeLists, Step::Distribute, Step::Try]).collect())
    }

    fn list(&self, step: &Step<'o>, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let now = whole_seconds(OffsetDateTime::now_utc());
        let serving = || -> Result<_> {
            let authorities = Authorities::load(&self.zone.paths, now)?;
            Ok(self.serving(&authorities, &self.change.issued(self.zone, now)?))
        };
        Ok(match step {
            Step::Leave(node) => vec![ListedStep::new(StepKind::Cluster, "its member leaves").on(node, live)],
            Step::ChangeLists => {
                let changed = self.change.list(self.zone, now)?;
                let replaced = self.replacement(&self.change.issued(self.zone, now)?);
                let changed = changed.into_iter().map(|what| ListedStep::new(StepKind::Change, what));
                let replaced = replaced.map(|replacement| {
                    let (client, what) = replacement.list();
                    ListedStep::new(StepKind::Change, what).of(client)
                });
                changed.chain(replaced).collect()
            }
            Step::Distribute => Distribution::list(self.zone, &serving()?, live),
            Step::Try => {
                let row = |node: &&Node| {
                    ListedStep::new(StepKind::Verify, "it refuses what is listed").on(node, live)
                };
                serving()?.iter().map(row).collect()
            }
        })
    }

    fn carry_out(&mut self, step: Step<'o>) -> Result<ControlFlow<()>> {
        match step {
            Step::Leave(node) => self.done.membership = leave(self.operation, node)?,
            Step::ChangeLists => return self.change_lists(),
            Step::Distribute => {
                if let Some(node) = self.node() {
                    self.operation.withdraw(node);
                }
                self.done.distribution.finish(self.operation);
            }
            Step::Try => self.try_members()?,
        }
        Ok(ControlFlow::Continue(()))
    }
}
