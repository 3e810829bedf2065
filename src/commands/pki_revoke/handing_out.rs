//! The new lists, on their way to every node that is left.

use time::OffsetDateTime;

use crate::access::delivery::Parcel;
use crate::access::{Access, Courier};
use crate::config::Node;
use crate::error::{Failure, Result};
use crate::zone_directory::{Assessment, HeldAuthorities, Holder, Issuer, ZoneDirectory};

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

/// Gives the new lists to every other node whose certificates are kept here, and returns what is to be brought to nodes elsewhere.
/// Members that run from here read them at once. A node that was revoked gets no more than the lists, and one that makes its own keys
/// runs nowhere from here.
pub(super) fn hand_out(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    except: Option<&Node>,
    now: OffsetDateTime,
) -> Result<Vec<ToBring>> {
    let others = zone.config.nodes.iter().filter(|node| except.is_none_or(|except| except.name != node.name));
    let others = others.filter(|node| zone.node_paths(&node.name).generations().exists());
    let mut assessments = others
        .map(|node| Assessment::of(Holder::Node(node), &zone.config, &zone.paths, authorities, now))
        .collect::<Result<Vec<_>>>()?;
    assessments.retain(|assessment| !assessment.has_keys_elsewhere());
    Issuer::new(zone, authorities)?.bring_up_to_date(&assessments, now)?;

    let is_meant = |node: &&Node| {
        let is_left = except.is_none_or(|except| except.name != node.name);
        // One that never had a bundle runs nowhere.
        let is_elsewhere = matches!(Access::of(zone, node), Access::Command(_));
        is_left && is_elsewhere && zone.has_bundled(node.name.short())
    };
    let reached: Vec<&Node> = zone.config.nodes.iter().filter(is_meant).collect();
    if reached.is_empty() {
        return Ok(Vec::new());
    }
    let mut courier = Courier::new(zone, authorities, now)?;
    let mut to_bring = Vec::new();
    for node in reached {
        let node_name = node.name.short().to_owned();
        to_bring.extend(courier.pack(node)?.map(|parcel| ToBring { node: node_name, parcel }));
    }
    Ok(to_bring)
}

/// Brings each node what it is to have. One that is not reached keeps none of the others from it.
pub(super) fn bring(all: Vec<ToBring>) -> Vec<NotReached> {
    let carried = all.into_iter().map(|ToBring { node, parcel }| (node, parcel.carry()));
    carried.filter_map(|(node, done)| done.err().map(|failure| NotReached { node, failure })).collect()
}

/// How the nodes get the new lists that do not have them yet.
pub(super) fn next_for_lists(zone: &ZoneDirectory, not_reached: &[NotReached]) -> Option<String> {
    let left: Vec<&str> = not_reached.iter().map(|left| left.node.as_str()).collect();
    if !left.is_empty() {
        return Some(format!(
            "bring them the lists when they are reached: {}",
            zone.proposed(&format!("pki renew {} --due", left.join(" ")))
        ));
    }
    let carried = |node: &&Node| {
        matches!(Access::of(zone, node), Access::ByHand) && zone.has_bundled(node.name.short())
    };
    let bundled: Vec<&str> = zone.config.members().filter(carried).map(|node| node.name.short()).collect();
    (!bundled.is_empty()).then(|| {
        format!(
            "nodes with a directory of their own have the old lists until they activate new bundles: {}",
            zone.proposed(&format!("bundle {} --out DIR", bundled.join(" ")))
        )
    })
}
