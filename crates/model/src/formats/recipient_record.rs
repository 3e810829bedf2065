//! `recipients.jsonl`: the public keys that the bundles of nodes are sealed to where etcd has them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The key of one node, from when on it counts. The last record of a node is the one that does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientRecord {
    /// The node, by its full name.
    pub node: String,
    /// The key: `age1…`, or `ssh-ed25519 …`; none if the one before counts no more.
    pub recipient: Option<String>,
    /// Who told it.
    pub learned_from: LearnedFrom,
    /// When it was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Who told the key of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnedFrom {
    /// The node, in an answer that it has signed.
    Answer,
    /// The node, called by the command of `[access]`.
    Command,
    /// The node, in a file that was carried back.
    File,
    /// The node, with its requests for certificates.
    Request,
    /// The operator.
    Operator,
    /// A node that was revoked gets certificates again: a thief of its certificates may have its key as well.
    Reinstated,
}
