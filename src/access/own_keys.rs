//! Nodes that make their own keys make others, and get certificates for them. No key leaves its node.

use time::OffsetDateTime;

use super::{Access, Courier, Parcel, by_hand};
use crate::config::Node;
use crate::error::{Failure, Result};
use crate::report;
use crate::requests::{Terms, certify};
use crate::zone_directory::{OfRevoked, ZoneDirectory};

/// Has a node make new keys, signs its requests, and makes what it gets. The way to the node is what says that the requests are
/// its own, so nobody compares their fingerprint.
pub fn pack_for_new_keys(
    zone: &ZoneDirectory,
    node: &Node,
    of_revoked: OfRevoked,
    now: OffsetDateTime,
) -> Result<Parcel> {
    let name = node.name.short();
    let command = match Access::of(zone, node) {
        Access::Command(command) => command,
        Access::Here => return Err(Failure::internal(format!("{name} runs from here"))),
        Access::ByHand => return Err(by_hand::no_command(zone, node)),
    };
    let requests = command.request_with_new_keys(zone.config.pki.key)?;
    report::message(&format!("requests of {name}, SHA-256 of their keys: {}", requests.fingerprint()));
    let held = zone.lock()?;
    let terms = Terms { name: &format!("the answer of {name}"), may_replace: true, of_revoked };
    certify(&requests, node, zone, terms, now, &held)?;
    let authorities = held.authorities(now)?;
    let parcel = Courier::new(zone, &authorities, now)?.pack(node)?;
    parcel.ok_or_else(|| Failure::internal("what was just issued is revoked"))
}
