//! Reads a whole write-ahead log as etcd does when it starts: with its checksums, over all of its files, up
//! to the last record that is whole (`server/storage/wal/wal.go`, `ReadAll`; `decoder.go`).

use std::path::{Path, PathBuf};

use prost::Message;

use super::checksum::crc32c;
use super::log_end::Entry;
use super::log_scan::{ENTRY_RECORD, HardState, SNAPSHOT_RECORD, STATE_RECORD, Snapshot};
use super::write_ahead_log::{
    FRAME, LogError, METADATA_RECORD, Metadata, Next, Record, Segment, files_with_extension,
};
use model::plan::{Ids, LogPosition};

/// Type of the record that begins a file with the checksum so far.
const CHECKSUM_RECORD: i64 = 4;
/// What a disk writes at once. In a record that a crash has torn, one of these is still empty
/// (`isTornEntry` in `decoder.go`).
const SECTOR: u64 = 512;

/// A log that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeLog {
    /// Whose it is.
    pub ids: Ids,
    /// How far it has come. What a new leader wrote over does not count.
    pub position: LogPosition,
    /// Whether a crash has torn a record behind the last one that is whole. etcd drops it; it was never
    /// synced, so nothing of it was acknowledged.
    pub is_torn: bool,
    pub(super) end: LogEnd,
}

/// Where the next record belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogEnd {
    pub(super) path: PathBuf,
    pub(super) offset: u64,
    /// The checksum of all data before it.
    pub(super) crc: u32,
    /// For whom the member has voted in its term.
    pub(super) vote: u64,
}

/// Reads the log of a data directory; none without one.
///
/// # Errors
/// A file cannot be read. Or one is damaged: other than by a crash, which tears the last record only.
pub fn read_log(data: &Path) -> Result<Option<WholeLog>, LogError> {
    let files = files_with_extension(&data.join("member").join("wal"), "wal")?;
    let Some((newest, before)) = files.split_last() else { return Ok(None) };
    let mut reading = Reading::default();
    for path in before {
        let mut segment = Segment::open(path)?;
        if reading.read(&mut segment)? {
            return Err(segment.damaged("a record is not whole, and the log goes on in another file"));
        }
    }
    let mut segment = Segment::open(newest)?;
    let is_torn = reading.read(&mut segment)?;
    let ids = reading.ids.ok_or_else(|| segment.damaged("no record says whose log it is"))?;
    let end = LogEnd { path: newest.clone(), offset: segment.offset, crc: reading.crc, vote: reading.vote };
    Ok(Some(WholeLog { ids, position: reading.position, is_torn, end }))
}

#[derive(Default)]
struct Reading {
    ids: Option<Ids>,
    position: LogPosition,
    vote: u64,
    terms: Terms,
    crc: u32,
}

impl Reading {
    /// Reads a file to its end, and returns whether its last record is torn.
    fn read(&mut self, segment: &mut Segment) -> Result<bool, LogError> {
        loop {
            let offset = segment.offset;
            let record = match segment.next()? {
                Next::End => return Ok(false),
                Next::Broken if is_torn(&segment.raw, offset) => return Ok(true),
                Next::Broken => return Err(segment.damaged("this is not a record")),
                Next::Record(record) => record,
            };
            match self.check(&record) {
                Ok(()) => {}
                Err(_) if record.kind != CHECKSUM_RECORD && is_torn(&segment.raw, offset) => {
                    segment.offset = offset;
                    return Ok(true);
                }
                Err(why) => {
                    segment.offset = offset;
                    return Err(segment.damaged(why));
                }
            }
            if let Err(why) = self.apply(&record) {
                segment.offset = offset;
                return Err(segment.damaged(why));
            }
        }
    }

    fn check(&mut self, record: &Record) -> Result<(), &'static str> {
        if record.kind == CHECKSUM_RECORD {
            // The first file that is left goes on with the checksum of one that is not there any more.
            if self.crc != 0 && record.crc != self.crc {
                return Err("the file does not go on where the one before it ends");
            }
            self.crc = record.crc;
            return Ok(());
        }
        let crc = crc32c(self.crc, record.data.as_deref().unwrap_or_default());
        if crc != record.crc {
            return Err("the checksum of the record is not that of its data");
        }
        self.crc = crc;
        Ok(())
    }

    fn apply(&mut self, record: &Record) -> Result<(), &'static str> {
        const NOT_READ: &str = "the record cannot be read";
        let data = record.data.as_deref().unwrap_or_default();
        let position = &mut self.position;
        match record.kind {
            METADATA_RECORD => {
                let ids = Metadata::decode(data).map_err(|_| NOT_READ)?.ids();
                if *self.ids.get_or_insert(ids) != ids {
                    return Err("the record is of another member");
                }
            }
            ENTRY_RECORD => {
                let Entry { term, index } = Entry::decode(data).map_err(|_| NOT_READ)?;
                if position.last_index != 0 && index > position.last_index.saturating_add(1) {
                    return Err("entries before this one are missing");
                }
                self.terms.put(index, term);
                (position.last_term, position.last_index) = (term, index);
            }
            STATE_RECORD => {
                let state = HardState::decode(data).map_err(|_| NOT_READ)?;
                (position.term, position.commit, self.vote) = (state.term, state.commit, state.vote);
            }
            SNAPSHOT_RECORD => {
                let Snapshot { index, term } = Snapshot::decode(data).map_err(|_| NOT_READ)?;
                // One that came from the leader takes the place of the log, unless the log agrees with it
                // (`restore` in raft's `raft.go`).
                let differs = self.terms.at(index).is_some_and(|own| own != term);
                if index > position.last_index || differs {
                    self.terms.put(index, term);
                    (position.last_term, position.last_index) = (term, index);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a crash can have left a record so: a sector of it was not written. `offset` is that of its frame.
/// What the file ends within was not written either.
fn is_torn(raw: &[u8], offset: u64) -> bool {
    let begin = (SECTOR - (offset + FRAME) % SECTOR) as usize;
    let (first, rest) = raw.split_at(begin.min(raw.len()));
    let is_empty = |sector: &[u8]| sector.iter().all(|byte| *byte == 0);
    is_empty(first) || rest.chunks(SECTOR as usize).any(is_empty)
}

/// The terms of the entries: where each begins.
#[derive(Default)]
struct Terms(Vec<(u64, u64)>);

impl Terms {
    /// An entry replaces all from its index on.
    fn put(&mut self, index: u64, term: u64) {
        while self.0.last().is_some_and(|(first, _)| *first >= index) {
            self.0.pop();
        }
        if self.0.last().is_none_or(|(_, last)| *last != term) {
            self.0.push((index, term));
        }
    }

    /// None before the first entry that is known.
    fn at(&self, index: u64) -> Option<u64> {
        self.0.iter().rev().find(|(first, _)| *first <= index).map(|(_, term)| *term)
    }
}
