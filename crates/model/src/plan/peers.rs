//! What the other members answered when they were asked, as far as a start depends on it.

use super::cluster::{EtcdId, PeerUrl};
use super::ids::Ids;

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
    /// Whether it has ever run: a member publishes its client URLs once it takes part. It is also how etcd
    /// tells (`isMemberBootstrapped` in `server/etcdserver/cluster_util.go`).
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

/// What a start of another member says of itself, over an authenticated connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LauncherSays {
    /// The ids that follow from the description there.
    pub predicted: Ids,
    /// Whether it may bootstrap the cluster.
    pub may_found: bool,
    /// What it shows.
    pub shows: LauncherShows,
    /// The cluster as its own data lists it; with a log only.
    pub cluster: Option<LiveCluster>,
    /// The members that its own data knows to be removed.
    pub removed: Vec<EtcdId>,
}

/// What a start of another member shows of it, in the cluster that its description gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LauncherShows {
    /// It never ran, as far as it knows.
    Nothing,
    /// It is committed to bootstrap the cluster.
    Committed,
    /// It was about to start etcd, after it had heard that all are committed.
    Attempted,
    /// It has run, and its log is not there.
    Lost,
    /// Its log.
    Log,
}

impl LauncherShows {
    /// The word for it on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Committed => "committed",
            Self::Attempted => "attempted",
            Self::Lost => "lost",
            Self::Log => "log",
        }
    }
}

/// How another member was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// It was not asked, or not heard of yet.
    NotHeard,
    /// It answers for a cluster.
    Serves {
        /// The cluster.
        cluster: LiveCluster,
        /// It says that the member that asks was removed.
        removed: bool,
        /// The minor version that its cluster runs as, if that was asked for.
        cluster_minor: Option<u64>,
    },
    /// A start of it waits, on a connection that is open now.
    Launches,
    /// It takes connections and closes them: so waits a start of an older version of this program.
    Closes,
    /// Its port is bound, and nothing is served yet.
    Starts,
    /// Nothing listens there, and why that is thought.
    Absent(String),
    /// Something answers, but not as a member of this zone that accepts this node as one.
    Unusable(String),
}

/// Another member, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Where it was asked.
    pub url: PeerUrl,
    /// How it was found last.
    pub state: PeerState,
    /// What a start of it said last, in the life of this one. It may be out of date unless the state is
    /// [`PeerState::Launches`].
    pub says: Option<LauncherSays>,
}

impl Peer {
    /// The cluster that it answers for, or that its data is of.
    pub fn cluster(&self) -> Option<&LiveCluster> {
        match &self.state {
            PeerState::Serves { cluster, .. } => Some(cluster),
            _ => self.says.as_ref()?.cluster.as_ref(),
        }
    }

    /// Whether it says that this member was removed from its cluster.
    pub fn says_removed(&self, ids: Ids) -> bool {
        match &self.state {
            PeerState::Serves { cluster, removed, .. } => *removed && cluster.id == ids.cluster,
            _ => self.says.as_ref().is_some_and(|says| {
                says.removed.contains(&ids.member)
                    && says.cluster.as_ref().is_some_and(|cluster| cluster.id == ids.cluster)
            }),
        }
    }

    /// What its start shows in the cluster that these ids are of; none if it is of another.
    pub fn shows(&self, predicted: Ids) -> Option<LauncherShows> {
        let says = self.says.as_ref().filter(|says| says.predicted.cluster == predicted.cluster)?;
        // A member that serves is no start any more.
        (!matches!(self.state, PeerState::Serves { .. })).then_some(says.shows)
    }
}
