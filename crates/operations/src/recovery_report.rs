//! What a node tells of its log, and of what was made of it.

use serde::{Deserialize, Serialize};

use model::error::{Failure, Result};
use model::formats::{SnapshotManifest, SnapshotMember};
use model::plan::LogPosition;

/// What the data of a node tells: the JSON of `recover log --format json`. Ids are in hexadecimal, as etcd
/// prints them. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReport {
    /// The node, by its full name.
    pub node: String,
    pub zone: String,
    pub member_id: String,
    pub cluster_id: String,
    /// Where the data is, on the node.
    pub data: String,
    /// Whether a member runs on it.
    pub is_running: bool,
    /// The etcd that ran on it last; none if that is not known.
    pub etcd_version: Option<String>,
    /// What raft decides by: of two logs the one whose last entry has the newer term holds all that was
    /// committed, and if they are equal the longer one.
    #[serde(flatten)]
    pub position: LogPosition,
    /// Whether a crash has torn a record behind the last entry.
    pub is_torn: bool,
    /// The last entry that is in the database file.
    pub consistent_index: u64,
    /// Of the database file, in bytes.
    pub database_size: u64,
    /// The members, as of that entry.
    pub members: Vec<SnapshotMember>,
}

impl LogReport {
    /// Entries behind the one that the member knows to be committed.
    pub fn beyond_commit(&self) -> u64 {
        self.position.last_index.saturating_sub(self.position.commit)
    }

    /// What raft compares, the greater the better (section 5.4.1 of the raft paper).
    pub fn rank(&self) -> (u64, u64) {
        (self.position.last_term, self.position.last_index)
    }
}

/// The JSON of `recover salvage --format json`. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalvageReport {
    /// How far the log had come.
    pub log: LogReport,
    /// Entries behind the one that the member knew to be committed, all of which are in the snapshot. etcd's
    /// own `--force-new-cluster` discards them.
    pub entries_salvaged: u64,
    /// Whether a member was stopped for it, which is not started again.
    pub was_running: bool,
    /// From the copy to the snapshot, in milliseconds.
    pub took_ms: u64,
    /// What the data says is wrong, in etcd's words, such as the alarm NOSPACE.
    pub errors: Vec<String>,
    /// The manifest, not signed yet: a node has the key of no CA.
    pub manifest: SnapshotManifest,
}

impl SalvageReport {
    /// One line of JSON.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn line(&self) -> Result<Vec<u8>> {
        let line = serde_json::to_vec(self);
        let mut line = line.map_err(|error| Failure::internal("cannot make JSON").because(&error))?;
        line.push(b'\n');
        Ok(line)
    }
}
