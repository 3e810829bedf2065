//! The stages, one after the other, each brought to every node and seen to be in effect before the next.
//!
//! The zone's own stage follows from `ca/`, that of a member from what it shows, or from the answer that was
//! carried back.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::carried::{Carried, PendingBundle};
use super::clients::issue_to_clients;
use super::progress::describe;
use super::stage::{Seen, Stage};
use super::steps::{Direction, Step};
use crate::event::Event;
use crate::operation::Operation;
use crate::runbook::{ListedStep, Runbook};
use crate::transport::Wanted;
use crate::transport::etcd_delivery::by_etcd;
use live::{LiveMember, LiveZone};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::Plane;
use model::report::{Progress, Unit, message};
use store::zone_directory::{
    Authorities, Place, RotationScope, ZoneDirectory, prepare_next, retire, switch, switch_back,
};

/// For how long a member may go on to show what it did. etcd reads its files at each handshake, so this is
/// not waited for a process.
const SHOWN_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A rotation of the CAs of a zone.
pub struct Rotation<'r, 'o> {
    /// What its steps work with.
    pub operation: &'r mut Operation<'o>,
    /// The zone.
    pub zone: &'o ZoneDirectory,
    /// Which CAs.
    pub rotated: RotationScope,
    /// Where the zone stands.
    pub from: Stage,
    /// The last stage; none to go back to where only the old CA is trusted, and signs.
    pub until: Option<Stage>,
    /// Where files are carried to all nodes.
    pub carried: Option<Carried<'r>>,
    /// What is to be told before the old CA is dropped.
    pub before_drop: fn(&ZoneDirectory) -> Result<()>,
    /// What is to be carried before the next stage; none if the last one is in effect everywhere.
    pub pending: Option<Pending>,
}

/// Bundles that are to be carried.
pub struct Pending {
    /// The stage that they bring.
    pub stage: Stage,
    /// The bundles.
    pub bundles: Vec<PendingBundle>,
}

impl Runbook for Rotation<'_, '_> {
    type Step = Step;

    const DOING: &'static str = "rotating";

    fn steps(&self) -> Result<Vec<Step>> {
        Ok(Step::all(self.from, self.until))
    }

    fn list(&self, step: &Step, live: &LiveZone) -> Result<Vec<ListedStep>> {
        self.list_step(*step, live)
    }

