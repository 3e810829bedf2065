//! What `recover` tells, for people and for programs.

use serde::Serialize;

use super::table;
use crate::output::RestoredZone;
use operations::recovery::{LogReport, Recovery, SalvageReport, Survey};
use zone_pki::ShowPath;

/// For programs. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct Report<'r> {
    dead: Vec<&'r str>,
    /// Of each node whose log could be read.
    logs: Vec<&'r LogReport>,
    /// The full name of the node whose log is used; none with a snapshot.
    chosen: Option<&'r str>,
    /// What cannot be known.
    unknown: Option<&'r str>,
    /// Of a salvage, or of a rehearsal of one.
    salvage: Option<&'r SalvageReport>,
    /// The snapshot that was written, or is used.
    snapshot: Option<String>,
    is_rehearsal: bool,
    /// What `snapshot restore` tells; none of a rehearsal, and where the restore failed.
    restore: Option<&'r RestoredZone>,
}

/// Of a recovery of which the restore alone was left.
#[derive(Serialize)]
pub(super) struct Resumed {
    pub(super) restore: RestoredZone,
}

impl<'r> Report<'r> {
    pub(super) fn new(
        recovery: &'r Recovery<'_>,
        survey: Option<&'r Survey<'_>>,
        unknown: Option<&'r str>,
        rehearsed: Option<&'r SalvageReport>,
        restore: Option<&'r RestoredZone>,
    ) -> Self {
        Self {
            dead: recovery.dead.iter().map(|node| node.name.full()).collect(),
            logs: survey.into_iter().flat_map(|survey| &survey.logs).map(|(_, log)| log).collect(),
            chosen: survey.and_then(Survey::best).map(|(node, _)| node.name.full()),
            unknown,
            salvage: rehearsed.or(recovery.salvaged.as_ref()),
            snapshot: recovery.snapshot.as_ref().map(|taken| taken.paths.file.shown().to_string()),
            is_rehearsal: rehearsed.is_some(),
            restore,
        }
    }
}

/// The logs, and which one it is.
pub(super) fn survey(survey: &Survey<'_>) -> String {
    let named = |(node, log)| {
        let node: &model::config::Node = node;
        let mark = if survey.dead.iter().any(|dead| dead.name == node.name) { " (dead)" } else { "" };
        (format!("{}{mark}", node.name.short()), log)
    };
    let mut text = table(survey.logs.iter().map(|(node, log)| named((*node, log))));
    if let Some((node, log)) = survey.best() {
        text += &format!(
            "\nthe log of {} is the best: its last entry, {}, has the newest term, {}, and of those the \
             highest index\n",
            node.name.short(),
            log.position.last_index,
            log.position.last_term
        );
    }
    text
}
