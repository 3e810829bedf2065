//! The new lists, on their way to every member that serves.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use zone_pki::{GenerationStore, StoreError};

use crate::access::{Access, Courier, Parcel};
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::plan::Plane;
use crate::zone_directory::{Assessment, HeldAuthorities, Holder, Issuer, ZoneDirectory};

/// How the lists get to the members, by the short names of their nodes. One that never ran and never had a bundle is in none of these.
#[derive(Default)]
pub(super) struct HandedOut {
    to_bring: Vec<(String, Parcel)>,
    so_far: Brought,
}

/// Which members have the lists, by the short names of their nodes.
#[derive(Default)]
pub(super) struct Brought {
    /// Those whose files are here, or that have taken them.
    pub(super) known: BTreeSet<String>,
    /// Those that were to get them by a command, and have the old ones.
    pub(super) not_reached: Vec<NotReached>,
    /// Those to which a file is carried.
    pub(super) by_hand: BTreeSet<String>,
}

/// A node that has the old lists still.
pub(super) struct NotReached {
    /// Its short name.
    pub(super) node: String,
    /// Why.
    pub(super) failure: Failure,
}

/// Gives the lists to the members whose certificates are kept here, and makes what is to be brought to members elsewhere. Those that run
/// from here read them at once. Nobody gets a certificate that was revoked.
pub(super) fn hand_out(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    serving: &[&Node],
    now: OffsetDateTime,
) -> Result<HandedOut> {
    let here = serving.iter().filter(|node| zone.node_paths(&node.name).generations().exists());
    let mut assessments = here
        .map(|node| Assessment::of(Holder::Node(node), &zone.config, &zone.paths, authorities, now))
        .collect::<Result<Vec<_>>>()?;
    // One that makes its own keys runs nowhere from here.
    assessments.retain(|assessment| !assessment.has_keys_elsewhere());
    Issuer::new(zone, authorities)?.bring_up_to_date(&assessments, now)?;

    let mut handed_out = HandedOut::default();
    let mut reached = Vec::new();
    for node in serving {
        let name = node.name.short().to_owned();
        match Access::of(zone, node) {
            Access::Here => {
                put_lists(zone, authorities, node)?;
                handed_out.so_far.known.insert(name);
            }
            _ if !zone.has_bundled(&name) => {}
            Access::Command(_) => reached.push(*node),
            Access::ByHand => {
                handed_out.so_far.by_hand.insert(name);
            }
        }
    }
    if !reached.is_empty() {
        let mut courier = Courier::new(zone, authorities, now)?;
        for node in reached {
            let name = node.name.short().to_owned();
            match courier.pack_lists(node)? {
                Some(parcel) => handed_out.to_bring.push((name, parcel)),
                None => handed_out.so_far.not_reached.push(not_whole(zone, name)),
            }
        }
    }
    Ok(handed_out)
}

/// Has a member that runs from here use the zone's lists, also one whose certificates are not whole any more.
fn put_lists(zone: &ZoneDirectory, authorities: &HeldAuthorities<'_>, node: &Node) -> Result<()> {
    let store = GenerationStore::new(zone.node_paths(&node.name).generations());
    let failed = |error: &StoreError| {
        let what = format!("cannot give {} the revocation lists", node.name.short());
        Failure::write_chain(what, error, "what is revoked is recorded: run the command again")
    };
    let Some(generation) = store.current().map_err(|error| failed(&error))? else { return Ok(()) };
    for plane in Plane::ALL {
        let (file, list) = (plane.revocation_file(), authorities.revocations(plane).der());
        if generation.read(file).ok().as_deref() != Some(list) {
            generation.replace(file, list).map_err(|error| failed(&error))?;
        }
    }
    Ok(())
}

/// A node of which a certificate was revoked, and another or its key is gone here.
fn not_whole(zone: &ZoneDirectory, node: String) -> NotReached {
    let others = zone.proposed(&format!("pki issue {node} --reinstate"));
    let failure =
        Failure::new(Exit::MissingInput, "its certificates are not whole here, so it gets no bundle")
            .because(format!("if it is trusted, it gets others: {others}"));
    NotReached { node, failure }
}

impl HandedOut {
    /// Brings each node what it is to have. One that is not reached keeps none of the others from it.
    pub(super) fn bring(self, zone: &ZoneDirectory) -> Brought {
        let Self { to_bring, so_far: mut brought } = self;
        for (node, parcel) in to_bring {
            match parcel.carry(zone) {
                Ok(_) => drop(brought.known.insert(node)),
                Err(failure) => brought.not_reached.push(NotReached { node, failure }),
            }
        }
        brought
    }
}

impl Brought {
    /// Whether a member runs that is to have the lists.
    pub(super) fn is_meant(&self, node: &str) -> bool {
        self.known.contains(node) || self.by_hand.contains(node) || self.is_not_reached(node)
    }

    /// Whether it was to get them by a command, and has the old ones.
    pub(super) fn is_not_reached(&self, node: &str) -> bool {
        self.not_reached.iter().any(|left| left.node == node)
    }
}
