//! One holder renewed: issued, brought to its node, seen to be in use; or put back as it was.

use std::ops::ControlFlow;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::{Certificate, Generation, GenerationStore};

use super::by_etcd::RenewedByEtcd;
use super::proof::{answers, leaf, prove};
use super::rollback::Undo;
use super::together::BATCH;
use crate::operation::{Change, Operation};
use crate::runbook::{Gates, ListedStep, Runbook, StepKind};
use crate::transport::own_keys::pack_for_new_keys;
use crate::transport::{ActivationAnswer, BY_ETCD, Delivery, NodeTransport, Payload, Wanted, pack};
use launch::activation::Change as Activated;
use live::LiveZone;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::{IssueReason, Role};
use model::report::{self as output, Unit};
use store::zone_directory::{
    Assessment, Authorities, Holder, Issuer, OfRevoked, Verdict, ZoneDirectory, admit,
};

/// What is the same for all holders.
pub struct Renewal<'r, 'o> {
    /// What its steps work with.
    pub operation: &'r Operation<'o>,
    /// The zone.
    pub zone: &'o ZoneDirectory,
    /// Which certificates are to be renewed of those that are there.
    pub takes: &'r dyn Fn(&Role, &Certificate) -> bool,
    /// What becomes of holders that were revoked.
    pub of_revoked: OfRevoked,
    /// The zone as it answered before anything was done: members that did not are not asked afterwards
    /// either.
    pub live: &'r LiveZone,
    /// Whether bundles are written for nodes to which files are carried.
    pub writes_bundles: bool,
    /// When it began.
    pub now: OffsetDateTime,
    /// Who gets what is due, in this order.
    pub holders: Vec<Holder<'r>>,
    /// What was renewed.
    pub renewed: Vec<Renewed>,
    /// Those that were not reached, or have to ask for what they need. The others need not wait for that.
    pub left_out: Vec<Failure>,
}

