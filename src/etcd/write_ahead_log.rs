//! Reads from etcd's write-ahead log whose data a directory holds.
//!
//! The first file of a log starts with a checksum record and the metadata record (`server/storage/wal/wal.go`, `Create`).
//! A record is a frame of eight bytes, little endian, whose lower 56 bits are the length (`server/storage/wal/encoder.go`),
//! and a protobuf message `walpb.Record { type = 1, crc = 2, data = 3 }`. The metadata is
//! `etcdserverpb.Metadata { nodeID = 1, clusterID = 2 }`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use prost::Message;

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
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file does not start as a log does.
    #[error("{} is not a write-ahead log of etcd, or is damaged", .0.display())]
    Damaged(PathBuf),
}

#[derive(Clone, PartialEq, Message)]
struct Record {
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(uint32, tag = "2")]
    checksum: u32,
    #[prost(bytes = "vec", optional, tag = "3")]
    data: Option<Vec<u8>>,
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
    let mut entries = match std::fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(DataDirectory::Empty),
        Err(source) => return Err(LogError::Read { path: data.to_owned(), source }),
    };
    if entries.next().is_none() {
        return Ok(DataDirectory::Empty);
    }
    match newest_log_file(&data.join("member").join("wal"))? {
        Some(path) => read_ids(&path).map(DataDirectory::Log),
        None => Ok(DataDirectory::WithoutLog),
    }
}

/// Every file of a log repeats the metadata, so the newest serves as well as the first, which etcd may have purged.
fn newest_log_file(directory: &Path) -> Result<Option<PathBuf>, LogError> {
    let read_error = |source| LogError::Read { path: directory.to_owned(), source };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read_error(error)),
    };
    let mut newest = None;
    for entry in entries {
        let path = entry.map_err(read_error)?.path();
        if path.extension().is_some_and(|extension| extension == "wal") {
            newest = newest.max(Some(path));
        }
    }
    Ok(newest)
}

fn read_ids(path: &Path) -> Result<Ids, LogError> {
    let mut file = File::open(path).map_err(|source| LogError::Read { path: path.to_owned(), source })?;
    let damaged = || LogError::Damaged(path.to_owned());
    for _ in 0..RECORDS_TO_READ {
        let record = read_record(&mut file).ok_or_else(damaged)?;
        if record.kind == METADATA_RECORD {
            let data = record.data.ok_or_else(damaged)?;
            let metadata = Metadata::decode(data.as_slice()).map_err(|_| damaged())?;
            return Ok(Ids { member: EtcdId(metadata.node_id), cluster: EtcdId(metadata.cluster_id) });
        }
    }
    Err(damaged())
}

fn read_record(file: &mut File) -> Option<Record> {
    let mut frame = [0; 8];
    file.read_exact(&mut frame).ok()?;
    let field = u64::from_le_bytes(frame);
    let length = field & 0x00ff_ffff_ffff_ffff;
    // The highest bit says that padding follows; its length is in the three bits below (`decodeFrameSize`).
    let padding = if field >> 63 == 1 { (field >> 56) & 0x7 } else { 0 };
    if length == 0 || length > LONGEST_RECORD {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(length + padding).ok()?];
    file.read_exact(&mut bytes).ok()?;
    Record::decode(&bytes[..usize::try_from(length).ok()?]).ok()
}
