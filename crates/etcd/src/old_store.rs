//! Reads from a snapshot file whether the store of etcd 2 holds anything of a user's.
//!
//! `member/snap/TERM-INDEX.snap` is a `snappb.snapshot { crc = 1, data = 2 }` around a `raftpb.Snapshot {
//! data = 1, metadata = 2 }`, whose data is the store of etcd 2 as JSON. 3.6 loads the newest one that the
//! log knows of, and does not start if there is more in it than etcd's own records
//! (`server/etcdserver/api/membership/storev2.go`, `IsMetaStoreOnly`). Unlike etcd, this counts a key whose
//! time has run out as long as 3.5 has not removed it.

use std::collections::BTreeMap;
use std::path::Path;

use prost::Message;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zone_pki::regular_file;

use super::log_scan::{LogScan, SnapshotPosition};
use super::write_ahead_log::{LogError, files_with_extension};

/// Where etcd keeps its own records.
const OWN_RECORDS: &str = "0";
/// Where users and roles of the API of etcd 2 are. Their empty directories are always left.
const USERS_AND_ROLES: &str = "2";

#[derive(Clone, PartialEq, Message)]
struct SnapshotFile {
    #[prost(bytes = "vec", tag = "2")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RaftSnapshot {
    #[prost(bytes = "vec", tag = "1")]
    data: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(uint64, tag = "2")]
    index: u64,
    #[prost(uint64, tag = "3")]
    term: u64,
}

#[derive(Deserialize)]
struct Store {
    #[serde(rename = "Root")]
    root: Directory<Directory<Directory<IgnoredAny>>>,
}

/// Its entries, or none for a key with a value.
#[derive(Deserialize)]
struct Directory<T> {
    #[serde(rename = "Children")]
    children: Option<BTreeMap<String, T>>,
}

impl<T> Directory<T> {
    /// What the API lists: not what is hidden.
    fn listed(&self) -> impl Iterator<Item = (&str, &T)> {
        let entries = self.children.iter().flatten();
        entries.map(|(name, entry)| (name.as_str(), entry)).filter(|(name, _)| !name.starts_with('_'))
    }
}

/// In bytes. Far above what etcd 2 kept in memory whole.
const SNAPSHOT_AT_MOST: u64 = 2 << 30;

/// The newest snapshot file that the log knows of: how far it goes, and whether it holds content of a user's.
/// Files that cannot be read are passed over, as etcd does.
pub(super) fn newest_store(data: &Path, log: &LogScan) -> Result<Option<(SnapshotPosition, bool)>, LogError> {
    for path in files_with_extension(&data.join("member").join("snap"), "snap")?.into_iter().rev() {
        let bytes = regular_file::read_at_most(&path, SNAPSHOT_AT_MOST)
            .map_err(|source| LogError::Read { path, source })?;
        if let Some((position, store)) = read_store(&bytes)
            && log.snapshots.contains(&position)
        {
            return Ok(Some((position, has_content(&store))));
        }
    }
    Ok(None)
}

fn read_store(bytes: &[u8]) -> Option<(SnapshotPosition, Store)> {
    let file = SnapshotFile::decode(bytes).ok()?;
    let snapshot = RaftSnapshot::decode(file.data.as_slice()).ok()?;
    let Metadata { index, term } = snapshot.metadata?;
    Some((SnapshotPosition { term, index }, serde_json::from_slice(&snapshot.data).ok()?))
}

fn has_content(store: &Store) -> bool {
    store.root.listed().any(|(name, directory)| match name {
        OWN_RECORDS => false,
        USERS_AND_ROLES => directory.listed().any(|(_, below)| below.listed().next().is_some()),
        _ => directory.listed().next().is_some(),
    })
}
