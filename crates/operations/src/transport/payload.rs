//! What was made for a node, on its way there.

use time::OffsetDateTime;

use super::answer::ActivationAnswer;
use super::command::{NodeCommand, Offered};
use super::delivery::{Delivery, Wanted};
use super::{names_etcd, unlisted, unrecorded};
use launch::activation::{Fingerprint, Missing};
use model::config::{Node, NodeName};
use model::error::{Failure, Result};
use model::formats::LearnedFrom;
use store::bundle::PipedBundle;
use store::zone_directory::ZoneDirectory;

/// What a node is to get. It can be carried when others may change the zone again: a node takes nothing that
/// is older than what it has.
#[derive(Debug)]
pub struct Payload {
    node: NodeName,
    // Nothing for a node that runs from the zone directory.
    carried: Option<Carried>,
}

#[derive(Debug)]
pub(super) struct Carried {
    pub(super) to: Node,
    pub(super) by: Box<NodeCommand>,
    pub(super) bundle: PipedBundle,
    pub(super) root: Fingerprint,
    pub(super) wanted: Wanted,
}

/// What a node has now.
#[derive(Debug)]
pub struct Delivered {
    /// The node.
    pub node: NodeName,
    /// What it answered; none from a node that runs from the zone directory.
    pub answer: Option<ActivationAnswer>,
    by: Option<Box<NodeCommand>>,
}

/// The inner error is a node whose data does not go with the etcd of the bundle.
type Offer = std::result::Result<Delivered, (Missing, Failure)>;

impl Payload {
    /// For a node that runs from the zone directory.
    pub(super) fn nothing(node: NodeName) -> Self {
        Self { node, carried: None }
    }

    pub(super) fn of(carried: Carried) -> Self {
        Self { node: carried.to.name.clone(), carried: Some(carried) }
    }

    /// Has the node take it. One that has a bundle which is not recorded in the zone directory gets the next
    /// one above that.
    pub fn carry(self, zone: &ZoneDirectory) -> Result<Delivered> {
        self.offer(zone)?.map_err(|(_, failure)| failure)
    }

    /// The same; the inner error is a node whose data does not go with the etcd of the bundle.
    #[tracing::instrument(skip_all, name = "deliver bundle")]
    pub fn offer(self, zone: &ZoneDirectory) -> Result<Offer> {
        let Some(carried) = self.carried else {
            return Ok(Ok(Delivered { node: self.node, answer: None, by: None }));
        };
        let (active, failure) = match carried.by.activate(&carried.bundle.bytes, carried.root)? {
            Offered::Older(active, failure) => (active, failure),
            answered => return carried.answered(zone, answered),
        };
        let Carried { to, wanted, .. } = carried;
        let above = unrecorded::above(zone, &to, &active, failure)?;
        let again = Delivery::pack_above(zone, &to, wanted, above, OffsetDateTime::now_utc())?;
        match again.and_then(|payload| payload.carried) {
            Some(carried) => {
                carried.answered(zone, carried.by.activate(&carried.bundle.bytes, carried.root)?)
            }
            None => Err(Failure::internal("nothing was packed for a node that had something packed")),
        }
    }
}

impl Carried {
    fn answered(&self, zone: &ZoneDirectory, offered: Offered) -> Result<Offer> {
        let Self { to, by, bundle, .. } = self;
        let answer = match offered {
            Offered::Taken(answer) => answer,
            Offered::Refused(missing, failure) => return Ok(Err((missing, failure))),
            Offered::Older(_, failure) => return Err(failure),
            Offered::OlderLists(in_use, failure) => return Err(unlisted::kept(zone, to, &in_use, failure)),
        };
        answer.check(to, &bundle.record).map_err(|why| {
            Failure::bad_input(format!("{} has not taken what was brought", to.name.short()))
                .because(why)
                .next("look at `command` and `node_dir` of [access] in zone.toml: they point to another node")
        })?;
        // Only where etcd is to have bundles for it one day is the key of use.
        if names_etcd(zone, to) {
            answer.record_recipient(zone, &zone.lock()?, to, LearnedFrom::Command);
        }
        Ok(Ok(Delivered { node: to.name.clone(), answer: Some(answer), by: Some(by.clone()) }))
    }
}

impl Delivered {
    /// One that has answered by way of etcd. There is no way back but another bundle.
    pub(crate) fn by_etcd(node: NodeName) -> Self {
        Self { node, answer: None, by: None }
    }

    /// Has the node go back to what it had before, and returns whether that was anything. One that runs from
    /// the zone directory has nothing of its own.
    #[tracing::instrument(skip_all, name = "put back")]
    pub fn take_back(&self) -> Result<bool> {
        match (&self.by, &self.answer) {
            (Some(by), Some(answer)) => by.rollback(answer),
            _ => Ok(false),
        }
    }
}
