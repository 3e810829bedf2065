//! Reads from etcd's write-ahead log whose data a directory holds.
//!
//! The first file of a log starts with a checksum record and the metadata record (`server/storage/wal/wal.go`, `Create`).
//! A record is a frame of eight bytes, little endian, whose lower 56 bits are the length (`server/storage/wal/encoder.go`),
//! and a protobuf message `walpb.Record { type = 1, crc = 2, data = 3 }`, whose checksum is etcd's to check. The metadata is
//! `etcdserverpb.Metadata { nodeID = 1, clusterID = 2 }`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use prost::Message;
use zone_pki::{ShowPath, regular_file};

use crate::plan::{DataDirectory, EtcdId, Ids};

/// Type of the record that holds the metadata (`server/storage/wal/wal.go`, `MetadataType`).
const METADATA_RECORD: i64 = 1;
/// The metadata is the second record; a few more are read in case a line of etcd writes others before it.
const RECORDS_TO_READ: usize = 8;
/// No record at the start of a log comes near this size.
const LONGEST_RECORD: u64 = 1 << 20;

/// Why the log cannot tell whose it is.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A file or directory cannot be read.
    #[error("cannot read {}", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file does not start as a log does.
    #[error("{} is not a write-ahead log of etcd, or is damaged", .0.shown())]
    Damaged(PathBuf),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    #[prost(int64, tag = "1")]
    pub(super) kind: i64,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) data: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(uint64, tag = "1")]
    node_id: u64,
    #[prost(uint64, tag = "2")]
    cluster_id: u64,
}

/// What etcd's data directory holds.
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
    // Every file of a log repeats the metadata, so the newest serves as well as the first, which etcd may have purged.
    match files_with_extension(&member.join("wal"), "wal")?.last() {
        Some(path) => read_ids(path).map(DataDirectory::Log),
        None => Ok(DataDirectory::WithoutLog),
    }
}

/// The files of a directory of etcd's with this extension. Their names are numbers of equal length, so the last is the newest.
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
    for _ in 0..RECORDS_TO_READ {
        let record = read_record(&mut file, LONGEST_RECORD).map_err(read_error)?.ok_or_else(damaged)?;
        if record.kind == METADATA_RECORD {
            let data = record.data.ok_or_else(damaged)?;
            let metadata = Metadata::decode(data.as_slice()).map_err(|_| damaged())?;
            return Ok(Ids { member: EtcdId(metadata.node_id), cluster: EtcdId(metadata.cluster_id) });
        }
    }
    Err(damaged())
}

/// The next record, or none if there is no whole one of at most this length.
pub(super) fn read_record(file: &mut impl Read, longest: u64) -> io::Result<Option<Record>> {
    let Some(frame) = read_bytes(file, 8)? else { return Ok(None) };
    let field = frame.iter().rev().fold(0, |field: u64, byte| field << 8 | u64::from(*byte));
    let length = field & 0x00ff_ffff_ffff_ffff;
    // The highest bit says that padding follows; its length is in the three bits below (`decodeFrameSize`).
    let padding = if field >> 63 == 1 { (field >> 56) & 0x7 } else { 0 };
    if length == 0 || length > longest {
        return Ok(None);
    }
    // Both are far below what a usize holds, as was just made sure.
    let (length, whole) = (length as usize, (length + padding) as usize);
    let Some(bytes) = read_bytes(file, whole)? else { return Ok(None) };
    Ok(Record::decode(&bytes[..length]).ok())
}

/// So many bytes, or none if the file ends before. A disk that fails is another matter.
fn read_bytes(file: &mut impl Read, count: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; count];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
