//! Nodes for a program. Fields are added, never renamed; what is not known is null.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::instant;

use super::Seen;
use diagnosis::rules::deliveries::{remedy, told};
use live::SeenNode;
use model::plan::{DeliveryKind, DeliveryState};

#[derive(Serialize)]
pub(super) struct Report<'a> {
    zone: &'a str,
    at: String,
    /// By state, each of them.
    counts: BTreeMap<&'static str, usize>,
    /// What to do about the first that is not up to date.
    next: Option<String>,
    nodes: Vec<NodeReport<'a>>,
}

#[derive(Serialize)]
struct NodeReport<'a> {
    node: &'a str,
    name: &'a str,
    state: &'static str,
    /// For people.
    why: Option<String>,
    /// The number of the bundle in use, by its word.
    sequence: Option<u64>,
    /// The number of the latest that was made for it.
    latest: Option<u64>,
    /// Whether etcd has that one, where the node lacks it.
    offered: Option<bool>,
    /// When the first was made that it lacks.
    behind_since: Option<String>,
    /// When it was heard last.
    heard_at: Option<String>,
    /// When it asks again at the latest.
    next_sync_at: Option<String>,
    /// When its first certificate ends.
    expires_at: Option<String>,
    needs_restart: Option<bool>,
    zone_etcd: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub(super) fn new(seen: &'a Seen<'_>) -> Self {
        Self {
            zone: seen.site.config().name.as_str(),
            at: instant(seen.at),
            counts: DeliveryKind::ALL.into_iter().map(|kind| (kind.name(), seen.count(kind))).collect(),
            next: seen.not_well().next().and_then(|first| remedy(seen.site, first)),
            nodes: seen.nodes.iter().map(|node| NodeReport::new(node, seen.at)).collect(),
        }
    }
}

impl<'a> NodeReport<'a> {
    fn new(seen: &'a SeenNode<'_>, now: OffsetDateTime) -> Self {
        let heard = seen.heard.as_ref();
        let behind_since = match seen.state {
            DeliveryState::Behind { since } => since.map(instant),
            _ => None,
        };
        Self {
            node: seen.node.name.full(),
            name: seen.node.name.short(),
            state: seen.state.kind().name(),
            why: Some(seen).filter(|seen| !seen.state.kind().is_well()).map(|seen| told(seen, now)),
            sequence: heard.map(|heard| heard.sequence),
            latest: seen.latest,
            offered: seen.is_offered,
            behind_since,
            heard_at: heard.map(|heard| instant(heard.at)),
            next_sync_at: heard.and_then(|heard| heard.next_sync_at).map(instant),
            expires_at: heard.and_then(|heard| heard.expires_at).map(instant),
            needs_restart: heard.map(|heard| heard.needs_restart),
            zone_etcd: heard.map(|heard| heard.zone_etcd.as_str()),
        }
    }
}
