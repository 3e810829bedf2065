//! What has changed in zone.toml against the cluster, and whether that is a matter of one node alone.

use etcd::client::ListedMember;
use live::{Difference, LiveZone, PlaneView};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::PeerUrl;
use operations::restart::member_of;
use store::site::Site;

pub(super) fn listed<'l>(site: &Site, live: &'l LiveZone, node: &Node) -> Result<&'l ListedMember> {
    let name = node.name.short();
    if let Some(listed) = member_of(live, node).and_then(|member| member.listed.as_ref()) {
        return Ok(listed);
    }
    let failure = Failure::new(Exit::Unavailable, format!("{name} is not moved"));
    Err(match live.listed {
        // Only the member itself knows its old address.
        None if site.config().members().count() == 1 => failure
            .because("it is the only member, and does not answer where zone.toml says now")
            .next(format!(
                "stop it, start it again with {}, and run this command once more",
                site.proposed_on("run", name)
            )),
        None => failure
            .because("no member answers")
            .next(format!("see how the members are: {}", site.proposed("status"))),
        Some(_) => failure
            .because("the cluster has no member of that name, nor at that address")
            .next(format!("see which members it has: {}", site.proposed("member list"))),
    })
}

/// The others are where the zone is described to have them: else they would not be found.
pub(super) fn refuse_other_changes(site: &Site, live: &LiveZone, node: &Node) -> Result<()> {
    let name = node.name.short();
    let others: Vec<&Difference> = live
        .differences
        .iter()
        .filter(|difference| match difference {
            // A list that is behind for a moment.
            Difference::OwnList { .. } => false,
            Difference::PeerUrls { node, .. } | Difference::ClientUrls { node, .. } => node != name,
            _ => true,
        })
        .collect();
    let Some(first) = others.first() else { return Ok(()) };
    let failure = Failure::new(
        Exit::Configuration,
        format!("{name} is not moved: zone.toml and the cluster differ in more than its address"),
    );
    let failure = others.iter().fold(failure, |failure, difference| failure.because(difference.to_string()));
    Err(failure.next(match first {
        Difference::PeerUrls { node, .. } | Difference::ClientUrls { node, .. } => {
            format!("move {node} with it: {}", site.proposed(&format!("member update {name} {node}")))
        }
        _ => format!("settle that first: {}", site.proposed("doctor")),
    }))
}

/// Whether the member serves both planes where zone.toml says, and tells clients so.
pub(super) fn serves_as_described(live: &LiveZone, node: &Node) -> bool {
    let Some(member) = member_of(live, node) else { return false };
    let is_at =
        |view: &PlaneView, url: &str| view.url == url && !view.chain.is_empty() && view.fault().is_none();
    let (client_url, peer_url) = (node.client_url(), PeerUrl::of(node));
    let tells_so = member.listed.as_ref().is_some_and(|listed| {
        listed.client_urls == [client_url.clone()] && listed.peer_urls == [peer_url.as_str()]
    });
    tells_so
        && member.client.as_ref().is_some_and(|view| is_at(view, &client_url))
        && member.peer.as_ref().is_some_and(|view| is_at(view, peer_url.as_str()))
}
