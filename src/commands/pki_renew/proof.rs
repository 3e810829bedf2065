//! Whether what was renewed is in use: the member shows it on both planes, and the others take it.

use zone_pki::{Certificate, Generation};

use crate::access::Access;
use crate::config::{Address, Node};
use crate::error::{Failure, Result};
use crate::host;
use crate::live::{ANSWER_LIMIT, LiveZone, PlaneView, Reception, try_on_members};
use crate::plan::{NamesRule, Plane, Role, role_named, roles_of};
use crate::rolling::{Observer, member_of};
use crate::site::Site;
use crate::tls::KeyPair;
use crate::zone_directory::{Authorities, ZoneDirectory};

/// Whether a member runs on the node, and answers.
pub(super) fn answers(node: &Node, live: &LiveZone) -> bool {
    let mut members = live.members.iter();
    node.member && members.any(|member| member.node.as_ref() == Some(&node.name) && member.status.is_ok())
}

/// Looks at the member of `node`, which runs, and at what the others make of its new certificates. The inner error says what is
/// not as it has to be.
pub(super) fn prove(
    site: &Site,
    zone: &ZoneDirectory,
    authorities: &Authorities,
    node: &Node,
    generation: &Generation,
) -> Result<std::result::Result<(), String>> {
    let live = Observer::new(site).observe()?;
    if let Err(why) = shows(&live, node, generation) {
        return Ok(Err(why));
    }
    // Servers dial nobody with theirs.
    let is_tried = |role: &&Role| {
        // A key that its node has made is not here.
        role.usages.contains(zone_pki::Usage::Client)
            && generation.path.join(role.key_file()).exists()
            && is_told_apart(role, zone, node)
    };
    for role in roles_of(node).filter(is_tried) {
        let pair = KeyPair::load(&generation.path, role.stem)
            .map_err(|error| Failure::internal("cannot use what was issued").because(&error))?;
        let except = (role.plane == Plane::Peer).then_some(node);
        let is_meant = |other: &&Node| except.is_none_or(|except| except.name != other.name);
        let members: Vec<&Node> = zone.config.members().filter(is_meant).collect();
        let tried = try_on_members(&members, role.plane, authorities, &pair, ANSWER_LIMIT)
            .map_err(|error| Failure::internal("cannot try what was issued").because(&error))?;
        if let Some(tried) = tried.iter().find(|tried| tried.reception == Reception::Refused) {
            return Ok(Err(format!("{} refuses its new {} certificate", tried.member, role.name)));
        }
    }
    Ok(Ok(()))
}

/// Whether a refusal says something of the certificate. etcd compares the names of a peer with the address that it comes from,
/// so from elsewhere it refuses every one that has names.
fn is_told_apart(role: &Role, zone: &ZoneDirectory, node: &Node) -> bool {
    let has_names = role.plane == Plane::Peer && role.names != NamesRule::None;
    !has_names
        || match node.address {
            Address::Ip(address) => host::is_here(address),
            Address::Name(_) => matches!(Access::of(zone, node), Access::Here),
        }
}

/// Whether the member of `node` shows the certificates of `generation` on both planes. The error says what it does instead.
pub(in crate::commands) fn shows(
    live: &LiveZone,
    node: &Node,
    generation: &Generation,
) -> std::result::Result<(), String> {
    let Some(member) = member_of(live, node) else {
        return Err("its member is not there any more".to_owned());
    };
    if let Err(why) = &member.status {
        return Err(format!("its member does not answer any more: {why}"));
    }
    for (plane, stem, view) in
        [(Plane::Client, "server", &member.client), (Plane::Peer, "peer", &member.peer)]
    {
        let shown = view.as_ref().and_then(|view| PlaneView::leaf(view));
        let wanted = role_named(stem).and_then(|role| leaf(generation, role));
        let (Some(shown), Some(wanted)) = (shown, wanted) else {
            return Err(format!("its member shows no certificate on the {} plane", plane.name()));
        };
        if shown.der() != wanted.der() {
            return Err(format!(
                "its member shows serial {} on the {} plane, and not {}: it reads other files",
                shown.serial_hex(),
                plane.name(),
                wanted.serial_hex()
            ));
        }
    }
    Ok(())
}

/// The certificate of a role in a generation.
pub(super) fn leaf(generation: &Generation, role: &Role) -> Option<Certificate> {
    Certificate::from_pem(&generation.read(&role.certificate_file()).ok()?).ok()
}