/// Who is renewed at once.
#[derive(Clone, Debug)]
pub enum RenewalStep<'r> {
    /// One holder.
    One(Holder<'r>),
    /// Holders to which nothing is brought.
    Together(Vec<Holder<'r>>),
    /// One node that runs a member, by way of etcd.
    MemberByEtcd(&'r Node),
    /// Nodes that run none, by way of etcd.
    ByEtcd(Vec<&'r Node>),
}

/// A certificate that is new.
#[derive(Debug)]
pub struct Renewed {
    /// `node1`, or `client/app`.
    pub holder: String,
    /// Its role.
    pub role: &'static Role,
    /// The serial number of the one that it replaces.
    pub old_serial: Option<String>,
    /// The certificate.
    pub new: Certificate,
    /// Whether it is in use.
    pub served: Served,
}

/// Whether a member was seen to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Served {
    /// Its member shows it, and the others take it.
    Proved,
    /// Its node has taken it, and no member of it answers here.
    Delivered,
    /// It is in a bundle that is to be carried to its node, or that etcd has for it.
    Open,
    /// It is in the zone directory, and no member of its holder answers here.
    NotAsked,
}

/// What is due of a holder.
pub(super) struct Due<'h> {
    pub(super) assessment: Assessment<'h>,
    pub(super) roles: Vec<&'static Role>,
    /// Its node makes its own keys, and is asked for them.
    has_keys_elsewhere: bool,
}

/// What is in the zone directory now, and what was before.
struct Issued {
    roles: Vec<&'static Role>,
    store: GenerationStore,
    before: Option<Generation>,
    payload: Option<Payload>,
    /// Its node makes its own keys, and is still to be asked for them.
    has_keys_elsewhere: bool,
}

impl<'o> Renewal<'_, 'o> {
    /// Passes what a dry run tells of the holders: whether what is due could be issued.
    ///
    /// # Errors
    /// The CAs cannot be read.
    pub fn pass_gates(&self, gates: &mut Gates) -> Result<()> {
        let authorities = Authorities::load(&self.zone.paths, self.now)?;
        for holder in &self.holders {
            let due = self.due(&authorities, *holder, &self.transport(*holder));
            gates.pass_of("may be issued", &holder.short_name(), due.map(|_| None))?;
        }
        Ok(())
    }

    /// Renews one holder, and puts back what it had if that does not work. Empty if nothing is due.
    #[tracing::instrument(skip_all, fields(holder = holder.short_name()))]
    fn renew(&self, holder: Holder<'_>) -> Result<Vec<Renewed>> {
        let (name, transport) = (holder.short_name(), self.transport(holder));
        let Some(mut issued) = self.operation.change(|change| self.issue(change, holder, &transport))? else {
            self.bring_what_is_there(holder, &transport)?;
            return Ok(Vec::new());
        };
        if let (true, Holder::Node(node)) = (issued.has_keys_elsewhere, holder) {
            // It is asked for its keys while others may issue.
            issued.payload = Some(pack_for_new_keys(self.zone, node, self.of_revoked, self.now)?);
        }
        let Issued { roles, store, before, payload, .. } = issued;
        let after = store.current().map_err(|error| {
            Failure::bad_input(format!("cannot read what {name} has now")).because(&error)
        })?;
        let Some(after) = after else { return Err(Failure::internal("nothing was issued")) };
        let undo =
            Undo { zone: self.zone, store: &store, before: before.as_ref(), after: &after, name: &name };
        let delivered = payload.map(|payload| payload.carry(self.zone)).transpose();
        let delivered = delivered.map_err(|failure| undo.not_delivered(failure))?;
        let is_carried = matches!(transport, NodeTransport::Offline);
        let served = match self.member_of(holder).filter(|_| !is_carried) {
            Some(node) => {
                let authorities = Authorities::load(&self.zone.paths, self.now)?;
                match prove(self.operation.site(), self.zone, &authorities, node, &after)? {
                    Ok(()) => Served::Proved,
                    Err(why) => return Err(undo.not_in_use(delivered.as_ref(), why)),
                }
            }
            None if delivered.is_some() => Served::Delivered,
            None if is_carried && self.writes_bundles => Served::Open,
            None => Served::NotAsked,
        };
        let renewed = |role: &'static Role| {
            let old = before.as_ref().and_then(|generation| leaf(generation, role));
            let new = leaf(&after, role).ok_or_else(|| Failure::internal("a certificate was not issued"))?;
            let old_serial = old.map(|leaf| leaf.serial_hex());
            Ok(Renewed { holder: name.clone(), role, old_serial, new, served })
        };
        roles.into_iter().map(renewed).collect()
    }

    /// What is due; nothing of a holder that was revoked and is left out.
    pub(super) fn due<'h>(
        &self,
        authorities: &'h Authorities,
        holder: Holder<'h>,
        transport: &NodeTransport,
    ) -> Result<Option<Due<'h>>>
    where
        'o: 'h,
    {
        let zone = self.zone;
        let assessment = Assessment::of(holder, &zone.config, &zone.paths, authorities, self.now)?;
        let admitted = admit(zone, vec![assessment], self.of_revoked)?;
        let Some(mut assessment) = admitted.into_iter().next() else { return Ok(None) };
        assessment.issue_where(&IssueReason::Requested, self.takes);
        let due = assessment.entries.iter().filter(|entry| matches!(entry.verdict(), Verdict::Issue(_)));
        let mut roles: Vec<&'static Role> = due.map(|entry| entry.role).collect();
        if roles.is_empty() {
            return Ok(None);
        }
        let has_keys_elsewhere =
            matches!(transport, NodeTransport::Command(_)) && assessment.has_keys_elsewhere();
        if has_keys_elsewhere {
            // A node makes all its keys at once.
            roles = assessment.entries.iter().map(|entry| entry.role).collect();
        } else {
            let again = zone.proposed_requests(&assessment.holder.name(), " --new-keys", "");
            assessment.refuse_keys_elsewhere(again)?;
        }
        Ok(Some(Due { assessment, roles, has_keys_elsewhere }))
    }

    /// Issues what is due, and makes what is to be handed over. Nothing if nothing is due.
    fn issue(
        &self,
        change: &Change<'_>,
        holder: Holder<'_>,
        transport: &NodeTransport,
    ) -> Result<Option<Issued>> {
        let Change { zone, authorities, .. } = change;
        let Some(due) = self.due(authorities, holder, transport)? else { return Ok(None) };
        let Due { assessment, roles, has_keys_elsewhere } = due;
        let (before, store) = (assessment.current.clone(), assessment.store.clone());
        let mut issued = Issued { roles, store, before, payload: None, has_keys_elsewhere };
        if has_keys_elsewhere {
            return Ok(Some(issued));
        }
        Issuer::new(zone, authorities)?.bring_up_to_date(&[assessment], self.now)?;
        if let (Holder::Node(node), NodeTransport::Command(_)) = (holder, transport) {
            issued.payload = Delivery::new(zone, authorities, self.now)?.pack(node)?;
        }
        Ok(Some(issued))
    }

    /// A node that was not reached when lists or CAs changed gets them now.
    fn bring_what_is_there(&self, holder: Holder<'_>, transport: &NodeTransport) -> Result<()> {
        let (Holder::Node(node), NodeTransport::Command(_)) = (holder, transport) else { return Ok(()) };
        let name = node.name.short();
        if !self.zone.has_bundled(name) {
            return Ok(());
        }
        let Some(payload) = pack(self.zone, node, Wanted::UpToDate, self.now)? else { return Ok(()) };
        let is_new = |answer: &ActivationAnswer| answer.result == Activated::Activated;
        if payload.carry(self.zone)?.answer.as_ref().is_some_and(is_new) {
            output::message(&format!("{name} has what it lacked"));
        }
        Ok(())
    }

    /// Where no bundle was ever made, what is new is in use where it was.
    pub(super) fn transport(&self, holder: Holder<'_>) -> NodeTransport {
        let Holder::Node(node) = holder else { return NodeTransport::InPlace };
        match self.operation.transport(node) {
            NodeTransport::Offline if !self.writes_bundles && !self.zone.has_bundled(node.name.short()) => {
                NodeTransport::InPlace
            }
            transport => transport,
        }
    }

    /// Whether etcd has its bundles. What was revoked cannot ask etcd for anything.
    fn is_by_etcd(&self, node: &Node) -> bool {
        self.of_revoked != OfRevoked::Reinstated && self.operation.delivers_by_etcd(node)
    }

    /// The node of a member that answers.
    pub(super) fn member_of<'n>(&self, holder: Holder<'n>) -> Option<&'n Node> {
        let Holder::Node(node) = holder else { return None };
        answers(node, self.live).then_some(node)
    }
}

