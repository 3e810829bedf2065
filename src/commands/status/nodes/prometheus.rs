//! Nodes as metrics: counts, and samples of those that are not up to date alone, of which there are not more
//! than a collector takes.

use super::super::metrics::Page;
use super::Seen;
use model::plan::{DeliveryKind, DeliveryState};

/// How many nodes have samples of their own.
const SAMPLED_AT_MOST: usize = 100;

pub(super) fn render(seen: &Seen<'_>) -> String {
    let mut page = Page::of(seen.site.config().name.as_str());
    page.family("nodes", "Nodes by how far they are with the bundles that etcd has for them.");
    for kind in DeliveryKind::ALL {
        page.sample("nodes", &[("state", kind.name())], seen.count(kind) as f64);
    }
    page.family("node_not_up_to_date", "A node that is not up to date; always 1. The first 100 of them.");
    for node in seen.not_well().take(SAMPLED_AT_MOST) {
        let labels = [("node", node.node.name.short()), ("state", node.state.kind().name())];
        page.sample("node_not_up_to_date", &labels, 1.0);
    }
    let family = "node_behind_since_timestamp_seconds";
    page.family(family, "When the first bundle was made that the node lacks.");
    for node in seen.not_well().take(SAMPLED_AT_MOST) {
        if let DeliveryState::Behind { since: Some(since) } = node.state {
            page.sample(family, &[("node", node.node.name.short())], since.unix_timestamp() as f64);
        }
    }
    let family = "node_heard_timestamp_seconds";
    page.family(family, "When the node was heard last, if it is not up to date.");
    for node in seen.not_well().take(SAMPLED_AT_MOST) {
        if let Some(heard) = &node.heard {
            page.sample(family, &[("node", node.node.name.short())], heard.at.unix_timestamp() as f64);
        }
    }
    let last_run = seen.at.unix_timestamp() as f64;
    page.single("nodes_last_run_timestamp_seconds", "When the nodes were looked at.", last_run);
    page.text()
}
