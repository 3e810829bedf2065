//! Reads from the end of a write-ahead log how far it has come (see [`super::log_scan`] for its records).

use std::io;
use std::path::Path;

use prost::{DecodeError, Message};
use zone_pki::regular_file;

use super::log_scan::{ENTRY_RECORD, HardState, SNAPSHOT_RECORD, STATE_RECORD, Snapshot};
use super::write_ahead_log::{LogError, Record, Segment, files_with_extension};
use model::plan::LogPosition;

/// `raftpb.Entry`, without its data, which may be long.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Entry {
    #[prost(uint64, tag = "2")]
    pub(super) term: u64,
    #[prost(uint64, tag = "3")]
    pub(super) index: u64,
}

/// How far the log of a data directory has come; none without a log. Every file of a log begins with the hard
/// state (`server/storage/wal/wal.go`, `cut`), so the newest one has it; only a file that was just begun has
/// no entry, and then the one before it does.
pub fn read_log_position(data: &Path) -> Result<Option<LogPosition>, LogError> {
    let files = files_with_extension(&data.join("member").join("wal"), "wal")?;
    let Some((newest, before)) = files.split_last() else { return Ok(None) };
    let mut position = LogPosition::default();
    read_into(&mut position, newest)?;
    if let (0, Some(before)) = (position.last_index, before.last()) {
        let mut whole = LogPosition::default();
        read_into(&mut whole, before)?;
        read_into(&mut whole, newest)?;
        position = whole;
    }
    Ok(Some(position))
}

/// Syncs the newest file of the log: what was read of it survives a power cut.
pub fn sync_log(data: &Path) -> io::Result<()> {
    let directory = data.join("member").join("wal");
    let files = files_with_extension(&directory, "wal").map_err(io::Error::other)?;
    match files.last() {
        Some(newest) => regular_file::open(newest)?.sync_all(),
        None => Ok(()),
    }
}

/// The last record is left out: a crash may have torn it, and then etcd drops it. The log is at least as far
/// as what is before it.
fn read_into(position: &mut LogPosition, path: &Path) -> Result<(), LogError> {
    let mut segment = Segment::open(path)?;
    let mut before: Option<Record> = None;
    while let Some(record) = segment.next_whole()? {
        if before.replace(record).is_some_and(|before| apply(position, &before).is_err()) {
            return Err(LogError::Damaged(path.to_owned()));
        }
    }
    Ok(())
}

fn apply(position: &mut LogPosition, record: &Record) -> Result<(), DecodeError> {
    let data = record.data.as_deref().unwrap_or_default();
    match record.kind {
        ENTRY_RECORD => {
            let entry = Entry::decode(data)?;
            (position.last_term, position.last_index) = (entry.term, entry.index);
        }
        STATE_RECORD => {
            let state = HardState::decode(data)?;
            (position.term, position.commit) = (state.term, state.commit);
        }
        SNAPSHOT_RECORD => {
            let snapshot = Snapshot::decode(data)?;
            // One that came from the leader takes the place of the log.
            if snapshot.index > position.last_index {
                (position.last_term, position.last_index) = (snapshot.term, snapshot.index);
            }
        }
        _ => {}
    }
    Ok(())
}
