//! Where zone.toml and the live member list part. Pure.

use std::fmt;

use super::LiveZone;
use super::assembly::Observed;
use super::members::LiveMember;
use etcd::client::ListedMember;
use model::config::ZoneConfig;
use model::error::{Exit, Failure};
use model::plan::{EtcdId, PeerUrl};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A node of zone.toml whose member the cluster does not have.
    NotAMember {
        /// The node's short name.
        node: String,
    },
    /// A member that no node of zone.toml is.
    NotInZone {
        member: String,
        id: EtcdId,
        /// Where members reach it.
        peer_urls: Vec<String>,
    },
    /// Members reach it elsewhere than zone.toml says.
    PeerUrls {
        /// The node's short name.
        node: String,
        described: String,
        live: Vec<String>,
    },
    /// Clients are told to reach it elsewhere than zone.toml says.
    ClientUrls {
        /// The node's short name.
        node: String,
        described: String,
        live: Vec<String>,
    },
    /// It calls itself otherwise.
    Name {
        /// The node's short name.
        node: String,
        live: String,
    },
    /// The cluster has it, and it was never started.
    Unstarted {
        /// The node's short name, or the id.
        member: String,
    },
    /// It does not vote.
    Learner {
        /// The node's short name, or its name.
        member: String,
    },
    /// It answers for another cluster.
    OtherCluster {
        /// The node's short name.
        node: String,
        id: EtcdId,
    },
    /// Its own member list is not the cluster's.
    OwnList {
        /// The node's short name, or its name.
        member: String,
    },
}

impl Difference {
    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotAMember { .. } => "not_a_member",
            Self::NotInZone { .. } => "not_in_zone",
            Self::PeerUrls { .. } => "peer_urls",
            Self::ClientUrls { .. } => "client_urls",
            Self::Name { .. } => "name",
            Self::Unstarted { .. } => "unstarted",
            Self::Learner { .. } => "learner",
            Self::OtherCluster { .. } => "other_cluster",
            Self::OwnList { .. } => "own_list",
        }
    }

    pub fn member(&self) -> &str {
        match self {
            Self::NotAMember { node }
            | Self::PeerUrls { node, .. }
            | Self::ClientUrls { node, .. }
            | Self::Name { node, .. }
            | Self::OtherCluster { node, .. } => node,
            Self::NotInZone { member, .. }
            | Self::Unstarted { member }
            | Self::Learner { member }
            | Self::OwnList { member } => member,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMember { node } => write!(f, "{node} is in zone.toml, and no member of the cluster"),
            Self::NotInZone { member, id, peer_urls } => {
                write!(f, "{member} is a member ({id}, {}), and not in zone.toml", peer_urls.join(", "))
            }
            Self::PeerUrls { node, described, live } => {
                write!(f, "{node} is reached by members at {}, not at {described}", live.join(", "))
            }
            Self::ClientUrls { node, described, live } => {
                write!(f, "{node} tells clients {}, not {described}", live.join(", "))
            }
            Self::Name { node, live } => write!(f, "{node} is called {live} in the cluster"),
            Self::Unstarted { member } => write!(f, "{member} was added to the cluster, and never started"),
            Self::Learner { member } => write!(f, "{member} is a learner: it does not vote"),
            Self::OtherCluster { node, id } => write!(f, "{node} answers for another cluster, {id}"),
            Self::OwnList { member } => write!(f, "{member} has another member list than the cluster"),
        }
    }
}

/// Every difference, in the order of the members.
pub(super) fn find(zone: &ZoneConfig, observed: &Observed) -> Vec<Difference> {
    let mut differences = Vec::new();
    for member in &observed.members {
        if let (Ok(status), Some(cluster)) = (&member.status, observed.cluster_id)
            && status.cluster_id != cluster
        {
            differences.push(Difference::OtherCluster { node: member.name.clone(), id: status.cluster_id });
            continue;
        }
        // Without any list nothing can be compared.
        if observed.listed.is_none() {
            continue;
        }
        match (&member.listed, &member.node) {
            (None, _) => differences.push(Difference::NotAMember { node: member.name.clone() }),
            (Some(listed), None) => differences.push(Difference::NotInZone {
                member: member.name.clone(),
                id: listed.id(),
                peer_urls: listed.peer_urls.clone(),
            }),
            (Some(listed), Some(_)) => differences.extend(between(zone, member, listed)),
        }
        differences.extend(of_the_list(member, observed));
    }
    differences
}

fn between(zone: &ZoneConfig, member: &LiveMember, listed: &ListedMember) -> Vec<Difference> {
    let Some(node) = zone.node(&member.name) else { return Vec::new() };
    let mut differences = Vec::new();
    let name = || member.name.clone();
    let described = PeerUrl::of(node).to_string();
    if listed.peer_urls != [described.clone()] {
        differences.push(Difference::PeerUrls { node: name(), described, live: listed.peer_urls.clone() });
    }
    if listed.is_started() {
        let described = node.client_url();
        if listed.client_urls != [described.clone()] {
            let live = listed.client_urls.clone();
            differences.push(Difference::ClientUrls { node: name(), described, live });
        }
        if listed.name != node.name.short() {
            differences.push(Difference::Name { node: name(), live: listed.name.clone() });
        }
    }
    differences
}

fn of_the_list(member: &LiveMember, observed: &Observed) -> Vec<Difference> {
    let Some(listed) = &member.listed else { return Vec::new() };
    let mut differences = Vec::new();
    if !listed.is_started() {
        differences.push(Difference::Unstarted { member: member.name.clone() });
    }
    if listed.is_learner {
        differences.push(Difference::Learner { member: member.name.clone() });
    }
    // Only a list that the quorum confirmed is better than the member's own.
    if observed.list_is_confirmed
        && let Ok(status) = &member.status
        && status.own_list.is_some()
        && status.own_list != observed.listed
    {
        differences.push(Difference::OwnList { member: member.name.clone() });
    }
    differences
}

impl LiveZone {
    /// Refuses what restarts members while zone.toml has them elsewhere than the cluster: they would move,
    /// and no operator would have been told. `remedy` is the command that tells the cluster of a node's move.
    ///
    /// # Errors
    /// Exit 78, with every such difference.
    pub fn refuse_moved(&self, remedy: impl Fn(&str) -> String) -> Result<(), Failure> {
        let moved = |difference: &&Difference| {
            matches!(difference, Difference::PeerUrls { .. } | Difference::ClientUrls { .. })
        };
        let moved: Vec<&Difference> = self.differences.iter().filter(moved).collect();
        let Some(Difference::PeerUrls { node, .. } | Difference::ClientUrls { node, .. }) = moved.first()
        else {
            return Ok(());
        };
        let failure = Failure::new(
            Exit::Configuration,
            "nothing was done: zone.toml has members elsewhere than the cluster, and a restart would move \
             them",
        );
        let failure =
            moved.iter().fold(failure, |failure, difference| failure.because(difference.to_string()));
        Err(failure
            .next(format!("put zone.toml back as it was; or move one after the other: {}", remedy(node))))
    }
}
