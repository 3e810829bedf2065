//! What the other members answered when they were asked, as far as a start depends on it.

use super::cluster::{EtcdId, PeerUrl};

/// A member as a running cluster lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveMember {
    /// Its id.
    pub id: EtcdId,
    /// Its name; empty until it has run.
    pub name: String,
    /// Where the other members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it; empty until it has run.
    pub client_urls: Vec<String>,
    /// Whether it learns and does not vote yet.
    pub learner: bool,
}

impl LiveMember {
    /// Whether it has ever run: a member publishes its client URLs once it takes part. It is also how etcd tells
    /// (`isMemberBootstrapped` in `server/etcdserver/cluster_util.go`).
    pub fn has_run(&self) -> bool {
        !self.client_urls.is_empty()
    }
}

/// A cluster as one of its members knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCluster {
    /// Its id.
    pub id: EtcdId,
    /// Its members.
    pub members: Vec<LiveMember>,
}

impl LiveCluster {
    /// The member that is reached at this URL.
    pub fn member_at(&self, url: &PeerUrl) -> Option<&LiveMember> {
        self.members.iter().find(|member| member.peer_urls.iter().any(|known| known == url.as_str()))
    }

    /// The member of this id.
    pub fn member(&self, id: EtcdId) -> Option<&LiveMember> {
        self.members.iter().find(|member| member.id == id)
    }
}

/// How another member was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// It answers for a cluster.
    Serves {
        /// The cluster.
        cluster: LiveCluster,
        /// It says that the member that asks was removed.
        removed: bool,
        /// The minor version that its cluster runs as, if that was asked for.
        cluster_minor: Option<u64>,
    },
    /// It takes connections and closes them: there a start waits for its turn.
    Waits,
    /// Its port is bound, and nothing is served yet.
    Starts,
    /// Nobody is there, and why that is thought.
    Absent(String),
    /// Somebody is there, but not as a member of this zone that takes us for one.
    Unusable(String),
}

/// Another member, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Where it was asked.
    pub url: PeerUrl,
    /// How it was found.
    pub state: PeerState,
}

impl Peer {
    /// The cluster that it answers for.
    pub fn cluster(&self) -> Option<&LiveCluster> {
        match &self.state {
            PeerState::Serves { cluster, .. } => Some(cluster),
            _ => None,
        }
    }
}
