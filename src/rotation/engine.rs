//! The stages, one after the other, each brought to every node and seen to be in effect before the next.
//!
//! Nothing is recorded of how far it is: the zone's own stage follows from `ca/`, that of a member from what it shows. A rotation
//! that was interrupted goes on with whatever is not as it has to be.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::clients::issue_to_clients;
use super::stage::{Seen, Stage};
use super::standing::describe;
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::live::LiveMember;
use crate::rolling::{Event, Observer, Watch};
use crate::zone_directory::{
    Authorities, HeldAuthorities, Place, Rotated, ZoneDirectory, prepare_next, retire, switch, switch_back,
};

/// For how long a member may go on to show what it did. etcd reads its files at each handshake, so this is not waited for a process.
const SHOWN_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// What carries a rotation to the nodes.
pub trait Hands {
    /// Whether nobody else has begun with the same zone.
    ///
    /// # Errors
    /// Somebody may have.
    fn may_go_on(&self) -> Result<()>;

    /// Brings a node what the zone has for it now.
    ///
    /// # Errors
    /// It cannot be reached, or does not take it.
    fn deliver(&mut self, node: &Node, watch: &mut dyn Watch) -> Result<()>;

    /// Starts these members anew, one after the other, each gated on the others.
    ///
    /// # Errors
    /// One may not be restarted now, or does not come back.
    fn restart(&mut self, nodes: &[&Node], watch: &mut dyn Watch) -> Result<()>;
}

/// A rotation of the CAs of a zone.
pub struct Rotation<'r> {
    /// The zone.
    pub zone: &'r ZoneDirectory,
    /// Asks the members.
    pub observer: Observer<'r>,
    /// Which CAs.
    pub rotated: Rotated,
    /// Reaches the nodes.
    pub hands: &'r mut dyn Hands,
    /// Is told of everything.
    pub watch: &'r mut dyn Watch,
}

impl Rotation<'_> {
    /// Goes on from a stage until another is in effect everywhere. Returns the last.
    ///
    /// # Errors
    /// The first thing that is in the way. Everything that was done stays, and the zone keeps its quorum.
    pub fn forward(
        &mut self,
        from: Stage,
        until: Stage,
        before_drop: &mut dyn FnMut(&ZoneDirectory) -> Result<()>,
    ) -> Result<Stage> {
        let mut stage = from;
        loop {
            if stage > Stage::Before {
                match self.bring(stage) {
                    Err(refusal) if from == Stage::Before && stage == Stage::TrustBoth => {
                        return Err(self.discard_next(refusal));
                    }
                    brought => brought?,
                }
                self.restart(stage)?;
            }
            if stage >= until {
                return Ok(stage);
            }
            let rotated = self.rotated;
            stage = match stage {
                Stage::Before => {
                    self.change(|zone, authorities, now| prepare_next(zone, authorities, rotated, now))?;
                    Stage::TrustBoth
                }
                Stage::TrustBoth => {
                    self.change(|zone, authorities, now| switch(zone, authorities, rotated, now))?;
                    Stage::NewLeaves
                }
                Stage::NewLeaves | Stage::DropOld => {
                    before_drop(self.zone)?;
                    self.change(|zone, authorities, _| {
                        retire(zone, rotated, Place::Previous, authorities.lock())
                    })?;
                    Stage::DropOld
                }
            };
        }
    }

    /// Goes back from a stage to where only the old CA is trusted, and signs.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn back(&mut self, from: Stage) -> Result<()> {
        let rotated = self.rotated;
        if from == Stage::NewLeaves {
            self.change_before_its_time(|zone, authorities, now| {
                switch_back(zone, authorities, rotated, now)
            })?;
        }
        if from > Stage::Before {
            // Also where the old CA signs already: an earlier call may have been killed before every member showed that. Restarts
            // wait: whoever does not trust both yet needs one of them only, and loses the other in the next step.
            self.bring(Stage::TrustBoth)?;
            self.change(|zone, authorities, _| retire(zone, rotated, Place::Next, authorities.lock()))?;
        }
        self.bring(Stage::Before)?;
        self.restart(Stage::Before)
    }

    fn change(
        &mut self,
        step: impl FnOnce(&ZoneDirectory, &HeldAuthorities<'_>, OffsetDateTime) -> Result<()>,
    ) -> Result<()> {
        let held = self.zone.lock()?;
        // Certificates and lists have whole seconds.
        let now = now();
        let authorities = held.authorities(now)?;
        self.hands.may_go_on()?;
        step(self.zone, &authorities, now)
    }

    /// The same where the CAs that sign may not be valid: a step back from them.
    fn change_before_its_time(
        &mut self,
        step: impl FnOnce(&ZoneDirectory, &HeldAuthorities<'_>, OffsetDateTime) -> Result<()>,
    ) -> Result<()> {
        let held = self.zone.lock()?;
        let authorities = held.authorities_before_their_time(now())?;
        self.hands.may_go_on()?;
        step(self.zone, &authorities, now())
    }

    /// A node that refuses CAs which were made just now ends it: nothing rests on them yet, so they are discarded, and the zone is as it
    /// was before. Returns what to tell.
    fn discard_next(&mut self, refusal: Failure) -> Failure {
        if refusal.exit != Exit::BadInput {
            return refusal;
        }
        let rotated = self.rotated;
        let discarded = self
            .change(|zone, authorities, _| retire(zone, rotated, Place::Next, authorities.lock()))
            .and_then(|()| self.bring(Stage::Before));
        match discarded {
            Ok(()) => refusal.because("the new CA was discarded, and every node trusts what it did before"),
            Err(failure) => refusal
                .because(format!("the new CA is not discarded everywhere: {failure}"))
                .next(format!("discard it: {}", self.zone.proposed("pki rotate-ca --rollback"))),
        }
    }

    /// Brings a stage to every client and node, and waits until every member shows it.
    fn bring(&mut self, stage: Stage) -> Result<()> {
        self.watch.event(Event::Stage { name: stage.name(), what: stage.meaning().to_owned() });
        self.hands.may_go_on()?;
        issue_to_clients(self.zone, self.watch)?;
        let zone = self.zone;
        for node in &zone.config.nodes {
            self.hands.deliver(node, self.watch)?;
            if node.member {
                self.wait_for(stage, Some(node), |seen| {
                    matches!(seen, Seen::Shown(_)) && !seen.needs_leaves()
                })?;
            }
        }
        Ok(())
    }

    /// Restarts the members that do not trust what the zone does, and waits until every member is in the stage.
    fn restart(&mut self, stage: Stage) -> Result<()> {
        let zone = self.zone;
        let members = self.look()?;
        let is_due = |node: &&Node| {
            members.iter().any(|(name, seen)| name == node.name.short() && seen.needs_restart())
        };
        let due: Vec<&Node> = zone.config.members().filter(is_due).collect();
        if !due.is_empty() {
            self.hands.restart(&due, self.watch)?;
        }
        self.wait_for(stage, None, |seen| seen.stage(stage) == Some(stage))
    }

    /// What every member of the cluster shows now.
    fn look(&self) -> Result<Vec<(String, Seen)>> {
        let live = self.observer.observe()?;
        let authorities = Authorities::load_before_their_time(&self.zone.paths, now())?;
        let planes = self.rotated.planes();
        let seen = |member: &LiveMember| (member.name.clone(), Seen::of(member, planes, &authorities));
        Ok(live.members.iter().map(seen).collect())
    }

    /// Waits until one member, or every, shows what it has to.
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

fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
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
