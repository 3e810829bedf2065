//! `state.json`: what a node knows of its member's past. `high-water.json`: the farthest that its log has
//! come.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zone_pki::{ShowPath, regular_file};

use model::formats::{FormatError, format_of};
use model::plan::{EtcdId, Ids, LogPosition, Nonce, Past, Phase};

/// Format of both files. A newer one is refused, since what it means is not known. Format 1 of `state.json`
/// knew no phases; a program that writes it refuses this one.
const FORMAT: u32 = 2;

/// The content of `state.json`, written before each step of a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberState {
    format: u32,
    pub zone: String,
    /// The node, by its full name.
    pub node: String,
    /// The cluster's id, as etcd prints it.
    pub cluster_id: String,
    /// The member's id, as etcd prints it.
    pub member_id: String,
    /// The cluster token of the last start.
    pub token: String,
    pub etcd_version: String,
    /// The step that was taken last.
    phase: PhaseWord,
    /// Whether the member was to join a cluster that runs.
    pub joins: bool,
    /// When it was taken.
    #[serde(with = "time::serde::rfc3339")]
    pub decided_at: OffsetDateTime,
    /// What the data directory has to hold if nothing was written to it since the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    /// The data directory; none if an older version of this program wrote the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_directory: Option<PathBuf>,
    /// How far the log had come; once the member has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogPosition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PhaseWord {
    Committed,
    Attempted,
    Ran,
    Unknown,
}

/// `state.json` of format 1.
#[derive(Deserialize)]
struct FirstFormat {
    zone: String,
    node: String,
    cluster_id: String,
    member_id: String,
    token: String,
    etcd_version: String,
    decision: String,
    #[serde(with = "time::serde::rfc3339")]
    decided_at: OffsetDateTime,
    had_log: bool,
}

/// The content of `high-water.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HighWater {
    format: u32,
    cluster_id: String,
    member_id: String,
    #[serde(flatten)]
    pub position: LogPosition,
    /// When that was seen.
    #[serde(with = "time::serde::rfc3339")]
    pub noted_at: OffsetDateTime,
}

/// Why `state.json` or `high-water.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot write {}", path.shown())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.shown())]
    Read { path: PathBuf, source: io::Error },
    /// It is not what we wrote.
    #[error("{} is damaged: {reason}", path.shown())]
    Damaged { path: PathBuf, reason: String },
    /// It was written by a newer version of this program.
    #[error("{} has format {found}, and this program knows {FORMAT}", path.shown())]
    Newer { path: PathBuf, found: u32 },
}

impl StateError {
    fn of(path: &Path, error: FormatError) -> Self {
        let path = path.to_owned();
        match error {
            FormatError::Damaged(error) => Self::Damaged { path, reason: error.to_string() },
            FormatError::Unknown { found, .. } => Self::Newer { path, found },
        }
    }
}

/// What is recorded of a step.
#[derive(Clone, Debug)]
pub struct StartRecord<'a> {
    pub zone: &'a str,
    pub node: &'a str,
    pub past: Past,
    pub token: &'a str,
    pub etcd_version: String,
    /// When.
    pub decided_at: OffsetDateTime,
    /// The data directory.
    pub data_directory: PathBuf,
    pub log: Option<LogPosition>,
}

impl MemberState {
    pub fn new(record: StartRecord<'_>) -> Self {
        let (phase, nonce) = match record.past.phase {
            Phase::Committed => (PhaseWord::Committed, None),
            Phase::Attempted(nonce) => (PhaseWord::Attempted, Some(nonce.to_string())),
            Phase::Ran => (PhaseWord::Ran, None),
            Phase::Unknown => (PhaseWord::Unknown, None),
        };
        Self {
            format: FORMAT,
            zone: record.zone.to_owned(),
            node: record.node.to_owned(),
            cluster_id: record.past.ids.cluster.to_string(),
            member_id: record.past.ids.member.to_string(),
            token: record.token.to_owned(),
            etcd_version: record.etcd_version,
            phase,
            joins: record.past.joins,
            decided_at: record.decided_at,
            nonce,
            data_directory: Some(record.data_directory),
            log: record.log,
        }
    }

    /// Reads the file, if it is there.
    pub fn load(path: &Path) -> Result<Option<Self>, StateError> {
        let Some((format, text)) = read_formatted(path)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| StateError::of(path, error.into());
        match format {
            1 => serde_json::from_slice(&text).map(FirstFormat::upgraded).map(Some).map_err(damaged),
            _ => serde_json::from_slice(&text).map(Some).map_err(damaged),
        }
    }

