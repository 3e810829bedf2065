//! `state.json`: what a node knows of its member's past.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::plan::{EtcdId, Ids, NodePaths, PastStart};

/// Format of the file. A newer one is refused, since what it means is not known.
const FORMAT: u32 = 1;

/// The content of `state.json`, written before each exec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberState {
    format: u32,
    /// The zone.
    pub zone: String,
    /// The node, by its full name.
    pub node: String,
    /// The cluster's id, as etcd prints it.
    pub cluster_id: String,
    /// The member's id, as etcd prints it.
    pub member_id: String,
    /// The cluster token of the last start.
    pub token: String,
    /// The version of etcd of the last start.
    pub etcd_version: String,
    /// The last start decision: `bootstrap`, `join` or `resume`.
    pub decision: String,
    /// When it was first taken in this form, RFC 3339.
    pub decided_at: String,
    /// Whether there was a write-ahead log at that time.
    pub had_log: bool,
    /// The data directory at that time.
    pub data_directory: DirectoryIdentity,
}

/// A directory, and when its entries last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryIdentity {
    device: u64,
    inode: u64,
    modified: (i64, i64),
}

/// Why `state.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what we wrote.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was written by a newer version of this program.
    #[error("{} has format {found}, and this program knows {FORMAT}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// What is recorded at a start, beside the data directory.
#[derive(Clone, Debug)]
pub struct StartRecord<'a> {
    /// The zone.
    pub zone: &'a str,
    /// The node.
    pub node: &'a str,
    /// The ids of the member.
    pub ids: Ids,
    /// The cluster token.
    pub token: &'a str,
    /// etcd's version.
    pub etcd_version: String,
    /// The start decision.
    pub decision: &'static str,
    /// When, RFC 3339.
    pub decided_at: String,
    /// Whether there is a write-ahead log.
    pub had_log: bool,
}

impl MemberState {
    /// What is to be written for a start.
    pub fn new(record: StartRecord<'_>, data: &Path) -> Result<Self, StateError> {
        let data_directory = identity(data)?;
        Ok(Self {
            format: FORMAT,
            zone: record.zone.to_owned(),
            node: record.node.to_owned(),
            cluster_id: record.ids.cluster.to_string(),
            member_id: record.ids.member.to_string(),
            token: record.token.to_owned(),
            etcd_version: record.etcd_version,
            decision: record.decision.to_owned(),
            decided_at: record.decided_at,
            had_log: record.had_log,
            data_directory,
        })
    }

    /// Reads the file, if it is there.
    pub fn load(path: &Path) -> Result<Option<Self>, StateError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StateError::Read { path: path.to_owned(), source }),
        };
        let damaged = |error: serde_json::Error| StateError::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(&text).map_err(damaged)?;
        if format != FORMAT {
            return Err(StateError::Newer { path: path.to_owned(), found: format });
        }
        serde_json::from_slice(&text).map(Some).map_err(damaged)
    }

    /// Writes the file: aside, synced, and renamed over the old one. If only the time differs from `before`, nothing is
    /// written, so that a start of a member that runs anyway waits for no disk.
    pub fn save(&self, path: &Path, before: Option<&Self>) -> Result<(), StateError> {
        if before
            .is_some_and(|before| Self { decided_at: before.decided_at.clone(), ..self.clone() } == *before)
        {
            return Ok(());
        }
        write_json(path, self, Durability::Synced)
            .map_err(|source| StateError::Write { path: path.to_owned(), source })
    }

    /// The ids of the last start.
    pub fn ids(&self) -> Option<Ids> {
        Some(Ids { member: EtcdId::parse(&self.member_id)?, cluster: EtcdId::parse(&self.cluster_id)? })
    }
}

/// What `state.json` tells of the last start, with what has become of the data directory since.
pub fn observe_past(paths: &NodePaths) -> Result<Option<(MemberState, PastStart)>, StateError> {
    let Some(state) = MemberState::load(&paths.state())? else { return Ok(None) };
    let damaged =
        || StateError::Damaged { path: paths.state(), reason: "an id is not hexadecimal".to_owned() };
    let ids = state.ids().ok_or_else(damaged)?;
    let now = identity(&paths.data()).ok();
    let before = state.data_directory;
    let joined = state.decision == "join";
    let past = PastStart { ids, had_log: state.had_log, untouched: now == Some(before), joined };
    Ok(Some((state, past)))
}

/// Whether a file has to survive a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It has to.
    Synced,
    /// It can be made again, and a reader takes a damaged one for none.
    Expendable,
}

/// Writes a value as JSON, 0600 from creation, so that a reader sees the old file or the new one.
pub fn write_json(path: &Path, value: &impl Serialize, durability: Durability) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    // One write: the encoder would make one of every token.
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&text)?;
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    file.persist(path)?;
    match durability {
        Durability::Synced => File::open(directory)?.sync_all(),
        Durability::Expendable => Ok(()),
    }
}

fn identity(directory: &Path) -> Result<DirectoryIdentity, StateError> {
    let metadata = std::fs::metadata(directory)
        .map_err(|source| StateError::Read { path: directory.to_owned(), source })?;
    Ok(DirectoryIdentity {
        device: metadata.dev(),
        inode: metadata.ino(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
    })
}
