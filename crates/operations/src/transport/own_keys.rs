//! Nodes that make their own keys make others, and get certificates for them. No key leaves its node.

use time::OffsetDateTime;

use super::{Delivery, NodeTransport, Payload, offline};
use model::config::Node;
use model::error::{Failure, Result};
use model::report;
use store::requests::{Terms, certify};
use store::zone_directory::{OfRevoked, ZoneDirectory};

/// Has a node make new keys, signs its requests, and makes what it gets. The way to the node is what says
/// that the requests are its own, so their fingerprint is not compared.
pub fn pack_for_new_keys(
    zone: &ZoneDirectory,
    node: &Node,
    of_revoked: OfRevoked,
    now: OffsetDateTime,
) -> Result<Payload> {
    let name = node.name.short();
    let command = match NodeTransport::of(zone, node) {
        NodeTransport::Command(command) => command,
        NodeTransport::InPlace => return Err(Failure::internal(format!("{name} runs from here"))),
        NodeTransport::Offline => return Err(offline::no_command(zone, node)),
    };
    let requests = command.request_with_new_keys(zone.config.pki.key)?;
    report::message(&format!("requests of {name}, SHA-256 of their keys: {}", requests.fingerprint()));
    let held = zone.lock()?;
    let terms = Terms { name: &format!("the answer of {name}"), may_replace: true, of_revoked };
    certify(&requests, node, zone, terms, now, &held)?;
    let authorities = held.authorities(now)?;
    let payload = Delivery::new(zone, &authorities, now)?.pack(node)?;
    payload.ok_or_else(|| Failure::internal("what was just issued is revoked"))
}
