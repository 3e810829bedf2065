//! Where the members are, and in which order they move.

use etcd::client::ListedMember;
use live::{Difference, LiveZone};
use model::config::{Address, Node, Port};
use model::error::{Exit, Failure, Result};
use model::plan::PeerUrl;
use operations::restart::leads;
use store::site::Site;

use super::change::listed;

/// The members that move.
pub(super) struct Places {
    /// The short names of their nodes: the leader last.
    pub(super) order: Vec<String>,
    /// Where clients reach them before.
    pub(super) before: Vec<String>,
    /// Their nodes as zone.toml has them, and as the cluster has them where that is elsewhere.
    nodes: Vec<(Node, Node)>,
}

impl Places {
    /// Of these nodes; of all that the cluster has elsewhere than zone.toml, if none is named.
    ///
    /// # Errors
    /// The cluster does not have one of them, or no member answers where zone.toml says.
    pub(super) fn of(site: &Site, live: &LiveZone, named: &[String]) -> Result<Self> {
        let is_elsewhere = |node: &Node| {
            live.differences.iter().any(|difference| match difference {
                Difference::PeerUrls { node: moved, .. } | Difference::ClientUrls { node: moved, .. } => {
                    moved == node.name.short()
                }
                _ => false,
            })
        };
        if live.listed.is_none() && (named.len() > 1 || named.is_empty()) {
            return Err(Failure::new(Exit::Unavailable, "no member was moved")
                .because("none answers where zone.toml has it")
                .next(format!(
                    "put one node back as it was in zone.toml, and move it after the others: {}",
                    site.proposed("member update")
                )));
        }
        let mut nodes: Vec<&Node> = Vec::new();
        for node in site.config().members() {
            let is_named = named.iter().any(|name| site.config().node(name) == Some(node));
            if is_named || named.is_empty() && is_elsewhere(node) {
                nodes.push(node);
            }
        }
        let is_under_way =
            |node: &Node| listed(site, live, node).is_ok_and(|member| place(node, member).is_none());
        // One that was on its way when an earlier call ended goes on first.
        nodes.sort_by_key(|node| (!is_under_way(node), leads(live, node)));
        let mut places = Self { order: Vec::new(), before: Vec::new(), nodes: Vec::new() };
        for node in nodes.iter().copied() {
            let member = listed(site, live, node)?;
            let at = place(node, member);
            if at.is_none() && !places.order.is_empty() {
                let name = node.name.short();
                return Err(Failure::new(Exit::Configuration, format!("{name} is not moved with others"))
                    .because("it is under way: members and clients are told of different addresses")
                    .next(format!(
                        "move it alone first: {}",
                        site.proposed(&format!("member update {name}"))
                    )));
            }
            places.before.extend(member.client_urls.iter().cloned());
            places.order.push(node.name.short().to_owned());
            places.nodes.push((node.clone(), at.unwrap_or_else(|| node.clone())));
        }
        Ok(places)
    }

    /// Describes these where zone.toml has them, and the others that are to move where they are.
    pub(super) fn describe(&self, site: &mut Site, moved: &[impl AsRef<str>]) {
        let Site::Zone(zone) = site else { return };
        for (there, here) in &self.nodes {
            let is_moved = moved.iter().any(|name| name.as_ref() == there.name.short());
            let described = if is_moved { there } else { here };
            if let Some(node) = zone.config.nodes.iter_mut().find(|node| node.name == there.name) {
                node.clone_from(described);
            }
        }
    }
}

/// The node as the cluster has it; none if no description says that.
fn place(node: &Node, member: &ListedMember) -> Option<Node> {
    let parse = |url: &str| {
        let (host, port) = url.split_once("://")?.1.rsplit_once(':')?;
        let port = Port::from_number(port.parse::<u16>().ok()?.into()).ok()?;
        Some((Address::parse(host).ok()?, port))
    };
    let ([peer_url], [client_url]) = (member.peer_urls.as_slice(), member.client_urls.as_slice()) else {
        return None;
    };
    let ((address, peer_port), (_, client_port)) = (parse(peer_url)?, parse(client_url)?);
    let at = Node { address, peer_port, client_port, ..node.clone() };
    (PeerUrl::of(&at).as_str() == peer_url && at.client_url() == *client_url).then_some(at)
}
