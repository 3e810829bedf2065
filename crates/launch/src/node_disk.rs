//! Reads what a node has on its disks.

use std::path::Path;

use zone_pki::regular_file;

use super::failures::{log_failure, state_failure};
use etcd::{observe_data_directory, read_log_position};
use host::{HighWater, MemberState, StateError};
use model::error::{Failure, Result};
use model::plan::{DataDirectory, DiskState, LogPosition, NodePaths, Nonce, Past, Phase};

/// What is on the disks of a node, and `state.json` as it is.
#[derive(Clone, Debug)]
pub(super) struct NodeDisk {
    pub(super) facts: DiskState,
    pub(super) state: Option<MemberState>,
}

impl NodeDisk {
    /// Reads `state.json`, the data directory, and how far the log has come and had come.
    pub(super) fn read(paths: &NodePaths) -> Result<Self> {
        let data = observe_data_directory(&paths.data()).map_err(|error| log_failure(&error))?;
        let (state, past) = read_past(paths).map_err(|error| state_failure(&error))?.unzip();
        let position = match data {
            DataDirectory::Log(_) => read_log_position(&paths.data()).map_err(|error| log_failure(&error))?,
            DataDirectory::Empty | DataDirectory::WithoutLog => None,
        };
        let high_water = HighWater::load(&paths.high_water()).map_err(|error| state_failure(&error))?;
        // A note of a log proves that the member ran, also where the log and `state.json` are gone.
        let ran = high_water.as_ref().filter(|_| position.is_none()).and_then(HighWater::ids);
        let past = past.or(ran.map(|ids| Past { ids, phase: Phase::Ran, joins: false }));
        let ids = past.map(|past: Past| past.ids).or(data.ids());
        let high_water =
            high_water.filter(|note| ids.is_some() && note.ids() == ids).map(|note| note.position);
        let at_last_start = state.as_ref().and_then(|state| state.log);
        let nonce = read_nonce(paths, state.as_ref(), past, data)?;
        let facts = DiskState { data, nonce, position, past, noted: farthest(high_water, at_last_start) };
        Ok(Self { facts, state })
    }
}

/// `state.json`, and what it says of the member's past.
pub(super) fn read_past(paths: &NodePaths) -> std::result::Result<Option<(MemberState, Past)>, StateError> {
    let path = paths.state();
    let Some(state) = MemberState::load(&path)? else { return Ok(None) };
    let past = state.past(&path)?;
    Ok(Some((state, past)))
}

/// The nonce in the data directory. One that was moved to another path before etcd wrote anything is looked
/// for where the attempt was made: nothing is lost with an empty directory.
fn read_nonce(
    paths: &NodePaths,
    state: Option<&MemberState>,
    past: Option<Past>,
    data: DataDirectory,
) -> Result<Option<Nonce>> {
    let here = nonce_in(&paths.data())?;
    let before = state.and_then(|state| state.data_directory.as_deref());
    let Some(before) = before.filter(|before| *before != paths.data()) else { return Ok(here) };
    let attempted = past.is_some_and(|past| matches!(past.phase, Phase::Attempted(_)));
    let was_left_empty = || matches!(observe_data_directory(before), Ok(DataDirectory::Empty));
    if here.is_none() && attempted && data == DataDirectory::Empty && was_left_empty() {
        return nonce_in(before);
    }
    Ok(here)
}

/// A file that is not what we write is as good as none: the directory is then not the one of the attempt.
fn nonce_in(data: &Path) -> Result<Option<Nonce>> {
    let path = NodePaths::nonce_in(data);
    match regular_file::read(&path) {
        Ok(text) => Ok(std::str::from_utf8(&text).ok().and_then(|text| Nonce::parse(text.trim_end()))),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(Failure::read(&path, &error)),
    }
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn farthest(one: Option<LogPosition>, other: Option<LogPosition>) -> Option<LogPosition> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if one.is_older_than(other) { other } else { one }),
        (one, other) => one.or(other),
    }
}
