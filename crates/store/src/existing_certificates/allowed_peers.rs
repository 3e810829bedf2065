//! How client certificates are kept out of the peer plane where one CA issues both. Pure.

use zone_pki::Certificate;
use zone_pki::go::covers;

use super::plane::ReadPlane;
use super::{Expected, Fault};
use model::config::{Address, Node, NodeName};
use model::plan::AllowedPeers;

/// The peers that the peer plane has to name: none if no CA of clients chains to a CA of peers.
pub(super) fn between(
    peer: &ReadPlane,
    client: &ReadPlane,
    expected: &Expected<'_>,
    faults: &mut Vec<Fault>,
) -> Option<AllowedPeers> {
    let leaf = peer.chain.first()?;
    let is_shared = client
        .authorities
        .iter()
        .any(|of_clients| peer.authorities.iter().any(|of_peers| is_related(of_clients, of_peers)));
    if !is_shared {
        return None;
    }
    let members = || expected.zone.members().map(|node| &node.name);
    let own = members().find(|name| name.full() == expected.name)?;
    let named = |form: fn(&NodeName) -> &str| members().map(|name| form(name).to_owned()).collect();
    // A node whose name was made of its address has that in its certificate, and not the name. So have the
    // others then, since each is dialled there.
    let is_made = |node: &Node| {
        let outside = matches!(&node.address, Address::Ip(_))
            || matches!(&node.address, Address::Name(name) if !name.is_within(expected.zone.name.dns()));
        outside
            && NodeName::of_address(&node.address, &expected.zone.name).is_ok_and(|made| made == node.name)
    };
    if expected.zone.members().any(is_made) {
        let addresses = expected.zone.members().map(|node| node.address.to_string());
        return Some(AllowedPeers::Hostnames(addresses.collect()));
    }
    for form in [NodeName::full as fn(&NodeName) -> &str, NodeName::short] {
        if covers(leaf, form(own)) {
            return Some(AllowedPeers::Hostnames(named(form)));
        }
    }
    for form in [NodeName::full as fn(&NodeName) -> &str, NodeName::short] {
        if leaf.common_name().is_some_and(|common| common.eq_ignore_ascii_case(form(own))) {
            return Some(AllowedPeers::CommonNames(named(form)));
        }
    }
    faults.push(Fault::new(
        format!(
            "one CA issues for members and for clients, and the certificate {} does not name the node {own}: \
             any client could act as a member",
            leaf.subject()
        ),
        format!("have it made with subjectAltName=DNS:{own}, or have a CA of its own for the peers"),
    ));
    None
}

/// The same key, or one above the other.
fn is_related(one: &Certificate, other: &Certificate) -> bool {
    one.subject_public_key_info() == other.subject_public_key_info()
        || one.issuer_der() == other.subject_der()
        || other.issuer_der() == one.subject_der()
}
