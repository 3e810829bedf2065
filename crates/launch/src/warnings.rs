//! What the operator should know of a start that is not refused.

use super::Launch;
use etcd::ExtraFlags;
use model::config::Address;
use model::plan::{
    Forward, InitialMember, LiveCluster, LiveMember, Peer, PeerState, Plane, PlaneProtection, StartDecision,
};
use store::site::{Certificates, Site};

/// One sentence for each thing that is not as it should be.
pub(super) fn of(launch: &Launch<'_>, decision: &StartDecision, peers: &[Peer]) -> Vec<String> {
    let mut warnings = protection(launch);
    warnings.extend(unsafe_flags(&launch.flags));
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
    if peers.iter().any(|peer| peer.state != PeerState::NotHeard) {
        warnings.extend(forwards(launch));
    }
    warnings
}

/// The forwards that this host is without. No member is kept from starting by them alone: it has waited for
/// those that it needs.
fn forwards(launch: &Launch<'_>) -> Vec<String> {
    let zone = launch.site.config();
    let own = launch.member.node.short();
    let Some(node) = zone.node(own) else { return Vec::new() };
    let is_missing = |forward: &Forward| match forward.address {
        // A name may take its time to resolve; `check` looks at it.
        Address::Ip(ip) => ip.is_loopback() && host::nothing_listens((ip, forward.port.number()).into()),
        Address::Name(_) => false,
    };
    let missing = Forward::on(zone, node).into_iter().filter(is_missing);
    let told = |forward: Forward| {
        format!(
            "nothing listens at {}, where the gateway of this host is to forward {} to {}: {}",
            forward.listens_at(),
            match forward.plane {
                Plane::Peer => "members",
                Plane::Client => "clients",
            },
            forward.node.short(),
            forward.gateway_line()
        )
    };
    missing.map(told).collect()
}

/// What is given up, at each start.
fn protection(launch: &Launch<'_>) -> Vec<String> {
    if let Certificates::Existing(existing) = &launch.certificates {
        return existing.warnings.clone();
    }
    match launch.member.peer_plane {
        PlaneProtection::Mutual(_) => Vec::new(),
        PlaneProtection::Automatic => vec![
            "insecure_no_authentication: any client that reaches the ports of a member reads and writes \
             everything and can act as a member; etcd does not renew the certificates that it makes up, \
             which last a year"
                .to_owned(),
        ],
        PlaneProtection::Plain => vec![
            "insecure_no_tls: any client that reaches the ports of a member reads and writes everything and \
             can act as a member, and the network can read it"
                .to_owned(),
        ],
    }
}

/// Flags by which etcd keeps less than it promises.
fn unsafe_flags(flags: &ExtraFlags) -> Vec<String> {
    let mut told = Vec::new();
    if flags.switch("unsafe-no-fsync") == Some(true) {
        told.push(
            "unsafe-no-fsync: what this member acknowledges is not on its disk yet; a power cut loses it, \
             votes included"
                .to_owned(),
        );
    }
    if flags.switch("strict-reconfig-check") == Some(false) {
        told.push(
            "strict-reconfig-check=false: etcd takes changes of members that cost the cluster its quorum"
                .to_owned(),
        );
    }
    told
}

/// Where the list of the running cluster is another than that of the zone description.
fn differences(launch: &Launch<'_>, cluster: &LiveCluster) -> Vec<String> {
    let (site, planned) = (launch.site, &launch.member.cluster.members);
    let is_described = |live: &&LiveMember| {
        planned.iter().any(|planned| live.peer_urls.iter().any(|url| url == planned.peer_url.as_str()))
    };
    // Members under another address than they are described with: neither missing nor unknown. The one at
    // hand is known by its data, the others by their names.
    let own = launch.observed.disk.data.ids().map(|ids| ids.member);
    let moved = |planned: &InitialMember| {
        let is_own = planned.name == launch.member.member.name;
        cluster
            .members
            .iter()
            .find(|live| if is_own { Some(live.id) == own } else { live.name == planned.name })
            .filter(|live| !is_described(live))
    };
    let mut told = Vec::new();
    let mut known = Vec::new();
    for planned in planned.iter().filter(|planned| cluster.member_at(&planned.peer_url).is_none()) {
        told.push(match moved(planned) {
            Some(live) => {
                known.push(live.id);
                format!(
                    "{} has {} at {}, and the cluster at {}: {}",
                    site.description(),
                    planned.name,
                    planned.peer_url,
                    live.peer_urls.join(", "),
                    move_it(site, &planned.name)
                )
            }
            None => format!(
                "{} has {} at {}, and the running cluster has no member there: add it to the cluster, or \
                 correct {}",
                site.description(),
                planned.name,
                planned.peer_url,
                site.place_to_correct()
            ),
        });
    }
    let unknown = cluster.members.iter().filter(|live| !is_described(live) && !known.contains(&live.id));
    told.extend(unknown.map(|member| {
        format!(
            "the running cluster has a member {} at {}, and {} has none there: remove it from the cluster, \
             or add it to {}",
            if member.name.is_empty() { member.id.to_string() } else { member.name.clone() },
            member.peer_urls.join(", "),
            site.description(),
            site.place_to_correct()
        )
    }));
    told
}

/// How a member is moved to where the description has it.
fn move_it(site: &Site, node: &str) -> String {
    match site {
        Site::Zone(zone) => format!("move it: {}", zone.proposed(&format!("member update {node}"))),
        Site::Node(_) => format!(
            "if it moved, it is moved on the signing host: zone-etcd member update {node}; if it did and \
             this says so still, a bundle that was made since tells this node"
        ),
    }
}

/// Which members the cluster has is not known, but the member's own ids do not follow from the description
/// any more. For one that once joined they never did.
fn changed_description(launch: &Launch<'_>, decision: &StartDecision) -> Vec<String> {
    let predicted = launch.observed.predicted;
    let ids = decision.ids(predicted);
    if ids == predicted || launch.observed.disk.past.is_some_and(|past| past.joins) {
        return Vec::new();
    }
    vec![format!(
        "{} is for member {} of cluster {}, but {} runs as member {} of cluster {}: members, peer addresses \
         or the token were changed since, and etcd goes by its data",
        launch.site.description(),
        predicted.member,
        predicted.cluster,
        launch.member.node.short(),
        ids.member,
        ids.cluster
    )]
}
