//! The members that a start goes by, each with what it was found to be.

use launch::{Launch, Start};
use model::plan::{Peer, PeerState, StartDecision};

/// A member as it is shown.
pub(super) struct ListedMember {
    pub(super) name: String,
    pub(super) peer_url: String,
    pub(super) id: String,
    /// In words for a person.
    pub(super) found: String,
}

/// The list of the running cluster for a member that joins it, and otherwise that of the zone description.
pub(super) fn of(launch: &Launch<'_>, start: &Start) -> Vec<ListedMember> {
    let own = &launch.member.member;
    // A member that goes on in a cluster that answers: its list, since members may have been replaced.
    let live = start.peers.iter().filter_map(Peer::cluster).find(|cluster| cluster.id == start.ids.cluster);
    let listed = match (&start.decision, live) {
        (StartDecision::Join(join), _) => Some(&join.members),
        (StartDecision::Resume(_), Some(cluster)) => Some(&cluster.members),
        _ => None,
    };
    let Some(listed) = listed else {
        let members = launch.member.cluster.members.iter().map(|initial| ListedMember {
            name: initial.name.clone(),
            peer_url: initial.peer_url.to_string(),
            id: initial.id.to_string(),
            found: if initial.name == own.name {
                "this node".to_owned()
            } else {
                found_at(&start.peers, initial.peer_url.as_str())
            },
        });
        return members.collect();
    };
    let members = listed.iter().map(|live| {
        let ours = live.id == start.ids.member;
        let mut found = match live.peer_urls.first() {
            _ if ours => "this node".to_owned(),
            Some(url) => found_at(&start.peers, url),
            None => String::new(),
        };
        if live.learner {
            found += ", learner";
        }
        ListedMember {
            name: if ours { own.name.clone() } else { live.name.clone() },
            peer_url: live.peer_urls.join(","),
            id: live.id.to_string(),
            found,
        }
    });
    // etcd lists them by their ids, which say nothing to a reader.
    let mut members: Vec<ListedMember> = members.collect();
    members.sort_by(|one, other| one.name.cmp(&other.name));
    members
}

fn found_at(peers: &[Peer], url: &str) -> String {
    match peers.iter().find(|peer| peer.url.as_str() == url).map(|peer| &peer.state) {
        None | Some(PeerState::NotHeard) => "not asked".to_owned(),
        Some(PeerState::Serves { .. }) => "serves".to_owned(),
        Some(PeerState::Launches) => "is about to start".to_owned(),
        Some(PeerState::Closes) => "is about to start, with an older zone-etcd".to_owned(),
        Some(PeerState::Starts) => "bound, does not serve yet".to_owned(),
        Some(PeerState::Absent(why)) => format!("not there: {why}"),
        Some(PeerState::Unusable(why)) => format!("unusable: {why}"),
    }
}
