//! What was done.

use serde::Serialize;

use model::config::Node;
use model::plan::PeerUrl;
use operations::membership::OtherNodes;
use operations::restarted::RestartedMember;

/// What was done. Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    node: String,
    /// Where members reached it before, if the cluster was told of another place.
    moved_from: Option<Vec<String>>,
    peer_url: String,
    client_url: String,
    issued: Vec<&'static str>,
    restarted: Option<RestartedMember>,
    /// The other nodes that know of it from bundles and were told, and those that were not.
    others_told: Vec<String>,
    others_left: Vec<String>,
}

impl Report {
    pub(super) fn new(
        node: &Node,
        moved_from: Option<Vec<String>>,
        issued: Vec<&'static str>,
        restarted: Option<RestartedMember>,
        others: &OtherNodes,
    ) -> Self {
        Self {
            node: node.name.short().to_owned(),
            moved_from,
            peer_url: PeerUrl::of(node).to_string(),
            client_url: node.client_url(),
            issued,
            restarted,
            others_told: others.told.clone(),
            others_left: others.left(),
        }
    }

    pub(super) fn text(&self) -> String {
        let cluster = match &self.moved_from {
            Some(urls) => format!("told, it was {} before", urls.join(", ")),
            None => "knows it".to_owned(),
        };
        let issued = if self.issued.is_empty() { "as they were".to_owned() } else { self.issued.join(", ") };
        let restarted = match &self.restarted {
            Some(restarted) => format!("back after {:.2} s", restarted.took().as_secs_f64()),
            None => "not needed".to_owned(),
        };
        let others = match self.others_told.as_slice() {
            [] => String::new(),
            told => format!("  other nodes      told: {}\n", told.join(", ")),
        };
        format!(
            "{} serves as zone.toml says\n  members    {} (the cluster: {cluster})\n  clients    {}\n  new \
             certificates  {issued}\n  restart    {restarted}\n{others}",
            self.node, self.peer_url, self.client_url
        )
    }
}
