//! `recover`: the quorum is lost for good.

mod log;
mod report;
mod salvage;
mod zone;

use time::OffsetDateTime;

use crate::cli::{RecoverArgs, RecoverCommand, RecoverServeArgs, SnapshotRestoreArgs};
use model::error::Result;
use model::report::Table;
use operations::recovery::{LogReport, serve};

/// Returns the restore that is left to be done.
pub(super) fn run(arguments: &RecoverArgs, now: OffsetDateTime) -> Result<Option<SnapshotRestoreArgs>> {
    match &arguments.command {
        None => return zone::run(&arguments.zone, now),
        Some(RecoverCommand::Log(arguments)) => log::run(arguments),
        Some(RecoverCommand::Salvage(arguments)) => salvage::run(arguments),
        Some(RecoverCommand::Serve(arguments)) => become_private_etcd(arguments),
    }
    .map(|()| None)
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
