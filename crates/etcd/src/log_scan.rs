//! Reads a whole write-ahead log for what only some versions of etcd can apply.
//!
//! The log is a sequence of records over several files (see [`super::write_ahead_log`]). Entries are
//! `raftpb.Entry`, whose data is an `etcdserverpb.InternalRaftRequest`, or the bare `etcdserverpb.Request` of
//! etcd 2, in which 3.5 announces each start of a member and each version of the cluster. 3.5 and 3.6 try one
//! and then the other (`server/etcdserver/server.go`, `applyEntryNormal`); 3.7 knows only the first, and
//! panics (`server/etcdserver/apply/apply.go`, `Apply`).

use std::path::Path;

use prost::Message;

use super::write_ahead_log::{LogError, Segment, files_with_extension};

pub(super) const ENTRY_RECORD: i64 = 2;
pub(super) const STATE_RECORD: i64 = 3;
pub(super) const SNAPSHOT_RECORD: i64 = 5;
/// `raftpb.EntryNormal`.
const NORMAL_ENTRY: i32 = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPosition {
    /// The term of the last entry that it covers.
    pub term: u64,
    pub index: u64,
}

/// What a log holds, as far as it matters for a change of version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogScan {
    /// The snapshots that are covered by committed entries, in the order in which they were taken.
    pub snapshots: Vec<SnapshotPosition>,
    /// Requests in the form of etcd 2, in ascending order of their index.
    requests: Vec<OldRequest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct OldRequest {
    index: u64,
    /// Whether it is of a user, and not of etcd itself.
    of_user: bool,
}

impl LogScan {
    /// Whether there are requests in the form of etcd 2 after this index.
    pub fn has_old_requests_after(&self, index: u64) -> bool {
        self.requests.iter().any(|request| request.index > index)
    }

    /// Whether there are requests of users in the form of etcd 2 after this index. 3.6 does not apply them.
    pub fn has_old_content_after(&self, index: u64) -> bool {
        self.requests.iter().any(|request| request.index > index && request.of_user)
    }
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(uint64, tag = "3")]
    index: u64,
    #[prost(bytes = "vec", tag = "4")]
    data: Vec<u8>,
}

/// `raftpb.HardState`.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct HardState {
    #[prost(uint64, tag = "1")]
    pub(super) term: u64,
    #[prost(uint64, tag = "2")]
    pub(super) vote: u64,
    #[prost(uint64, tag = "3")]
    pub(super) commit: u64,
}

/// `walpb.Snapshot`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Snapshot {
    #[prost(uint64, tag = "1")]
    pub(super) index: u64,
    #[prost(uint64, tag = "2")]
    pub(super) term: u64,
}

/// A message whose content does not matter, as long as it is one.
#[derive(Clone, Copy, PartialEq, Message)]
struct Any {}

/// `etcdserverpb.InternalRaftRequest` as far as it takes to tell it from a `Request`: that always has a
/// number in field 5.
#[derive(Clone, PartialEq, Message)]
struct InternalRaftRequest {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, optional, tag = "2")]
    old: Option<OldForm>,
    #[prost(message, optional, tag = "3")]
    range: Option<Any>,
    #[prost(message, optional, tag = "4")]
    put: Option<Any>,
    #[prost(message, optional, tag = "5")]
    delete_range: Option<Any>,
    #[prost(message, optional, tag = "6")]
    transaction: Option<Any>,
    #[prost(message, optional, tag = "7")]
    compaction: Option<Any>,
}

/// `etcdserverpb.Request`, the form of etcd 2.
#[derive(Clone, PartialEq, Message)]
struct OldForm {
    #[prost(bytes = "vec", tag = "2")]
    method: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    path: Vec<u8>,
}

impl OldForm {
    /// Reads the request out of an entry, if it is one of this form.
    fn of(data: &[u8]) -> Option<Self> {
        match InternalRaftRequest::decode(data) {
            Ok(request) => request.old,
            Err(_) => Self::decode(data).ok(),
        }
    }

    /// Whether etcd wrote it itself: the two forms that 3.6 translates (`server/etcdserver/apply_v2.go`,
    /// `v2ToV3Request`).
    fn is_of_etcd(&self) -> bool {
        self.method == b"PUT" && (self.path == b"/0/version" || holds_member_attributes(&self.path))
    }
}

/// `/0/members/[[:xdigit:]]{1,16}/attributes`, anywhere in the path, as etcd matches it.
fn holds_member_attributes(path: &[u8]) -> bool {
    const MEMBERS: &[u8] = b"/0/members/";
    let places = path.windows(MEMBERS.len()).enumerate().filter(|(_, window)| *window == MEMBERS);
    places.map(|(at, _)| &path[at + MEMBERS.len()..]).any(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        (1..=16).contains(&digits) && rest[digits..].starts_with(b"/attributes")
    })
}

/// Reads the log of a data directory from its first file to its last, however many they are. A log
/// whose last record was torn ends before it, as for etcd.
pub fn scan_log(data: &Path) -> Result<LogScan, LogError> {
    let mut scan = LogScan::default();
    let mut committed = 0;
    for path in files_with_extension(&data.join("member").join("wal"), "wal")? {
        let damaged = || LogError::Damaged(path.clone());
        let mut segment = Segment::open(&path)?;
        while let Some(record) = segment.next_whole()? {
            let data = record.data.unwrap_or_default();
            match record.kind {
                ENTRY_RECORD => scan.add(&Entry::decode(data.as_slice()).map_err(|_| damaged())?),
                STATE_RECORD => {
                    committed = HardState::decode(data.as_slice()).map_err(|_| damaged())?.commit;
                }
                SNAPSHOT_RECORD => {
                    let Snapshot { index, term } =
                        Snapshot::decode(data.as_slice()).map_err(|_| damaged())?;
                    scan.snapshots.push(SnapshotPosition { term, index });
                }
                _ => {}
            }
        }
    }
    // A snapshot of what was not committed is of no use (`server/storage/wal/wal.go`,
    // `ValidSnapshotEntries`).
    scan.snapshots.retain(|snapshot| snapshot.index <= committed);
    Ok(scan)
}

impl LogScan {
    fn add(&mut self, entry: &Entry) {
        // A new leader may have written over what was not committed: an entry replaces all from its index on.
        while self.requests.last().is_some_and(|last| last.index >= entry.index) {
            self.requests.pop();
        }
        if entry.kind != NORMAL_ENTRY || entry.data.is_empty() {
            return;
        }
        if let Some(request) = OldForm::of(&entry.data) {
            self.requests.push(OldRequest { index: entry.index, of_user: !request.is_of_etcd() });
        }
    }
}
