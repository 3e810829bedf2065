//! What a snapshot says of its revisions and versions: a database file, with or without the digest behind it.

use std::path::Path;

use super::bolt::BoltFile;
use super::{BackendError, value};
use model::config::MinorVersion;

/// How a revision begins in the bucket `key` and in values: 8 bytes, big endian
/// (`server/storage/mvcc/revision.go`).
const MAIN: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// The revision of the key space.
    pub revision: i64,
    /// That of the last compaction; 0 if there was none.
    pub compact_revision: i64,
    /// The newest version of etcd that it tells of: that of its layout, or of the cluster.
    pub version: Option<MinorVersion>,
}

/// Reads the revisions of a snapshot.
///
/// # Errors
/// It is no database, or not a whole one.
pub fn read_snapshot(path: &Path) -> Result<SnapshotFacts, BackendError> {
    let damaged = |reason| BackendError::Damaged { path: path.to_owned(), reason };
    let file = BoltFile::open(path)?.ok_or_else(|| damaged("it is empty"))?;
    let [meta, cluster] = file.buckets(["meta", "cluster"])?;
    let main = |bytes: &[u8]| {
        let main = bytes.first_chunk::<MAIN>().map(|main| i64::from_be_bytes(*main));
        main.ok_or_else(|| damaged("a revision is not one"))
    };
    let compacted = ["scheduledCompactRev", "finishedCompactRev"]
        .into_iter()
        .filter_map(|key| value(&meta, key))
        .map(main)
        .collect::<Result<Vec<_>, _>>()?;
    let compact_revision = compacted.into_iter().max().unwrap_or_default();
    // etcd begins with 1, and goes on behind a compaction that has left nothing (`restore` in
    // `server/storage/mvcc/kvstore.go`).
    let last = file.last_key("key")?.map_or(Ok(1), |key| main(&key))?;
    let versions = [value(&meta, "storageVersion"), value(&cluster, "clusterVersion")];
    let parse = |text: &[u8]| std::str::from_utf8(text).ok().and_then(MinorVersion::parse);
    let version = versions.into_iter().flatten().filter_map(parse).max();
    Ok(SnapshotFacts { revision: last.max(compact_revision), compact_revision, version })
}
