//! What a restore has made of a zone, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::{json, print};
use crate::cli::Format;
use model::error::Result;
use operations::restoration::{Restoration, RestoredNode};

/// Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub struct RestoredZone {
    /// How often the zone was restored.
    epoch: u64,
    cluster_id: String,
    /// The snapshot.
    snapshot: String,
    /// Its revision.
    snapshot_revision: i64,
    /// By how much all revisions were raised.
    bump_revision: i64,
    /// The revision that all members have.
    revision: Option<i64>,
    /// Whether hashes of all members were compared.
    is_compared: bool,
    /// Whether the alarm NOSPACE came with the data.
    pub no_space: bool,
    /// What became of the nodes that were reached.
    nodes: Vec<RestoredNode>,
}

impl RestoredZone {
    pub fn of(restoration: &Restoration<'_, '_>) -> Self {
        let epoch = &restoration.epoch;
        let seen = restoration.seen.clone().unwrap_or_default();
        Self {
            epoch: epoch.epoch,
            cluster_id: epoch.cluster_id.clone(),
            snapshot: epoch.snapshot.name.clone(),
            snapshot_revision: epoch.snapshot.revision,
            bump_revision: epoch.bump_revision,
            revision: seen.revision,
            is_compared: seen.is_compared,
            no_space: seen.no_space,
            nodes: restoration.nodes.values().cloned().collect(),
        }
    }

    pub fn print(&self, format: Format) -> Result<()> {
        match format {
            Format::Json => print(&json(self)?),
            Format::Text => print(&self.text()),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("restored {} as cluster {}\n", self.snapshot, self.cluster_id);
        let compared = if self.is_compared { "the same on all members" } else { "not compared" };
        let _ = writeln!(
            text,
            "  revision {} + {}, now {}\n  data     {compared}",
            self.snapshot_revision,
            self.bump_revision,
            self.revision.unwrap_or_default()
        );
        text
    }
}
