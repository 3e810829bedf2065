//! `recover`: the quorum is lost for good.

mod log;
mod report;
mod salvage;
mod zone;

use time::OffsetDateTime;

use crate::cli::{RecoverArgs, RecoverCommand, RecoverServeArgs, SnapshotRestoreArgs};
use crate::output::RestoredZone;
use model::error::Result;
use model::report::Table;
use operations::recovery::{LogReport, serve};

/// The restore that a recovery ends with.
type Restore<'r> = &'r dyn Fn(&SnapshotRestoreArgs) -> Result<Option<RestoredZone>>;

pub(super) fn run(arguments: &RecoverArgs, restore: Restore<'_>, now: OffsetDateTime) -> Result<()> {
    match &arguments.command {
        None => zone::run(&arguments.zone, restore, now),
        Some(RecoverCommand::Log(arguments)) => log::run(arguments),
        Some(RecoverCommand::Salvage(arguments)) => salvage::run(arguments),
        Some(RecoverCommand::Serve(arguments)) => become_private_etcd(arguments),
    }
}

fn become_private_etcd(arguments: &RecoverServeArgs) -> Result<()> {
    host::end_with(arguments.end_with_parent)?;
    Err(serve(&arguments.etcd, &arguments.flags))
}

/// Logs, as they are compared.
fn table<'l>(logs: impl Iterator<Item = (String, &'l LogReport)>) -> String {
    let mut table =
        Table::new(&["node", "last entry", "of term", "known as committed", "beyond that", "in database"]);
    for (node, log) in logs {
        table.row([
            node,
            log.position.last_index.to_string(),
            log.position.last_term.to_string(),
            log.position.commit.to_string(),
            log.beyond_commit().to_string(),
            log.consistent_index.to_string(),
        ]);
    }
    table.render()
}
