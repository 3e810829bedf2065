//! What a node is to the cluster, by its member list. Pure.

use crate::restart::member_of;
use etcd::client::ListedMember;
use live::LiveZone;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::{EtcdId, PeerUrl};
use store::site::Site;

/// How far a node is on its way into the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// The cluster does not have it.
    NotListed,
    /// It was added as a learner, and never started.
    Unstarted(EtcdId),
    /// It takes the log, and does not vote.
    Learner(EtcdId),
    Voter(EtcdId),
}

impl MemberState {
    /// By the list, which has to have come through the quorum.
    ///
    /// # Errors
    /// There is no such list (exit 69), or the cluster has it elsewhere or in a state from which nothing
    /// leads on (exit 78).
    pub fn of(site: &Site, live: &LiveZone, node: &Node) -> Result<Self> {
        refuse_unconfirmed(site, live)?;
        let Some(listed) = member_of(live, node).and_then(|member| member.listed.as_ref()) else {
            return Ok(Self::NotListed);
        };
        refuse_elsewhere(site, listed, node)?;
        let id = listed.id();
        match (listed.is_learner, listed.is_started()) {
            (true, false) => Ok(Self::Unstarted(id)),
            (true, true) => Ok(Self::Learner(id)),
            (false, true) => Ok(Self::Voter(id)),
            (false, false) => {
                let name = node.name.short();
                Err(Failure::new(
                    Exit::Configuration,
                    format!(
                        "{name} was added as a voter, and never started: its vote counts, and is missing"
                    ),
                )
                .next(format!(
                    "start it: {}; or take it out again: {}",
                    site.proposed_on("run", name),
                    site.proposed(&format!("member remove {name}"))
                )))
            }
        }
    }

    /// Its id, if the cluster has it.
    pub fn id(self) -> Option<EtcdId> {
        match self {
            Self::NotListed => None,
            Self::Unstarted(id) | Self::Learner(id) | Self::Voter(id) => Some(id),
        }
    }
}

/// Refuses where the members cannot be told through the quorum.
///
/// # Errors
/// Exit 69.
pub fn refuse_unconfirmed(site: &Site, live: &LiveZone) -> Result<()> {
    if live.listed.is_some() && live.list_is_confirmed {
        return Ok(());
    }
    let failure = Failure::new(Exit::Unavailable, "the cluster takes no requests: its members cannot change");
    let failure = live.judgement.reasons.iter().cloned().fold(failure, Failure::because);
    Err(failure.next(format!("see how the members are: {}", site.proposed("status"))))
}

fn refuse_elsewhere(site: &Site, listed: &ListedMember, node: &Node) -> Result<()> {
    let (name, url) = (node.name.short(), PeerUrl::of(node));
    if listed.peer_urls == [url.as_str()] {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Configuration,
        format!("the cluster has {name} at {}, and zone.toml at {url}", listed.peer_urls.join(", ")),
    )
    .next(format!("if it has moved: {}", site.proposed_update(name))))
}
