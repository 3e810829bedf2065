//! The new lists, on their way to every member that serves.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use zone_pki::{GenerationStore, StoreError};

use crate::access::{Access, Courier, Parcel};
use crate::config::Node;
use crate::error::{Failure, Result};
use crate::plan::Plane;
use crate::zone_directory::{Assessment, HeldAuthorities, Holder, Issuer, ZoneDirectory};

/// How the lists get to the members, by the short names of their nodes. One that never ran and never had a bundle is in none of these.
#[derive(Default)]
pub(super) struct HandedOut {
    /// Those that have them: their files are here.
    pub(super) here: BTreeSet<String>,
    /// What is left to do for those that are reached by a command.
    pub(super) to_bring: Vec<ToBring>,
    /// Those to which a file is carried.
    pub(super) by_hand: BTreeSet<String>,
}

/// What is left to do for a node that is reached by a command.
pub(super) struct ToBring {
    node: String,
    parcel: Parcel,
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
                handed_out.here.insert(name);
            }
            _ if !zone.has_bundled(&name) => {}
            Access::Command(_) => reached.push(*node),
            Access::ByHand => {
                handed_out.by_hand.insert(name);
            }
        }
    }
    if !reached.is_empty() {
        let mut courier = Courier::new(zone, authorities, now)?;
        for node in reached {
            let name = node.name.short().to_owned();
            let parcel = courier.pack_lists(node)?;
            handed_out.to_bring.extend(parcel.map(|parcel| ToBring { node: name, parcel }));
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
        if generation.read(file).is_ok_and(|present| present != list) {
            generation.replace(file, list).map_err(|error| failed(&error))?;
        }
    }
    Ok(())
}

/// Brings each node what it is to have. One that is not reached keeps none of the others from it. Returns those that have it, and those that
/// do not.
pub(super) fn bring(zone: &ZoneDirectory, all: Vec<ToBring>) -> (BTreeSet<String>, Vec<NotReached>) {
    let (mut brought, mut not_reached) = (BTreeSet::new(), Vec::new());
    for ToBring { node, parcel } in all {
        match parcel.carry(zone) {
            Ok(_) => {
                brought.insert(node);
            }
            Err(failure) => not_reached.push(NotReached { node, failure }),
        }
    }
    (brought, not_reached)
}
