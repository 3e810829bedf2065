//! What a restore has made of a zone: `ca/restored.json` on the signing host, and the order in each bundle.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::SnapshotDatabase;
use crate::config::ZoneConfig;
use crate::plan::{ClusterToken, InitialCluster, PeerUrl};

/// The cluster that a zone has since it was last restored. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredEpoch {
    /// Its format.
    pub format: u32,
    /// How often the zone was restored: from 1.
    pub epoch: u64,
    /// The token of the cluster, which no other cluster of the zone has had.
    pub token: String,
    /// The id of the cluster, as etcd prints it.
    pub cluster_id: String,
    /// What it was restored from.
    pub snapshot: RestoredSnapshot,
    /// By how much every revision of the snapshot was raised, so that no revision means two things.
    pub bump_revision: i64,
    /// The members that it began with.
    pub members: Vec<RestoredMember>,
    /// When it was decided on.
    #[serde(with = "time::serde::rfc3339")]
    pub made_at: OffsetDateTime,
    /// Since when every member has the restored data, as far as it is reached from the signing host: from
    /// then on no other may take the place of that.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub staged_at: Option<OffsetDateTime>,
    /// Since when all members were seen to serve the same data; absent while the restore is under way.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<OffsetDateTime>,
}

/// The snapshot of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredSnapshot {
    /// The name of its file.
    pub name: String,
    /// The database in it.
    #[serde(flatten)]
    pub database: SnapshotDatabase,
    /// Its revision; of a sealed snapshot the one that it has at least.
    pub revision: i64,
    /// The log that it was salvaged from, by `recover`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salvaged_from: Option<SalvagedLog>,
}

/// The end of a log. One of the same cluster that is ahead of it has what it lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalvagedLog {
    /// The id of its cluster, as etcd prints it.
    pub cluster_id: String,
    /// The term of its last entry.
    pub last_term: u64,
    /// The index of that.
    pub last_index: u64,
}

/// A member of the cluster that was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredMember {
    /// Its node, by its full name.
    pub node: String,
    /// The name that it has in etcd.
    pub name: String,
    /// Where the others reached it then: its id follows from that.
    pub peer_url: String,
}

impl RestoredEpoch {
    /// The format that this program writes.
    pub const FORMAT: u32 = 1;

    /// The members of a zone, as they begin with the restored data.
    pub fn members_of(zone: &ZoneConfig) -> Vec<RestoredMember> {
        let member = |node: &crate::config::Node| RestoredMember {
            node: node.name.full().to_owned(),
            name: node.name.short().to_owned(),
            peer_url: PeerUrl::of(node).to_string(),
        };
        zone.members().map(member).collect()
    }

    /// The cluster that these members are with this token.
    pub fn cluster_of(members: &[RestoredMember], token: &str) -> InitialCluster {
        let urls = members.iter().map(|member| (member.name.clone(), PeerUrl::parse(&member.peer_url)));
        InitialCluster::of(urls, ClusterToken::given(token))
    }

    /// The cluster as it began.
    pub fn cluster(&self) -> InitialCluster {
        Self::cluster_of(&self.members, &self.token)
    }

    /// Whether it began with a member on this node, which therefore needs the restored data.
    pub fn member(&self, node: &str) -> Option<&RestoredMember> {
        self.members.iter().find(|member| member.node == node)
    }

    /// What a node is told of it, which does not change while it goes on. Once it is complete no node is
    /// given its data: one that has none has lost it.
    pub fn order(&self) -> Self {
        Self { staged_at: None, ..self.clone() }
    }

    /// The revision that it began with, at least.
    pub fn first_revision(&self) -> i64 {
        // Of a key space that was never written to etcd says 1, and its tool counts from 0.
        let revision = if self.snapshot.revision > 1 { self.snapshot.revision } else { 0 };
        self.bump_revision.saturating_add(revision)
    }
}
