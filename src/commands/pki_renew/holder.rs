//! One holder renewed: issued, brought to its node, seen to be in use; or put back as it was.

use time::OffsetDateTime;
use zone_pki::{Generation, GenerationStore, ShowPath};

use super::outbox::Outbox;
use super::proof::{self, leaf};
use super::report::{Row, Served};
use super::selection::Selection;
use crate::access::delivery::pack;
use crate::access::own_keys::pack_for_new_keys;
use crate::access::{Access, ActivationAnswer, Courier, Delivered, Parcel};
use crate::activation::Change;
use crate::config::Node;
use crate::error::{Failure, Result};
use crate::live::LiveZone;
use crate::plan::{IssueReason, Role};
use crate::report as output;
use crate::site::Site;
use crate::zone_directory::{Assessment, Authorities, Holder, Issuer, Verdict, ZoneDirectory, admit};

/// What is the same for all holders.
pub(super) struct Renewal<'r> {
    pub(super) site: &'r Site,
    pub(super) zone: &'r ZoneDirectory,
    pub(super) selection: &'r Selection<'r>,
    pub(super) live: &'r LiveZone,
    pub(super) outbox: Option<&'r Outbox>,
    pub(super) now: OffsetDateTime,
}

/// How what is new gets to where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is there already.
    InPlace,
    /// It is handed over.
    Command,
    /// People carry it, at some time.
    Carried,
}

/// What is in the zone directory now, and what was before.
struct Issued {
    roles: Vec<&'static Role>,
    store: GenerationStore,
    before: Option<Generation>,
    parcel: Option<Parcel>,
}

impl Renewal<'_> {
    /// Renews one holder, and puts back what it had if that does not work.
    pub(super) fn renew(&self, holder: Holder<'_>) -> Result<Vec<Row>> {
        let name = holder.short_name();
        let way = self.way(holder);
        let Some(Issued { roles, store, before, parcel }) = self.issue(holder, way)? else {
            self.bring_what_is_there(holder, way)?;
            return Ok(Vec::new());
        };
        let after = store.current().map_err(|error| {
            Failure::bad_input(format!("cannot read what {name} has now")).because(&error)
        })?;
        let Some(after) = after else { return Err(Failure::internal("nothing was issued")) };
        let undo =
            Undo { zone: self.zone, store: &store, before: before.as_ref(), after: &after, name: &name };
        let delivered = match parcel.map(|parcel| parcel.carry(self.zone)).transpose() {
            Ok(delivered) => delivered,
            Err(failure) => return Err(undo.not_delivered(failure)),
        };
        let served = match self.member_of(holder).filter(|_| way != Way::Carried) {
            Some(node) => {
                let authorities = Authorities::load(&self.zone.paths, self.now)?;
                let proved = proof::prove(self.site, self.zone, &authorities, node, &after)?;
                if let Err(why) = proved {
                    return Err(undo.not_in_use(delivered.as_ref(), why));
                }
                Served::Proved
            }
            None if delivered.is_some() => Served::Delivered,
            None if way == Way::Carried && self.outbox.is_some() => Served::Open,
            None => Served::NotAsked,
        };
        let row = |role: &'static Role| {
            let old =
                before.as_ref().and_then(|generation| leaf(generation, role)).map(|leaf| leaf.serial_hex());
            let new = leaf(&after, role).ok_or_else(|| Failure::internal("a certificate was not issued"))?;
            Ok(Row::new(&name, role.name, old, &new, served))
        };
        roles.into_iter().map(row).collect()
    }

    /// A node that was not reached when lists or CAs changed gets them now.
    fn bring_what_is_there(&self, holder: Holder<'_>, way: Way) -> Result<()> {
        let Holder::Node(node) = holder else { return Ok(()) };
        let name = node.name.short();
        if way != Way::Command || !self.zone.has_bundled(name) {
            return Ok(());
        }
        for parcel in pack(self.zone, &[node], self.now)? {
            let is_new = |answer: &ActivationAnswer| answer.result == Change::Activated;
            if parcel.carry(self.zone)?.answer.as_ref().is_some_and(is_new) {
                output::message(&format!("{name} has what it lacked"));
            }
        }
        Ok(())
    }

    fn way(&self, holder: Holder<'_>) -> Way {
        let Holder::Node(node) = holder else { return Way::InPlace };
        match Access::of(self.zone, node) {
            Access::Here => Way::InPlace,
            Access::Command(_) => Way::Command,
            Access::ByHand if self.outbox.is_some() || self.zone.has_bundled(node.name.short()) => {
                Way::Carried
            }
            Access::ByHand => Way::InPlace,
        }
    }

    /// Issues what is due, and makes what is to be handed over. Nothing if nothing is due.
    fn issue(&self, holder: Holder<'_>, way: Way) -> Result<Option<Issued>> {
        let held = self.zone.lock()?;
        let authorities = held.authorities(self.now)?;
        let assessment = Assessment::of(holder, &self.zone.config, &self.zone.paths, &authorities, self.now)?;
        let admitted = admit(self.zone, vec![assessment], self.selection.of_revoked())?;
        let Some(mut assessment) = admitted.into_iter().next() else { return Ok(None) };
        assessment.issue_where(&IssueReason::Requested, |role, certificate| {
            self.selection.takes(role, certificate, self.now)
        });
        let is_due = |verdict: &Verdict| matches!(verdict, Verdict::Issue(_));
        let due = assessment.entries.iter().filter(|entry| is_due(entry.verdict())).map(|entry| entry.role);
        let mut roles: Vec<&'static Role> = due.collect();
        if roles.is_empty() {
            return Ok(None);
        }
        let (before, store) = (assessment.current.clone(), assessment.store.clone());
        let parcel = match (holder, way) {
            (Holder::Node(node), Way::Command) if assessment.has_keys_elsewhere() => {
                // A node makes all its keys at once.
                roles = assessment.entries.iter().map(|entry| entry.role).collect();
                // It is asked for them while others may issue.
                drop(held);
                Some(pack_for_new_keys(self.zone, node, self.selection.of_revoked(), self.now)?)
            }
            (holder, way) => {
                let again = self.zone.proposed_requests(&assessment.holder.name(), " --new-keys", "");
                assessment.refuse_keys_elsewhere(again)?;
                Issuer::new(self.zone, &authorities)?.bring_up_to_date(&[assessment], self.now)?;
                match (holder, way) {
                    (Holder::Node(node), Way::Command) => {
                        Courier::new(self.zone, &authorities, self.now)?.pack(node)?
                    }
                    _ => None,
                }
            }
        };
        Ok(Some(Issued { roles, store, before, parcel }))
    }

    /// The node of a member that answers.
    fn member_of<'n>(&self, holder: Holder<'n>) -> Option<&'n Node> {
        let Holder::Node(node) = holder else { return None };
        proof::answers(node, self.live).then_some(node)
    }
}