    #[tracing::instrument(skip_all, name = "rotate", fields(?step))]
    fn carry_out(&mut self, step: Step) -> Result<ControlFlow<()>> {
        match step {
            Step::Advance(direction, stage) => self.advance(direction, stage)?,
            Step::Bring(stage) => {
                let is_first = (self.from, self.until.is_some()) == (Stage::Before, true);
                let bundles = match self.bring(stage) {
                    Err(refusal) if is_first && stage == Stage::TrustBoth => {
                        return Err(self.discard_next(refusal));
                    }
                    brought => brought?,
                };
                self.pending = bundles.map(|bundles| Pending { stage, bundles });
            }
            Step::Restart(stage) => self.restart(stage)?,
        }
        Ok(if self.pending.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

impl<'o> Rotation<'_, 'o> {
    /// The stage that the rotation has come to, if it ran to its end.
    pub fn reached(&self) -> Stage {
        let last = self.until.map_or(Stage::Before, |until| until.max(self.from));
        self.pending.as_ref().map_or(last, |pending| pending.stage)
    }

    /// Takes the next step in `ca/`.
    fn advance(&mut self, direction: Direction, stage: Stage) -> Result<()> {
        let rotated = self.rotated;
        if (direction, stage) == (Direction::Forward, Stage::NewLeaves) {
            (self.before_drop)(self.zone)?;
        }
        let operation = &self.operation;
        match (direction, stage) {
            (Direction::Forward, Stage::Before) => {
                operation.change(|step| prepare_next(step.zone, step.authorities, rotated, step.now))
            }
            (Direction::Forward, Stage::TrustBoth) => {
                operation.change(|step| switch(step.zone, step.authorities, rotated, step.now))
            }
            (Direction::Forward, Stage::NewLeaves | Stage::DropOld) => {
                operation.change(|step| retire(step.zone, rotated, Place::Previous, step.authorities.lock()))
            }
            (Direction::Back, Stage::NewLeaves) => operation
                .change_before_its_time(|step| switch_back(step.zone, step.authorities, rotated, step.now)),
            (Direction::Back, _) => operation.change_before_its_time(|step| {
                retire(step.zone, rotated, Place::Next, step.authorities.lock())
            }),
        }
    }

    /// A node that refuses CAs which were made just now ends it: nothing rests on them yet, so they are
    /// discarded, and the zone is as it was before. Returns what to tell.
    fn discard_next(&mut self, refusal: Failure) -> Failure {
        if refusal.exit != Exit::BadInput || self.carried.is_some() {
            return refusal;
        }
        let discarded =
            self.advance(Direction::Back, Stage::TrustBoth).and_then(|_| self.bring(Stage::Before));
        match discarded {
            Ok(_) => refusal.because("the new CA was discarded, and every node trusts what it did before"),
            Err(failure) => refusal
                .because(format!("the new CA is not discarded everywhere: {failure}"))
                .next(format!("discard it: {}", self.zone.proposed("pki rotate-ca --rollback"))),
        }
    }

    /// Brings a stage to every client and node, and waits until every member shows it. Returns what is still
    /// to be carried.
    #[tracing::instrument(skip_all, name = "bring stage", fields(?stage))]
    fn bring(&mut self, stage: Stage) -> Result<Option<Vec<PendingBundle>>> {
        self.operation.tell(Event::Stage { name: stage.name(), what: stage.meaning().to_owned() });
        self.operation.still_held()?;
        issue_to_clients(self.operation)?;
        if let Some(carried) = &mut self.carried {
            return carried.pending(self.operation, self.zone, stage);
        }
        let (by_etcd, others) = by_etcd(self.zone, &self.zone.config.nodes);
        let progress = Progress::begin("delivering", Unit::Of("nodes"), others.len() as u64);
        for node in others {
            self.operation.still_held()?;
            self.bring_to(node, stage)?;
            progress.add(1);
        }
        drop(progress);
        match by_etcd.is_empty() {
            true => Ok(None),
            false => self.bring_by_etcd(&by_etcd, stage).map(|()| None),
        }
    }

    fn bring_to(&mut self, node: &'o Node, stage: Stage) -> Result<()> {
        self.operation.deliver(node)?;
        if node.member {
            self.wait_for(stage, Some(node), |seen| matches!(seen, Seen::Shown(_)) && !seen.needs_leaves())?;
        }
        Ok(())
    }

    /// The same for nodes whose bundles etcd has: members one after the other, and then all others at once.
    /// A node that takes its bundle may restart its member, so the lock is for them meanwhile.
    fn bring_by_etcd(&mut self, nodes: &[&'o Node], stage: Stage) -> Result<()> {
        let cas = self.cas()?;
        let released = self.operation.release_lock();
        self.bring_unlocked(nodes, stage)?;
        self.operation.take_again(released)?;
        self.refuse_other_cas(&cas)
    }

    /// The CAs as `ca/` has them, those that sign first.
    fn cas(&self) -> Result<Vec<[u8; 32]>> {
        let authorities = Authorities::load_before_their_time(&self.zone.paths, OffsetDateTime::now_utc())?;
        let of_plane = |plane: Plane| {
            let signer = authorities.plane(plane).fingerprint_sha256();
            let trusted = authorities.trusted(plane).into_iter().map(|ca| ca.fingerprint_sha256());
            std::iter::once(signer).chain(trusted).collect::<Vec<_>>()
        };
        Ok(Plane::ALL.into_iter().flat_map(of_plane).collect())
    }

    /// Another rotation, or a step back, may have had the lock while nodes had it: what this one has seen of
    /// the members was of other CAs then, and its next step would rest on that.
    fn refuse_other_cas(&self, before: &[[u8; 32]]) -> Result<()> {
        if self.cas()? == before {
            return Ok(());
        }
        Err(Failure::new(
            Exit::TryAgain,
            "the rotation has stopped: another command has changed the CAs meanwhile",
        )
        .because("this one waited for nodes, without the lock of operations")
        .next(format!(
            "see how it is, and go on from there: {}",
            self.zone.proposed("pki rotate-ca --status")
        )))
    }

    fn bring_unlocked(&mut self, nodes: &[&'o Node], stage: Stage) -> Result<()> {
        let (members, others): (Vec<&Node>, Vec<&Node>) = nodes.iter().partition(|node| node.member);
        let progress = Progress::begin("delivering", Unit::Of("members"), members.len() as u64);
        for node in members {
            self.bring_to(node, stage)?;
            progress.add(1);
        }
        drop(progress);
        let round = self.operation.etcd_round(&others, &Wanted::UpToDate, &mut |_| Ok(()))?;
        match round.failure {
            Some(failure) if stage == Stage::DropOld => Err(failure.next(format!(
                "the rotation is over; what they lack etcd has for them, and until they take it they trust \
                 both: {}",
                self.zone.proposed("status --nodes")
            ))),
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Restarts the members that do not trust what the zone does, and waits until every member is in the
    /// stage. Where files are carried, their answers have told that.
    fn restart(&mut self, stage: Stage) -> Result<()> {
        if self.carried.is_some() {
            return Ok(());
        }
        let zone = self.zone;
        let members = self.look()?;
        let is_due = |node: &&Node| {
            members.iter().any(|(name, seen)| name == node.name.short() && seen.needs_restart())
        };
        let (by_etcd, due) = by_etcd(zone, zone.config.members().filter(is_due));
        if !due.is_empty() {
            self.operation.restart_one_by_one(&due, &mut Vec::new())?;
        }
        if !by_etcd.is_empty() {
            let cas = self.cas()?;
            let released = self.operation.release_lock();
            self.await_restarts(&by_etcd)?;
            self.operation.take_again(released)?;
            self.refuse_other_cas(&cas)?;
        }
        self.wait_for(stage, None, |seen| seen.stage(stage) == Some(stage))
    }

    /// Nodes that etcd has bundles for restart their members by themselves, one after the other.
    fn await_restarts(&mut self, nodes: &[&Node]) -> Result<()> {
        let name = |node: &&Node| node.name.short().to_owned();
        let names: Vec<String> = nodes.iter().map(name).collect();
        message(&format!("waiting for the nodes to restart their members in turn: {}", names.join(", ")));
        let mut deadline = Instant::now() + self.operation.limit;
        let mut left = names.len();
        let progress = Progress::begin("waiting for restarts", Unit::Of("members"), left as u64);
        loop {
            let members = self.look()?;
            let behind = |name: &&String| {
                members.iter().any(|(member, seen)| {
                    member == *name && (seen.needs_restart() || matches!(seen, Seen::Unknown(_)))
                })
            };
            let waiting: Vec<&str> = names.iter().filter(behind).map(String::as_str).collect();
            if waiting.is_empty() {
                return Ok(());
            }
            if waiting.len() < left {
                (left, deadline) = (waiting.len(), Instant::now() + self.operation.limit);
                progress.set((names.len() - left) as u64);
            }
            if Instant::now() >= deadline {
                let what = format!("{} still trusts what it did before", waiting.join(", "));
                return Err(Failure::new(Exit::Unavailable, what)
                    .because("its node has its bundle, and has not restarted its member")
                    .next(format!(
                        "see what `zone-etcd sync` says there, and run the command again: on {}: {}",
                        waiting.first().unwrap_or(&"the node"),
                        self.operation.site().proposed_on("sync", waiting.first().unwrap_or(&""))
                    )));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// What every member of the cluster shows now.
    fn look(&self) -> Result<Vec<(String, Seen)>> {
        self.seen(&self.operation.observer.observe()?)
    }

    pub(super) fn seen(&self, live: &LiveZone) -> Result<Vec<(String, Seen)>> {
        let authorities = Authorities::load_before_their_time(&self.zone.paths, OffsetDateTime::now_utc())?;
        let planes = self.rotated.planes();
        let seen = |member: &LiveMember| (member.name.clone(), Seen::of(member, planes, &authorities));
        Ok(live.members.iter().map(seen).collect())
    }

    /// Waits until one member, or every, shows what it has to.
    #[tracing::instrument(skip_all, name = "see stage in effect", fields(?stage))]
    fn wait_for(&self, stage: Stage, node: Option<&Node>, is_so: impl Fn(&Seen) -> bool) -> Result<()> {
        let deadline = Instant::now() + SHOWN_LIMIT;
        loop {
            let members = self.look()?;
            let is_meant = |name: &str| node.is_none_or(|node| node.name.short() == name);
            let behind: Vec<&(String, Seen)> =
                members.iter().filter(|(name, seen)| is_meant(name) && !is_so(seen)).collect();
            if behind.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(not_in_force(self.zone, stage, &behind));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

fn not_in_force(zone: &ZoneDirectory, stage: Stage, behind: &[&(String, Seen)]) -> Failure {
    let names: Vec<&str> = behind.iter().map(|(name, _)| name.as_str()).collect();
    let mut failure =
        Failure::new(Exit::Unavailable, format!("{} is not in effect on {}", stage.name(), names.join(", ")));
    for (name, seen) in behind {
        failure = failure.because(format!("{name}: {}", describe(seen)));
    }
    failure.next(format!(
        "what was done stays, and harms nothing; see how it is, and go on: {}",
        zone.proposed("pki rotate-ca --status")
    ))
}
