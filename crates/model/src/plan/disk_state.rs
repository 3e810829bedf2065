//! What a node has on its disks, and what that shows of its member: the first half of the start decision.
//!
//! Two records are compared. `state.json` is in the node directory; it says which step of a start was taken
//! last. The data directory holds a nonce while a first start is under way, and etcd's log after it. They may
//! be on different disks, and either may be lost or come back from an older copy.

use std::fmt;

use super::ids::Ids;
use super::log_position::LogPosition;
use super::refusal::Refusal;

/// A random number of 128 bits that is written into the data directory before etcd starts on it for the first
/// time. An emptied directory, or an older copy of it, has not got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nonce(pub u128);

impl Nonce {
    /// Reads 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What the data directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataDirectory {
    /// Nothing of etcd's: no directory, or an empty `member/`.
    Empty,
    /// Files of etcd's, but no write-ahead log: etcd ended before it made one, or the log was removed.
    WithoutLog,
    /// A write-ahead log of this member.
    Log(Ids),
}

impl DataDirectory {
    /// Whose log it is.
    pub fn ids(self) -> Option<Ids> {
        match self {
            Self::Log(ids) => Some(ids),
            Self::Empty | Self::WithoutLog => None,
        }
    }

    /// Whether there are files, and no log.
    pub fn is_without_log(self) -> bool {
        self == Self::WithoutLog
    }
}

/// The step of a start that was recorded last in `state.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The member is to found its cluster, or to join it, and etcd was not started.
    Committed,
    /// etcd was about to be started without data, with this nonce in the data directory.
    Attempted(Nonce),
    /// etcd has run with a log.
    Ran,
    /// etcd was started without data by a version of this program that knew no nonces (format 1).
    Unknown,
}

/// What `state.json` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Past {
    /// The ids that the member was, or was to be, started with.
    pub ids: Ids,
    /// The step that was taken last.
    pub phase: Phase,
    /// Whether the start was to join a cluster that runs.
    pub joins: bool,
}

/// What the disks of a node hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DiskState {
    /// The data directory.
    pub data: DataDirectory,
    /// The nonce in it.
    pub nonce: Option<Nonce>,
    /// How far the log has come; none without a log.
    pub position: Option<LogPosition>,
    /// `state.json`.
    pub past: Option<Past>,
    /// The farthest position that was noted of the member that `past` names.
    pub noted: Option<LogPosition>,
}

/// What the operator says of the data, for one start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaidOfData {
    /// `--move-data-aside`: it is to be moved away.
    pub set_aside: bool,
    /// `--data-is-current`: this is the very disk that the member ran on last.
    pub is_current: bool,
    /// `--accept-older-data`: the only member of its cluster goes on with an older copy.
    pub accept_older: bool,
}

/// What a node shows of its member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocalState {
    /// Nothing: it never ran, as far as is known here.
    Nothing,
    /// It is recorded to found this cluster, or to join it, and etcd was never started.
    Committed(Ids),
    /// etcd was about to start, and wrote nothing.
    Attempted(Ids),
    /// It ran, or may have run, and its log is not here.
    Lost(LostLog),
    /// Its log.
    Log(Ids),
}

/// A member whose log is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LostLog {
    /// The ids that it may have voted under.
    pub ids: Ids,
    /// It was to join, and etcd left files without a log: it never took part if the cluster says so too.
    pub join_failed: bool,
    /// It is not lost yet: the operator wants the log moved away.
    pub set_aside: bool,
}

/// What the disks show. `predicted` are the ids that follow from the zone description; `alone` says that its
/// zone has no other member.
///
/// # Errors
/// A log, or files, that this node must not go on with.
pub fn local_state(
    disk: &DiskState,
    said: SaidOfData,
    predicted: Ids,
    alone: bool,
) -> Result<LocalState, Refusal> {
    if said.set_aside && disk.data != DataDirectory::Empty {
        return Ok(without_its_data(disk, predicted, alone));
    }
    match disk.data {
        DataDirectory::Log(ids) => with_log(disk, ids, said, alone),
        DataDirectory::WithoutLog => with_files(disk),
        DataDirectory::Empty => Ok(without_files(disk)),
    }
}

fn with_log(disk: &DiskState, found: Ids, said: SaidOfData, alone: bool) -> Result<LocalState, Refusal> {
    match disk.past {
        // How far it had come is not recorded, so it may be a copy. The only member of a zone has no other to
        // contradict it.
        None if !alone && !said.is_current => return Err(Refusal::NotesLost { found }),
        None => {}
        Some(past) if past.ids != found => {
            return Err(Refusal::ForeignData { found, expected: past.ids });
        }
        Some(past) => {
            let of_this_start = match past.phase {
                Phase::Ran | Phase::Unknown => true,
                Phase::Attempted(nonce) => disk.nonce == Some(nonce),
                Phase::Committed => false,
            };
            if !of_this_start && !said.is_current {
                return Err(Refusal::NotOfThisStart { found });
            }
        }
    }
    match (disk.noted, disk.position) {
        (Some(noted), Some(position)) if position.is_older_than(noted) && !(alone && said.accept_older) => {
            Err(Refusal::OlderLog { ids: found, noted, found: position })
        }
        _ => Ok(LocalState::Log(found)),
    }
}

fn with_files(disk: &DiskState) -> Result<LocalState, Refusal> {
    match disk.past {
        None => Err(Refusal::DataWithoutLog),
        Some(Past { ids, phase: Phase::Committed, .. }) => Err(Refusal::FilesBeforeStart { ids }),
        Some(past) if past.joins && past.phase != Phase::Ran => {
            Err(Refusal::JoinInterrupted { past: past.ids })
        }
        Some(past) => Ok(lost(past.ids)),
    }
}

fn without_files(disk: &DiskState) -> LocalState {
    match disk.past {
        None => LocalState::Nothing,
        Some(Past { ids, phase: Phase::Committed, .. }) => LocalState::Committed(ids),
        // A log that was noted since has been here, even if the nonce was left.
        Some(Past { ids, phase: Phase::Attempted(nonce), .. })
            if disk.nonce == Some(nonce) && disk.noted.is_none() =>
        {
            LocalState::Attempted(ids)
        }
        Some(past) => lost(past.ids),
    }
}

/// With its data moved away a member is as one that lost it, whatever is known of its past: this never leads
/// to a commit. Data that is not of the only member of a zone tells nothing of that member.
fn without_its_data(disk: &DiskState, predicted: Ids, alone: bool) -> LocalState {
    let ids = match (disk.past, disk.data) {
        (Some(past), _) => past.ids,
        (None, DataDirectory::Log(ids)) if !alone || ids == predicted => ids,
        (None, _) if alone => return LocalState::Nothing,
        (None, _) => predicted,
    };
    let join_failed = disk.data == DataDirectory::WithoutLog
        && disk.past.is_some_and(|past| past.joins && past.phase != Phase::Ran);
    let set_aside = disk.data.ids() == Some(ids);
    LocalState::Lost(LostLog { ids, join_failed, set_aside })
}

fn lost(ids: Ids) -> LocalState {
    LocalState::Lost(LostLog { ids, join_failed: false, set_aside: false })
}