/// The way back.
struct Undo<'u> {
    zone: &'u ZoneDirectory,
    store: &'u GenerationStore,
    before: Option<&'u Generation>,
    after: &'u Generation,
    name: &'u str,
}

impl Undo<'_> {
    /// The node was not reached, or has refused it: it has what it had.
    fn not_delivered(&self, failure: Failure) -> Failure {
        match self.put_back() {
            Ok(what) => failure.because(what),
            Err(error) => failure.because(error.to_string()),
        }
    }

    /// The node has it, and its member does not show it, or is refused with it.
    fn not_in_use(&self, delivered: Option<&Delivered>, why: String) -> Failure {
        let name = self.name;
        let failure =
            Failure::bad_input(format!("the new certificates of {name} are not in use")).because(why);
        let failure = match delivered.map(Delivered::take_back).transpose() {
            Ok(None | Some(false)) => failure,
            Ok(Some(true)) => failure.because(format!("{name} has gone back to what it had")),
            Err(error) => failure.because(format!("{name} has not gone back: {error}")),
        };
        if self.before.is_none() {
            return failure.next("there are none to go back to: look at what etcd logs");
        }
        match self.put_back() {
            Ok(what) => failure
                .because(what)
                .next("fix what is said above, and run the command again; nobody after it was renewed"),
            Err(error) => {
                let next = error.next.clone();
                let failure = failure.because(error.to_string());
                failure.next(next.unwrap_or_else(|| "run the command again".to_owned()))
            }
        }
    }

    /// Puts the generation of before in use in the zone directory, unless somebody has changed it since. Says so.
    fn put_back(&self) -> Result<String> {
        let Some(before) = self.before else { return Ok("there was nothing before".to_owned()) };
        let _held = self.zone.lock()?;
        if self.store.current().ok().flatten().as_ref() != Some(self.after) {
            return Ok("another command has issued since, so what is here was left alone".to_owned());
        }
        let number = before.number;
        self.store.switch_to(before).map_err(|error| {
            Failure::bad_input("the old ones are not in use again").because(&error).next(format!(
                "put the old ones back: ln -sfn gen-{number} current, in {}",
                self.store.directory().shown()
            ))
        })?;
        Ok(format!("generation {number} is in use again, as before"))
    }
}
