//! What `restart` tells, on the way and at the end.

use serde::Serialize;

use crate::report::{Table, message};
use crate::rolling::{Event, RestartedMember, Watch};
use crate::site::Site;

/// The start that a restart would lead to. Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub(super) struct DryRun<'n> {
    /// The short name of the node.
    pub node: &'n str,
    /// `resume`, `bootstrap` or `join`.
    pub decision: &'static str,
}

impl DryRun<'_> {
    pub(super) fn text(&self) -> String {
        format!("{} would start again: {}\n", self.node, self.decision)
    }
}

/// Tells a person what happens.
pub(in crate::commands) struct Told<'s>(pub(in crate::commands) &'s Site);

impl Watch for Told<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::LeaderMoved { from, to } => message(&format!("leadership moved from {from} to {to}")),
            Event::Restarting { node } => message(&format!("restarting {node} of {}", self.0.config().name)),
            Event::Restarted { node, took } => {
                message(&format!("{node} takes requests again, after {:.2} s", took.as_secs_f64()));
            }
            Event::Stage { what, .. } => message(&what),
            Event::Issued { holder } => message(&format!("{holder} has new certificates")),
        }
    }
}

pub(in crate::commands) fn text(restarted: &[RestartedMember]) -> String {
    let mut table = Table::new(&["node", "process", "before", "back after", "leadership to"]);
    for member in restarted {
        table.row([
            member.node.clone(),
            member.pid_after.to_string(),
            member.pid_before.to_string(),
            format!("{:.2} s", member.took().as_secs_f64()),
            member.leadership_moved_to.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}
