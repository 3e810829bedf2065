//! The restored data takes the place of the data that is there.

use std::fs;
use std::path::PathBuf;

use time::OffsetDateTime;

use super::{NodeRestore, RestoreState, staged_path, sync_directory};
use crate::data_move::move_away;
use crate::failures::{log_failure, state_failure};
use crate::node_disk::read_past;
use etcd::{read_log, read_log_position};
use host::{HighWater, MemberState, NodeLock, StartRecord};
use model::error::{Failure, Result};
use model::plan::{LogPosition, Past, Phase};

/// What became of a node.
#[derive(Clone, Debug)]
pub struct Swapped {
    /// Whether this call has done it.
    pub is_new: bool,
    /// Where the data of before is, if there was any.
    pub old_data: Option<PathBuf>,
}

/// Puts the staged data in place. Its member does not run: the lock of the node directory is held.
///
/// In this order, so that a start after a call that was killed finds data that `state.json` does not know, or
/// none, and is refused: the record of the new member, the old data aside, the new data in its place.
///
/// # Errors
/// Nothing is staged (exit 66), or a directory cannot be renamed.
#[tracing::instrument(skip_all, name = "swap data", fields(node = restore.node.name.short()))]
pub fn swap(restore: &NodeRestore<'_>, _held: &NodeLock, now: OffsetDateTime) -> Result<Swapped> {
    let (data, staged) = (restore.paths.data(), staged_path(&restore.paths, &restore.epoch));
    match restore.state()? {
        RestoreState::InPlace => return Ok(Swapped { is_new: false, old_data: None }),
        RestoreState::Staged | RestoreState::Nothing => restore.refuse_unstaged()?,
    }
    refuse_gone_on(restore)?;
    let position = read_log_position(&staged).map_err(|error| log_failure(&error))?.unwrap_or_default();
    record(restore, position, now)?;
    let old_data = match data.exists() || data.is_symlink() {
        true => Some(move_away(&data, now)?),
        false => None,
    };
    fs::rename(&staged, &data).map_err(|error| Failure::write(&data, &error))?;
    sync_directory(data.parent().unwrap_or(&data))?;
    Ok(Swapped { is_new: true, old_data })
}

/// Refuses where the log here is ahead of the one that was salvaged: a quorum was back meanwhile.
fn refuse_gone_on(restore: &NodeRestore<'_>) -> Result<()> {
    let Some(salvaged) = &restore.epoch.snapshot.salvaged_from else { return Ok(()) };
    // A log that cannot be read was not salvaged either.
    let Ok(Some(log)) = read_log(&restore.paths.data()) else { return Ok(()) };
    let rank = (log.position.last_term, log.position.last_index);
    if log.ids.cluster.to_string() != salvaged.cluster_id || rank <= (salvaged.last_term, salvaged.last_index)
    {
        return Ok(());
    }
    let name = restore.node.name.short();
    Err(Failure::bad_input(format!("{name} has entries that were not salvaged"))
        .because(format!(
            "its log ends with entry {} of term {}, and the salvaged one with {} of term {}",
            rank.1, rank.0, salvaged.last_index, salvaged.last_term
        ))
        .next(format!("recover from its log: {}", restore.site.proposed_by_signer("recover --dead NODE"))))
}

/// The member that the node runs from now on.
fn record(restore: &NodeRestore<'_>, position: LogPosition, now: OffsetDateTime) -> Result<()> {
    let past = Past { ids: restore.ids, phase: Phase::Ran, joins: false };
    if read_past(&restore.paths).ok().flatten().is_some_and(|(_, known)| known == past) {
        return Ok(());
    }
    let note = HighWater::new(restore.ids, position, now);
    note.save(&restore.paths.high_water()).map_err(|error| state_failure(&error))?;
    let state = MemberState::new(StartRecord {
        zone: restore.site.config().name.as_str(),
        node: restore.node.name.full(),
        past,
        token: restore.cluster.token.as_str(),
        // The tool of this version has made the data.
        etcd_version: restore.version()?.to_string(),
        decided_at: now,
        data_directory: restore.paths.data(),
        log: Some(position),
    });
    state.save(&restore.paths.state()).map_err(|error| state_failure(&error))
}