impl<'r> Runbook for Renewal<'r, '_> {
    type Step = RenewalStep<'r>;

    const DOING: &'static str = "renewing";

    const UNIT: Unit = Unit::Of("holders");

    fn extent(step: &RenewalStep<'r>) -> usize {
        match step {
            RenewalStep::One(_) | RenewalStep::MemberByEtcd(_) => 1,
            RenewalStep::Together(holders) => holders.len(),
            RenewalStep::ByEtcd(nodes) => nodes.len(),
        }
    }

    /// Those whose bundles etcd has come last, and together: what is said of one that is named is known by
    /// then.
    fn steps(&self) -> Result<Vec<RenewalStep<'r>>> {
        let (mut steps, mut together) = (Vec::new(), Vec::new());
        for holder in &self.holders {
            match holder {
                Holder::Node(node) if self.is_by_etcd(node) => match answers(node, self.live) {
                    true => steps.push(RenewalStep::MemberByEtcd(node)),
                    false => together.push(*node),
                },
                _ if !self.is_renewed_here_alone(*holder) => steps.push(RenewalStep::One(*holder)),
                _ => match steps.last_mut() {
                    Some(RenewalStep::Together(batch)) if batch.len() < BATCH => batch.push(*holder),
                    _ => steps.push(RenewalStep::Together(vec![*holder])),
                },
            }
        }
        steps.extend((!together.is_empty()).then_some(RenewalStep::ByEtcd(together)));
        Ok(steps)
    }

    fn list(&self, step: &RenewalStep<'r>, live: &LiveZone) -> Result<Vec<ListedStep>> {
        let holders: Vec<Holder<'r>> = match step {
            RenewalStep::One(holder) => vec![*holder],
            RenewalStep::Together(holders) => holders.clone(),
            RenewalStep::MemberByEtcd(node) => vec![Holder::Node(node)],
            RenewalStep::ByEtcd(nodes) => nodes.iter().map(|node| Holder::Node(node)).collect(),
        };
        let authorities = Authorities::load(&self.zone.paths, self.now)?;
        let mut listed = Vec::new();
        for holder in &holders {
            listed.extend(self.list_one(&authorities, holder, live)?);
        }
        Ok(listed)
    }

    fn carry_out(&mut self, step: RenewalStep<'r>) -> Result<ControlFlow<()>> {
        let renewed = match &step {
            RenewalStep::One(holder) => {
                self.renew(*holder).map(|renewed| RenewedByEtcd { renewed, left_out: Vec::new() })
            }
            RenewalStep::Together(holders) => self.renew_together(holders),
            RenewalStep::MemberByEtcd(node) => self.renew_member_by_etcd(node),
            RenewalStep::ByEtcd(nodes) => self.renew_by_etcd(nodes),
        };
        match renewed {
            Ok(RenewedByEtcd { renewed, left_out }) => {
                self.renewed.extend(renewed);
                self.left_out.extend(left_out);
            }
            Err(failure) if matches!(failure.exit, Exit::Unavailable | Exit::MissingInput) => {
                self.left_out.push(failure);
            }
            Err(failure) => return Err(failure),
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<'r> Renewal<'r, '_> {
    fn list_one(
        &self,
        authorities: &Authorities,
        holder: &Holder<'r>,
        live: &LiveZone,
    ) -> Result<Vec<ListedStep>> {
        let transport = self.transport(*holder);
        let assessment = Assessment::of(*holder, &self.zone.config, &self.zone.paths, authorities, self.now)?;
        if assessment.is_revoked() && matches!(self.of_revoked, OfRevoked::LeftOut) {
            return Ok(Vec::new());
        }
        // What cannot be issued its gate has told.
        let Ok(Some(due)) = self.due(authorities, *holder, &transport) else { return Ok(Vec::new()) };
        let on = |step: ListedStep| match holder {
            Holder::Node(node) => step.on(node, live),
            Holder::Client(_) => step.of(holder.short_name()),
        };
        let roles: Vec<&str> = due.roles.iter().map(|role| role.name).collect();
        let issued = match due.has_keys_elsewhere {
            true => format!("certificates of keys that it makes: {}", roles.join(", ")),
            false => format!("new keys and certificates: {}", roles.join(", ")),
        };
        let delivered = match transport {
            _ if matches!(holder, Holder::Node(node) if self.is_by_etcd(node)) => Some(BY_ETCD),
            NodeTransport::InPlace => None,
            NodeTransport::Command(_) => Some("by the command of [access]"),
            NodeTransport::Offline => Some("in a bundle that is carried there"),
        };
        let is_asked = self.member_of(*holder).is_some() && !matches!(transport, NodeTransport::Offline);
        let verified =
            is_asked.then_some("its member shows them, and the others take them; or they are put back");
        let rows = [
            Some(ListedStep::new(StepKind::Change, issued)),
            delivered.map(|what| ListedStep::new(StepKind::Deliver, what)),
            verified.map(|what| ListedStep::new(StepKind::Verify, what)),
        ];
        Ok(rows.into_iter().flatten().map(on).collect())
    }
}
