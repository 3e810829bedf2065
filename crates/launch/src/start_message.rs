//! What is said once before this process is etcd: for whom the member will wait. etcd itself only logs
//! time-outs.

use super::{Launch, Start};
use model::plan::{Peer, PeerState, StartDecision};
use model::report;

impl Start {
    /// What the operator has to wait for, if it is anything.
    pub fn announcement(&self, launch: &Launch<'_>) -> Option<String> {
        let name = &launch.member.member.name;
        let cluster = self.ids.cluster;
        match &self.decision {
            StartDecision::Bootstrap => {
                let others = self.waiting_for(launch).unwrap_or_default();
                Some(format!("{name} bootstraps cluster {cluster}{others}"))
            }
            StartDecision::Resume(_) => {
                self.waiting_for(launch).map(|others| format!("{name} goes on in cluster {cluster}{others}"))
            }
            StartDecision::Join(join) => {
                let learner = if join.learner {
                    " as a learner: `member add` and `member replace` promote it once it has caught up"
                } else {
                    ""
                };
                Some(format!("{name} joins cluster {cluster}{learner}"))
            }
        }
    }

    /// `; it takes requests once 2 of 3 members run: node2 and node3 do not answer yet`, unless enough of
    /// them answer.
    fn waiting_for(&self, launch: &Launch<'_>) -> Option<String> {
        let members = launch.member.cluster.members.len();
        let quorum = members / 2 + 1;
        let missing: Vec<&Peer> = self.peers.iter().filter(|peer| !is_there(peer)).collect();
        if members - missing.len() >= quorum {
            return None;
        }
        let names: Vec<&str> = missing.iter().map(|peer| peer.name.as_str()).collect();
        let verb = if names.len() == 1 { "does" } else { "do" };
        Some(format!(
            "; it takes requests once {quorum} of {members} members run: {} {verb} not answer yet",
            report::enumerated(&names)
        ))
    }
}

/// Whether a member serves, or is about to.
fn is_there(peer: &Peer) -> bool {
    matches!(peer.state, PeerState::Serves { .. } | PeerState::Launches | PeerState::Closes)
}