    /// Writes the file: aside, synced, and renamed over the old one.
    pub fn save(&self, path: &Path) -> Result<(), StateError> {
        write_json(path, self, Durability::Synced)
            .map_err(|source| StateError::Write { path: path.to_owned(), source })
    }

    /// What it says of the member's past.
    ///
    /// # Errors
    /// An id or the nonce is not what we write.
    pub fn past(&self, path: &Path) -> Result<Past, StateError> {
        let damaged = |reason: &str| StateError::Damaged { path: path.to_owned(), reason: reason.to_owned() };
        let ids =
            ids_of(&self.member_id, &self.cluster_id).ok_or_else(|| damaged("an id is not hexadecimal"))?;
        let nonce = || self.nonce.as_deref().and_then(Nonce::parse);
        let phase = match self.phase {
            PhaseWord::Committed => Phase::Committed,
            PhaseWord::Attempted => Phase::Attempted(
                nonce().ok_or_else(|| damaged("the nonce of the attempt is not 32 hexadecimal digits"))?,
            ),
            PhaseWord::Ran => Phase::Ran,
            PhaseWord::Unknown => Phase::Unknown,
        };
        Ok(Past { ids, phase, joins: self.joins })
    }
}

impl FirstFormat {
    /// A start of which nothing is known but that it happened.
    fn upgraded(self) -> MemberState {
        MemberState {
            format: FORMAT,
            zone: self.zone,
            node: self.node,
            cluster_id: self.cluster_id,
            member_id: self.member_id,
            token: self.token,
            etcd_version: self.etcd_version,
            phase: if self.had_log { PhaseWord::Ran } else { PhaseWord::Unknown },
            joins: self.decision == "join",
            decided_at: self.decided_at,
            nonce: None,
            data_directory: None,
            log: None,
        }
    }
}

impl HighWater {
    /// What is to be noted of a member.
    pub fn new(ids: Ids, position: LogPosition, noted_at: OffsetDateTime) -> Self {
        let (cluster_id, member_id) = (ids.cluster.to_string(), ids.member.to_string());
        Self { format: FORMAT, cluster_id, member_id, position, noted_at }
    }

    /// Reads the file, if it is there.
    pub fn load(path: &Path) -> Result<Option<Self>, StateError> {
        let Some((_, text)) = read_formatted(path)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| StateError::of(path, error.into());
        serde_json::from_slice(&text).map(Some).map_err(damaged)
    }

    /// The member that it is of; none if an id is not hexadecimal.
    pub fn ids(&self) -> Option<Ids> {
        ids_of(&self.member_id, &self.cluster_id)
    }

    /// Writes the file as [`MemberState::save`] does.
    pub fn save(&self, path: &Path) -> Result<(), StateError> {
        write_json(path, self, Durability::Synced)
            .map_err(|source| StateError::Write { path: path.to_owned(), source })
    }
}

fn ids_of(member: &str, cluster: &str) -> Option<Ids> {
    Some(Ids { member: EtcdId::parse(member)?, cluster: EtcdId::parse(cluster)? })
}

/// The format of a file, and its text; none without a file.
fn read_formatted(path: &Path) -> Result<Option<(u32, Vec<u8>)>, StateError> {
    let text = match regular_file::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StateError::Read { path: path.to_owned(), source }),
    };
    let format = format_of(&text, 1..=FORMAT).map_err(|error| StateError::of(path, error))?;
    Ok(Some((format, text)))
}

/// Whether a file has to survive a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    Synced,
    /// It can be made again, and a reader takes a damaged one for none.
    Expendable,
}

/// Writes a value as JSON, 0600 from creation, so that a reader sees the old file or the new one.
pub fn write_json(path: &Path, value: &impl Serialize, durability: Durability) -> io::Result<()> {
    // One write: the encoder would make one of every token.
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_private(path, &text, durability)
}

/// Writes a file, 0600 from creation, so that a reader sees the old one or the new one.
pub fn write_private(path: &Path, text: &[u8], durability: Durability) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text)?;
    if durability == Durability::Synced {
        file.as_file().sync_all()?;
    }
    file.persist(path)?;
    match durability {
        Durability::Synced => File::open(directory)?.sync_all(),
        Durability::Expendable => Ok(()),
    }
}
