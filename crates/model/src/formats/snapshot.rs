//! What lies beside a snapshot: its manifest, and the record of its last drill.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Seal;

/// What a snapshot says of itself. Ids are in hexadecimal, as etcd prints them; sizes are in bytes; digests
/// are SHA-256 in hexadecimal. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotManifest {
    /// Its format.
    pub format: u32,
    /// The zone.
    pub zone: String,
    /// The cluster.
    pub cluster_id: String,
    /// The token of the cluster; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When the member was asked for it.
    #[serde(with = "time::serde::rfc3339")]
    pub taken_at: OffsetDateTime,
    /// The member that has sent it.
    pub from: SnapshotSource,
    /// Whether it was taken while the members had no quorum: newer writes may be missing.
    pub without_quorum: bool,
    /// The revision of the key space; of a sealed snapshot the one that it has at least.
    pub revision: i64,
    /// The revision of its last compaction; absent in a sealed snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compact_revision: Option<i64>,
    /// The number of keys at this revision, if the member told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<i64>,
    /// A hash of the key space at this revision, if the member told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash_kv: Option<SnapshotHash>,
    /// The last entry that the member knew to be committed right before.
    pub raft_index: u64,
    /// Its term.
    pub raft_term: u64,
    /// The version of the data's layout; absent before 3.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_version: Option<String>,
    /// The name of the file.
    pub file: String,
    /// Its size.
    pub size: u64,
    /// The digest of the whole file, as `sha256sum` prints it.
    pub sha256: String,
    /// The database in it: of a snapshot that is not sealed the same file.
    pub database: SnapshotDatabase,
    /// How it is sealed.
    pub seal: Seal,
    /// The keys that it is sealed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed_to: Vec<String>,
    /// The members that the cluster had.
    pub members: Vec<SnapshotMember>,
    /// The log that it was recovered from; absent in one that a member of a running cluster has sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<RecoveredLog>,
}

/// The log of a member whose cluster has lost its quorum. All of its entries are in the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveredLog {
    /// The term of its last entry.
    pub last_term: u64,
    /// The index of its last entry.
    pub last_index: u64,
    /// The last entry that the member knew to be committed. Of those behind it some were acknowledged, and
    /// some may not have been.
    pub commit: u64,
}

/// The member that a snapshot is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotSource {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its version of etcd.
    pub version: String,
}

/// What etcd answers to HashKV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHash {
    /// CRC-32C over keys and values.
    pub hash: u32,
    /// The last compaction before it. Hashes that were made after different ones are not comparable.
    pub compact_revision: i64,
}

/// A database file with the digest that etcd puts behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotDatabase {
    /// Its size with the digest behind it.
    pub size: u64,
    /// The digest of its pages, which is also in its last 32 bytes.
    pub sha256: String,
}

/// A member of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotMember {
    /// Empty if it was never started.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Where members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it.
    pub client_urls: Vec<String>,
    /// Whether it has no vote.
    pub is_learner: bool,
}

/// What came of the last drill of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillRecord {
    /// Its format.
    pub format: u32,
    /// The digest of the snapshot that was restored.
    pub sha256: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// From the copy to the last answer.
    pub took_ms: u64,
    /// The etcd that was started on it.
    pub etcd: String,
    /// Whether all was as the manifest has it.
    pub passed: bool,
    /// What was not as the manifest has it; empty if it passed.
    pub faults: Vec<String>,
    /// The revision that the member had, if it came so far.
    pub revision: Option<i64>,
    /// The number of keys that it had.
    pub keys: Option<i64>,
    /// Whether the hash of the key space was compared.
    pub hash_compared: bool,
}

impl SnapshotManifest {
    /// The format that this program writes.
    pub const FORMAT: u32 = 1;
}

impl DrillRecord {
    /// The format that this program writes.
    pub const FORMAT: u32 = 1;
}
