//! The files of etcd's write-ahead log, record by record, and whose data a directory holds.
//!
//! The first file of a log starts with a checksum record and the metadata record
//! (`server/storage/wal/wal.go`, `Create`). A record is a frame of eight bytes, little endian, whose lower 56
//! bits are the length (`server/storage/wal/encoder.go`), and a protobuf message `walpb.Record { type = 1,
//! crc = 2, data = 3 }`, whose checksum only [`super::whole_log`] checks. The metadata is
//! `etcdserverpb.Metadata { nodeID = 1, clusterID = 2 }`.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use prost::Message;
use zone_pki::{ShowPath, regular_file};

use model::plan::{DataDirectory, EtcdId, Ids};

/// Type of the record that holds the metadata (`server/storage/wal/wal.go`, `MetadataType`).
pub(super) const METADATA_RECORD: i64 = 1;
/// The length that precedes a message, in bytes.
pub(super) const FRAME: u64 = 8;
/// The metadata is the second record; a few more are read in case a line of etcd writes others before it.
const RECORDS_TO_READ: usize = 8;
/// No record at the start of a log comes near this size.
const LONGEST_RECORD: u64 = 1 << 20;

/// Why the log cannot tell whose it is.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A file or directory cannot be read.
    #[error("cannot read {}", path.shown())]
    Read { path: PathBuf, source: io::Error },
    /// The file does not start as a log does.
    #[error("{} is not a write-ahead log of etcd, or is damaged", .0.shown())]
    Damaged(PathBuf),
    /// Something in it is not what etcd wrote.
    #[error("{} is damaged at byte {offset}: {why}", path.shown())]
    DamagedAt { path: PathBuf, offset: u64, why: &'static str },
    /// A file or directory of a copy cannot be written.
    #[error("cannot write {}", path.shown())]
    Write { path: PathBuf, source: io::Error },
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    #[prost(int64, tag = "1")]
    pub(super) kind: i64,
    /// CRC-32C of the data of all records up to this one, but for the ones of checksums.
    #[prost(uint32, tag = "2")]
    pub(super) crc: u32,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) data: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Metadata {
    #[prost(uint64, tag = "1")]
    node_id: u64,
    #[prost(uint64, tag = "2")]
    cluster_id: u64,
}

impl Metadata {
    pub(super) fn ids(&self) -> Ids {
        Ids { member: EtcdId(self.node_id), cluster: EtcdId(self.cluster_id) }
    }
}

/// What comes next in a file of a log.
pub(super) enum Next {
    Record(Record),
    /// The file ends, or nothing was written to the rest of it yet.
    End,
    /// No whole record of at most the length that was allowed.
    Broken,
}

/// A file of a log, read from its beginning.
pub(super) struct Segment {
    reader: BufReader<File>,
    path: PathBuf,
    /// Of the file, in bytes.
    pub(super) size: u64,
    /// What comes next begins at this byte.
    pub(super) offset: u64,
    /// The message that was read last, with its padding, as it is on the disk; empty if the file ends within
    /// it.
    pub(super) raw: Vec<u8>,
}

impl Segment {
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let read_error = |source| LogError::Read { path: path.to_owned(), source };
        let file = regular_file::open(path).map_err(read_error)?;
        let size = file.metadata().map_err(read_error)?.len();
        let reader = BufReader::with_capacity(1 << 18, file);
        Ok(Self { reader, path: path.to_owned(), size, offset: 0, raw: Vec::new() })
    }

    /// Reads on. A record that is longer than the file is not whole.
    pub(super) fn next(&mut self) -> Result<Next, LogError> {
        let longest = self.size.saturating_sub(self.offset);
        let next = read_record(&mut self.reader, longest, &mut self.raw);
        let next = next.map_err(|source| LogError::Read { path: self.path.clone(), source })?;
        if matches!(next, Next::Record(_)) {
            self.offset += FRAME + self.raw.len() as u64;
        }
        Ok(next)
    }

    /// The next whole record; none if there are no more.
    pub(super) fn next_whole(&mut self) -> Result<Option<Record>, LogError> {
        Ok(match self.next()? {
            Next::Record(record) => Some(record),
            Next::End | Next::Broken => None,
        })
    }

    pub(super) fn damaged(&self, why: &'static str) -> LogError {
        LogError::DamagedAt { path: self.path.clone(), offset: self.offset, why }
    }
}

pub fn observe_data_directory(data: &Path) -> Result<DataDirectory, LogError> {
    // What else is there, such as `lost+found` of a file system of its own, is not etcd's.
    let member = data.join("member");
    // A start makes `member/` itself, since etcd would not have its entry synced.
    let is_empty = match std::fs::read_dir(&member) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => false,
        Err(source) => return Err(LogError::Read { path: member, source }),
    };
    if is_empty {
        return Ok(DataDirectory::Empty);
    }
    // Every file of a log repeats the metadata, so the newest serves as well as the first, which etcd may
    // have purged.
    match files_with_extension(&member.join("wal"), "wal")?.last() {
        Some(path) => read_ids(path).map(DataDirectory::Log),
        None => Ok(DataDirectory::WithoutLog),
    }
}

/// The files of a directory of etcd's with this extension. Their names are numbers of equal length, so the
/// last is the newest.
pub(super) fn files_with_extension(directory: &Path, wanted: &str) -> Result<Vec<PathBuf>, LogError> {
    let read_error = |source| LogError::Read { path: directory.to_owned(), source };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(read_error(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(read_error)?.path();
        if path.extension().is_some_and(|extension| extension == wanted) {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn read_ids(path: &Path) -> Result<Ids, LogError> {
    let read_error = |source| LogError::Read { path: path.to_owned(), source };
    let mut file = regular_file::open(path).map_err(read_error)?;
    let damaged = || LogError::Damaged(path.to_owned());
    let mut raw = Vec::new();
    for _ in 0..RECORDS_TO_READ {
        let next = read_record(&mut file, LONGEST_RECORD, &mut raw).map_err(read_error)?;
        let Next::Record(record) = next else { return Err(damaged()) };
        if record.kind == METADATA_RECORD {
            let data = record.data.ok_or_else(damaged)?;
            return Metadata::decode(data.as_slice()).map(|metadata| metadata.ids()).map_err(|_| damaged());
        }
    }
    Err(damaged())
}

/// Reads the next record, if it is of at most this length. `raw` gets its message with the padding.
fn read_record(file: &mut impl Read, longest: u64, raw: &mut Vec<u8>) -> io::Result<Next> {
    raw.clear();
    let mut frame = [0; FRAME as usize];
    match fill(file, &mut frame)? {
        0 => return Ok(Next::End),
        count if count < frame.len() => return Ok(Next::Broken),
        _ => {}
    }
    let field = u64::from_le_bytes(frame);
    if field == 0 {
        return Ok(Next::End);
    }
    let length = field & 0x00ff_ffff_ffff_ffff;
    // The highest bit says that padding follows; its length is in the three bits below (`decodeFrameSize`).
    let padding = if field >> 63 == 1 { (field >> 56) & 0x7 } else { 0 };
    if length == 0 || length > longest {
        return Ok(Next::Broken);
    }
    // Both are far below what a usize holds, as was just made sure.
    raw.resize((length + padding) as usize, 0);
    if fill(file, raw)? < raw.len() {
        raw.clear();
        return Ok(Next::Broken);
    }
    Ok(Record::decode(&raw[..length as usize]).map_or(Next::Broken, Next::Record))
}

/// Fills the buffer as far as the file goes, and returns how far. A disk that fails is another matter.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
