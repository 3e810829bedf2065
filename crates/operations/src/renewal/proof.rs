//! Whether what was renewed is in use: the member shows it on both planes, and the others take it.

use zone_pki::{Certificate, Generation};

use crate::observer::Observer;
use crate::restart::member_of;
use crate::transport::NodeTransport;
use etcd::tls::KeyPair;
use live::{ANSWER_LIMIT, LiveZone, PlaneView, Reception, try_on_members};
use model::config::{Address, Node};
use model::error::{Failure, Result};
use model::plan::{NamesRule, Plane, Role, roles_of};
use store::site::Site;
use store::zone_directory::{Authorities, ZoneDirectory};

/// Whether a member runs on the node, and answers.
pub fn answers(node: &Node, live: &LiveZone) -> bool {
    let mut members = live.members.iter();
    node.member && members.any(|member| member.node.as_ref() == Some(&node.name) && member.status.is_ok())
}

/// Looks at the member of `node`, which runs, and at what the others make of its new certificates. The inner
/// error says what is not as it has to be.
#[tracing::instrument(skip_all, name = "see in use", fields(node = node.name.short()))]
pub fn prove(
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
    // A server does not dial with its certificate.
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

/// Whether a refusal says something of the certificate. etcd compares the names of a peer with the address
/// that it comes from, so from elsewhere it refuses every one that has names. With which no member is dialled
/// where there is one without.
fn is_told_apart(role: &Role, zone: &ZoneDirectory, node: &Node) -> bool {
    let has_names = role.plane == Plane::Peer && role.names != NamesRule::None;
    !has_names
        || !node.dials_without_names
            && match node.address {
                Address::Ip(address) => host::is_here(address),
                Address::Name(_) => matches!(NodeTransport::of(zone, node), NodeTransport::InPlace),
            }
}

/// Whether the member of `node` shows the certificates of `generation` on both planes. The error says what it
/// does instead.
pub fn shows(live: &LiveZone, node: &Node, generation: &Generation) -> std::result::Result<(), String> {
    let Some(member) = member_of(live, node) else {
        return Err("its member is not there any more".to_owned());
    };
    if let Err(why) = &member.status {
        return Err(format!("its member does not answer any more: {why}"));
    }
    for (plane, view) in [(Plane::Client, &member.client), (Plane::Peer, &member.peer)] {
        let shown = view.as_ref().and_then(|view| PlaneView::leaf(view));
        let wanted = leaf(generation, plane.serves_with());
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
pub fn leaf(generation: &Generation, role: &Role) -> Option<Certificate> {
    Certificate::from_pem(&generation.read(&role.certificate_file()).ok()?).ok()
}
