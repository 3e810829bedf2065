//! A copy of a data directory, in whose log all entries may be declared committed.
//!
//! A leader acknowledges a write once a majority has it in its log, and tells the followers only later that
//! it is committed. `--force-new-cluster` discards what a member does not know to be committed
//! (`server/etcdserver/bootstrap.go`). In a copy whose hard state commits the last entry, nothing is left to
//! discard.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use prost::Message;
use zone_pki::regular_file;

use super::checksum::crc32c;
use super::log_scan::{HardState, STATE_RECORD};
use super::whole_log::{WholeLog, read_log};
use super::write_ahead_log::{FRAME, LogError, Record, files_with_extension};
use model::plan::LogPosition;

/// Its parts are what etcd itself reads: the snapshots of its old store, the database, and the log. That
/// comes last: it may be ahead of the database, and never behind it.
const PARTS: [(&str, &str); 2] = [("snap", "snap"), ("wal", "wal")];
const DATABASE: &str = "db";

/// A copy that was made here. There is no other way to one, so that no log but that of a copy is ever
/// written to.
#[derive(Debug)]
pub struct DataCopy {
    data: PathBuf,
    log: WholeLog,
}

impl DataCopy {
    /// Copies a data directory whose member does not run to `to`, mode 0700, which must not exist.
    ///
    /// # Errors
    /// A file cannot be read or written; there is no log, or a damaged one. What was copied by then stays.
    pub fn make(from: &Path, to: &Path) -> Result<Self, LogError> {
        let written = |path: &Path, source| LogError::Write { path: path.to_owned(), source };
        let make =
            |path: &Path| DirBuilder::new().mode(0o700).create(path).map_err(|source| written(path, source));
        make(to)?;
        make(&to.join("member"))?;
        for (name, extension) in PARTS {
            let (from, to) = (from.join("member").join(name), to.join("member").join(name));
            make(&to)?;
            let database = Some(from.join(DATABASE)).filter(|path| name == "snap" && path.exists());
            for path in database.into_iter().chain(files_with_extension(&from, extension)?) {
                copy(&path, &to.join(path.file_name().unwrap_or_default()))?;
            }
        }
        let log = read_log(to)?.ok_or_else(|| LogError::Damaged(to.join("member").join("wal")))?;
        Ok(Self { data: to.to_owned(), log })
    }

    pub fn path(&self) -> &Path {
        &self.data
    }

    /// The log as it was copied.
    pub fn log(&self) -> &WholeLog {
        &self.log
    }

    /// Declares all entries of the log committed: one more record, with the term and the vote that there are.
    /// Returns how far the log has come then.
    ///
    /// # Errors
    /// The file cannot be written, or is not as it was copied.
    pub fn commit_all(self) -> Result<LogPosition, LogError> {
        let LogPosition { term, commit, last_term, last_index } = self.log.position;
        let end = &self.log.end;
        // A snapshot of the leader may be ahead of what the hard state says.
        let state = HardState { term: term.max(last_term), vote: end.vote, commit: commit.max(last_index) };
        let data = state.encode_to_vec();
        let crc = crc32c(end.crc, &data);
        let bytes = framed(&Record { kind: STATE_RECORD, crc, data: Some(data) }.encode_to_vec());
        let write = || {
            let file = OpenOptions::new().write(true).open(&end.path)?;
            let size = file.metadata()?.len();
            // What a crash has torn is wiped, as etcd does itself (`ReadAll`, at the end).
            file.set_len(end.offset)?;
            file.write_all_at(&bytes, end.offset)?;
            file.set_len(size.max(end.offset + bytes.len() as u64))?;
            file.sync_all()
        };
        write().map_err(|source| LogError::Write { path: end.path.clone(), source })?;
        let raised = read_log(&self.data)?.map(|log| log.position);
        let expected = LogPosition { term: state.term, commit: state.commit, last_term, last_index };
        raised.filter(|raised| *raised == expected).ok_or_else(|| LogError::Damaged(end.path.clone()))
    }
}

/// A message padded to eight bytes; the top byte of its length says by how much (`encodeFrameSize` in
/// `server/storage/wal/encoder.go`).
fn framed(message: &[u8]) -> Vec<u8> {
    let length = message.len() as u64;
    let padding = length.wrapping_neg() % FRAME;
    let field = if padding == 0 { length } else { length | (0x80 | padding) << 56 };
    let mut bytes = field.to_le_bytes().to_vec();
    bytes.extend(message);
    bytes.resize(bytes.len() + padding as usize, 0);
    bytes
}

fn copy(from: &Path, to: &Path) -> Result<(), LogError> {
    let mut source =
        regular_file::open(from).map_err(|source| LogError::Read { path: from.to_owned(), source })?;
    let copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let copied = copy.and_then(|mut copy| io::copy(&mut source, &mut copy));
    copied.map(drop).map_err(|source| LogError::Write { path: to.to_owned(), source })
}
