//! Reads from etcd's backend, `member/snap/db`, what it says of versions and members.
//!
//! The buckets and keys are those of `server/storage/schema` (`bucket.go`, `membership.go`, `cindex.go`),
//! which are the same in 3.5, 3.6 and 3.7.

mod bolt;
mod snapshot;

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use bolt::{BoltFile, Entries};
use model::plan::{EtcdId, MinorVersion};
pub use snapshot::{SnapshotFacts, read_snapshot};
use zone_pki::ShowPath;

/// Why the backend tells nothing.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cannot read {}", path.shown())]
    Read { path: PathBuf, source: io::Error },
    /// It is no database of etcd, or not a whole one.
    #[error("{} is not a database of etcd, or is damaged: {reason}", path.shown())]
    Damaged { path: PathBuf, reason: &'static str },
}

/// What the backend says, as of the last transaction that etcd committed to it. The log may be ahead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendFacts {
    /// The version of the cluster, once it has one.
    pub cluster_version: Option<MinorVersion>,
    /// The version of the storage, which etcd writes since 3.6.
    pub storage_version: Option<MinorVersion>,
    /// The downgrade that was last agreed to or cancelled.
    pub downgrade: Option<Downgrade>,
    /// The members, in the order of their hexadecimal ids.
    pub members: Vec<BackendMember>,
    /// The members that were removed, in the same order.
    pub removed_members: Vec<EtcdId>,
    /// The index of the last entry of the log that was applied; 0 if none was.
    pub consistent_index: u64,
    /// The term of that entry; 0 if it is not known.
    pub term: u64,
}

/// What the cluster has agreed to of a downgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downgrade {
    /// To where; none once it is over.
    pub target: Option<MinorVersion>,
    /// Whether it is under way.
    pub enabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendMember {
    pub id: EtcdId,
    /// Its name; empty until it was started.
    pub name: String,
    /// Where the other members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it; empty until it has taken part.
    pub client_urls: Vec<String>,
    pub is_learner: bool,
}

#[derive(Deserialize)]
struct StoredDowngrade {
    #[serde(default, rename = "target-version")]
    target: String,
    #[serde(default)]
    enabled: bool,
}

#[derive(Deserialize)]
struct StoredMember {
    #[serde(default)]
    name: String,
    /// `null` where Go had no list.
    #[serde(rename = "peerURLs")]
    peer_urls: Option<Vec<String>>,
    #[serde(default, rename = "clientURLs")]
    client_urls: Option<Vec<String>>,
    #[serde(default, rename = "isLearner")]
    is_learner: bool,
}

/// How often a backend is read before it counts as damaged.
const ATTEMPTS: usize = 3;

/// Reads the backend of a data directory, or nothing if it has none. A member that runs may write over a page
/// while it is read, so what does not hold together is read again.
pub fn read_backend(data: &Path) -> Result<Option<BackendFacts>, BackendError> {
    let path = data.join("member").join("snap").join("db");
    let mut facts = read_once(&path);
    for _ in 1..ATTEMPTS {
        if !matches!(facts, Err(BackendError::Damaged { .. })) {
            break;
        }
        facts = read_once(&path);
    }
    facts
}

fn read_once(path: &Path) -> Result<Option<BackendFacts>, BackendError> {
    let Some(file) = BoltFile::open(path)? else { return Ok(None) };
    let [cluster, meta, members, removed] =
        file.buckets(["cluster", "meta", "members", "members_removed"])?;
    let version = |text: &[u8], reason| -> Result<MinorVersion, BackendError> {
        std::str::from_utf8(text).ok().and_then(MinorVersion::parse).ok_or_else(|| file.damaged(reason))
    };
    let mut facts = BackendFacts::default();
    if let Some(text) = value(&cluster, "clusterVersion") {
        facts.cluster_version = Some(version(text, "the cluster version is not a valid version")?);
    }
    // Empty for a moment while 3.6 takes over from 3.5.
    if let Some(text) = value(&meta, "storageVersion").filter(|text| !text.is_empty()) {
        facts.storage_version = Some(version(text, "the storage version is not a valid version")?);
    }
    if let Some(text) = value(&cluster, "downgrade") {
        let reason = "what it says of a downgrade cannot be read";
        let stored: StoredDowngrade = serde_json::from_slice(text).map_err(|_| file.damaged(reason))?;
        let target = match stored.target.as_str() {
            "" => None,
            text => Some(version(text.as_bytes(), reason)?),
        };
        facts.downgrade = Some(Downgrade { target, enabled: stored.enabled });
    }
    let counter = |key| match value(&meta, key) {
        Some(bytes) => {
            bytes.try_into().map(u64::from_be_bytes).map_err(|_| file.damaged("an index is not one"))
        }
        None => Ok(0),
    };
    facts.consistent_index = counter("consistent_index")?;
    facts.term = counter("term")?;
    let id = |key: &[u8]| {
        let text = std::str::from_utf8(key).ok();
        text.and_then(EtcdId::parse).ok_or_else(|| file.damaged("a member id is not valid"))
    };
    for (key, text) in &members {
        let stored: StoredMember =
            serde_json::from_slice(text).map_err(|_| file.damaged("a member cannot be read"))?;
        facts.members.push(BackendMember {
            id: id(key)?,
            name: stored.name,
            peer_urls: stored.peer_urls.unwrap_or_default(),
            client_urls: stored.client_urls.unwrap_or_default(),
            is_learner: stored.is_learner,
        });
    }
    facts.removed_members = removed.iter().map(|(key, _)| id(key)).collect::<Result<_, _>>()?;
    Ok(Some(facts))
}

fn value<'e>(entries: &'e Entries, key: &str) -> Option<&'e [u8]> {
    entries.iter().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| value.as_slice())
}
