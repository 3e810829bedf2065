//! Nodes for a person: how many are how far, and the first of those that are not up to date.

use std::fmt::Write as _;

use super::Seen;
use diagnosis::rules::deliveries::{remedy, told};
use model::plan::DeliveryKind;
use model::report::{Table, fitted};

/// How many nodes have a line of their own.
const SHOWN_AT_MOST: usize = 20;

pub(super) fn render(seen: &Seen<'_>) -> String {
    let not_well = seen.not_well().count();
    let judged: usize = [DeliveryKind::NotByEtcd, DeliveryKind::Revoked]
        .iter()
        .fold(seen.nodes.len(), |left, kind| left.saturating_sub(seen.count(*kind)));
    let headline = match (judged, not_well) {
        (0, _) => "etcd has the bundles of no node".to_owned(),
        (_, 0) => format!("all {judged} nodes are up to date"),
        _ => format!("{not_well} of {judged} nodes are not up to date"),
    };
    let counts: Vec<String> = DeliveryKind::ALL
        .into_iter()
        .filter(|kind| seen.count(*kind) > 0)
        .map(|kind| format!("{} {}", kind.words(), seen.count(kind)))
        .collect();
    let mut out = format!("{}  {headline}\n", seen.site.config().name);
    out.push_str(&fitted("  ", counts.iter().map(String::as_str), ", "));
    if let Some(first) = seen.not_well().next() {
        out.push('\n');
        let mut table = Table::new(&["node", "state", "why"]);
        for node in seen.not_well().take(SHOWN_AT_MOST) {
            table.row([node.node.name.short().to_owned(), node.state.kind().words(), told(node, seen.at)]);
        }
        out.push_str(&table.render_indented());
        if let Some(more) = not_well.checked_sub(SHOWN_AT_MOST).filter(|more| *more > 0) {
            let all = seen.site.proposed("status --nodes -o json");
            let _ = writeln!(out, "  and {more} more: {all}");
        }
        if let Some(next) = remedy(seen.site, first) {
            let _ = write!(out, "\nnext: {next}\n");
        }
    }
    out
}
