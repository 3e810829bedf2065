//! What the operator should know of a start that is not refused.

use super::{Certificates, Launch};
use crate::plan::{LiveCluster, Peer, PeerState, PlaneSecurity, StartDecision};

/// One sentence for each thing that is not as it should be.
pub(super) fn of(launch: &Launch<'_>, decision: &StartDecision, peers: &[Peer]) -> Vec<String> {
    let mut warnings = protection(launch);
    if let StartDecision::Resume(ids) = decision {
        let cluster = peers.iter().filter_map(Peer::cluster).find(|cluster| cluster.id == ids.cluster);
        warnings.extend(match cluster {
            Some(cluster) => differences(launch, cluster),
            None => changed_description(launch, decision),
        });
        for peer in peers {
            if let Some(other) = peer.cluster().filter(|other| other.id != ids.cluster) {
                warnings.push(format!(
                    "{} runs cluster {}, this member is of cluster {}: {} has to be replaced",
                    peer.name, other.id, ids.cluster, peer.name
                ));
            }
        }
    }
    for peer in peers {
        if let PeerState::Unusable(why) = &peer.state {
            warnings.push(format!("{} at {} cannot be used: {why}", peer.name, peer.url));
        }
    }
    warnings
}

/// What is given up, at each start.
fn protection(launch: &Launch<'_>) -> Vec<String> {
    if let Certificates::Existing(existing) = &launch.certificates {
        return existing.warnings.clone();
    }
    match launch.member.peer_plane {
        PlaneSecurity::Mutual(_) => Vec::new(),
        PlaneSecurity::Automatic => vec![
            "insecure_no_authentication: whoever reaches the ports of a member reads and writes everything and can act as a \
             member; etcd does not renew the certificates that it makes up, which last a year"
                .to_owned(),
        ],
        PlaneSecurity::Plain => vec![
            "insecure_no_tls: whoever reaches the ports of a member reads and writes everything and can act as a member, and \
             whoever is on the way reads along"
                .to_owned(),
        ],
    }
}

/// Where the list of the running cluster is another than that of the zone description.
fn differences(launch: &Launch<'_>, cluster: &LiveCluster) -> Vec<String> {
    let planned = &launch.member.cluster.members;
    let missing = planned.iter().filter(|member| cluster.member_at(&member.peer_url).is_none());
    let unknown = cluster.members.iter().filter(|member| {
        !planned.iter().any(|planned| member.peer_urls.iter().any(|url| url == planned.peer_url.as_str()))
    });
    // The member at hand under another address than it is described with: neither missing nor unknown.
    let moved = launch
        .observed
        .data
        .ids()
        .and_then(|ids| cluster.member(ids.member))
        .filter(|member| !member.peer_urls.iter().any(|url| url == launch.observed.peer_url.as_str()));
    let own = &launch.member.member.name;
    let unknown = unknown.filter(|member| moved.is_none_or(|moved| moved.id != member.id));
    let missing = missing.filter(|member| moved.is_none() || member.name != *own);
    let update = moved.map(|member| {
        format!(
            "{} has this member at {}, and the cluster at {}: tell it first: {}",
            launch.site.description(),
            launch.observed.peer_url,
            member.peer_urls.join(", "),
            launch.site.proposed(&format!(
                "ctl -- member update {} --peer-urls={}",
                member.id, launch.observed.peer_url
            ))
        )
    });
    update.into_iter().chain(missing
        .map(|member| {
            format!(
                "{} has {} at {}, and the running cluster has no member there: add it to the cluster, or correct {}",
                launch.site.description(), member.name, member.peer_url, launch.site.place_to_correct()
            )
        })
        .chain(unknown.map(|member| {
            format!(
                "the running cluster has a member {} at {}, and {} has none there: remove it from the cluster, or add it to {}",
                if member.name.is_empty() { member.id.to_string() } else { member.name.clone() },
                member.peer_urls.join(", "),
                launch.site.description(),
                launch.site.place_to_correct()
            )
        })))
        .collect()
}

/// Nobody told which members the cluster has, but the member's own ids do not follow from the description any more. For one
/// that once joined they never did.
fn changed_description(launch: &Launch<'_>, decision: &StartDecision) -> Vec<String> {
    let predicted = launch.observed.predicted;
    let ids = decision.ids(predicted);
    if ids == predicted || launch.observed.past.is_some_and(|past| past.joined) {
        return Vec::new();
    }
    vec![format!(
        "{} leads to member {} of cluster {}, but {} runs as member {} of cluster {}: members, peer addresses or the \
         token were changed since, and etcd goes by its data",
        launch.site.description(),
        predicted.member,
        predicted.cluster,
        launch.member.node.short(),
        ids.member,
        ids.cluster
    )]
}
