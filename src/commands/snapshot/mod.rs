//! `snapshot`: the data of the cluster in a file, and how it is known to be whole.

mod list;
mod pruning;
mod reading;
mod restore;
mod save;
mod status;
mod verify;

use time::OffsetDateTime;

use crate::cli::{SnapshotCommand, SnapshotRestoreArgs};
use crate::output::RestoredZone;
use model::error::Result;
use model::formats::SnapshotManifest;
use store::snapshot::DIRECTORY;

pub(super) fn run(command: &SnapshotCommand, now: OffsetDateTime) -> Result<()> {
    match command {
        SnapshotCommand::Save(arguments) => save::run(arguments, now),
        SnapshotCommand::List(arguments) => list::run(arguments),
        SnapshotCommand::Status(arguments) => status::run(arguments, now),
        SnapshotCommand::Verify(arguments) => verify::run(arguments, now),
        SnapshotCommand::Restore(arguments) => {
            restore(arguments, now)?.map_or(Ok(()), |report| report.print(arguments.format))
        }
    }
}

/// Restores, and returns what is to be told of the zone; nothing of a dry run or a single node, which have
/// told it themselves.
pub(super) fn restore(arguments: &SnapshotRestoreArgs, now: OffsetDateTime) -> Result<Option<RestoredZone>> {
    restore::run(arguments, now)
}

/// How many there are, as it stands behind the revision.
fn keys(manifest: &SnapshotManifest) -> String {
    match manifest.keys {
        None => String::new(),
        Some(1) => ", 1 key".to_owned(),
        Some(keys) => format!(", {keys} keys"),
    }
}
