//! What `restart --dry-run` tells of one member.

use serde::Serialize;

use operations::runbook::DryRun;

/// The start that a restart would lead to, and what it takes. Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub(super) struct DryRunOfOne<'n> {
    /// The short name of the node.
    pub node: &'n str,
    /// `resume`, `bootstrap` or `join`; none if it would not start again.
    pub decision: Option<&'static str>,
    /// What it takes.
    #[serde(flatten)]
    pub listed: &'n DryRun,
}
