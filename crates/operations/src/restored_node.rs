//! What is told of the restore of a node.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What became of a node: what `snapshot restore --config` prints as JSON. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredNode {
    /// Its short name.
    pub node: String,
    /// How far it is.
    pub state: NodeRestoreState,
    /// The id that its member has then, as etcd prints it.
    pub member_id: String,
    /// The id of its cluster.
    pub cluster_id: String,
    /// The revision that the data has, at least.
    pub revision: i64,
    /// Where the data of before is, if this call has put it there.
    pub old_data: Option<PathBuf>,
    /// The systemd service that starts the member again; absent where its operator does.
    pub service: Option<String>,
}

/// The room that a node has: what `snapshot restore --room-for` prints as JSON. Sizes are in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRoom {
    /// Its short name.
    pub node: String,
    /// What is above its data directory.
    pub directory: PathBuf,
    /// What is free there.
    pub free_bytes: u64,
    /// What is needed.
    pub needed_bytes: u64,
}

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeRestoreState {
    /// The restored data is beside the data.
    Staged,
    /// It is the data.
    InPlace,
}
