//! How old the snapshots are that an operator would rely on.

use std::path::Path;

use time::OffsetDateTime;

use super::DIRECTORY;
use super::directory::{ListedSnapshot, list};
use crate::site::Site;
use model::error::Result;
use model::plan::EtcdId;

/// Below a directory of snapshots, the manifests of those that were sent elsewhere as they came.
pub const SENT: &str = "sent";

/// The newest of a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LatestSnapshots {
    /// When the newest good one was taken: with a quorum, of this cluster, digested as it came, of the size
    /// of its manifest now, and without a drill that failed.
    pub good: Option<OffsetDateTime>,
    /// When the last drill passed.
    pub drilled: Option<OffsetDateTime>,
}

impl LatestSnapshots {
    /// Those of a zone. None on a node that takes none, and where they cannot be read.
    pub fn of_site(site: &Site, cluster: Option<EtcdId>) -> Option<Self> {
        let directory = site.directory().join(DIRECTORY);
        if site.zone().is_none() && !directory.exists() {
            return None;
        }
        let cluster = cluster.map(|id| id.to_string());
        Self::of(&directory, site.config().name.as_str(), cluster.as_deref()).ok()
    }

    /// Of a directory, which need not be there. The cluster is compared where it is known.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(directory: &Path, zone: &str, cluster: Option<&str>) -> Result<Self> {
        let mut latest = Self::default();
        for (directory, is_here) in [(directory.to_owned(), true), (directory.join(SENT), false)] {
            if directory.exists() {
                let listed = list(&directory)?;
                listed.iter().for_each(|listed| latest.note(listed, zone, cluster, is_here));
            }
        }
        Ok(latest)
    }

    fn note(&mut self, listed: &ListedSnapshot, zone: &str, cluster: Option<&str>, is_here: bool) {
        let Some(manifest) = &listed.manifest else { return };
        let is_of_cluster = cluster.is_none_or(|cluster| manifest.cluster_id == cluster);
        if manifest.zone != zone || !is_of_cluster || manifest.without_quorum {
            return;
        }
        let passed = listed.drill.as_ref().map(|drill| drill.passed);
        if passed == Some(true) {
            self.drilled = self.drilled.max(listed.drill.as_ref().map(|drill| drill.at));
        }
        if passed != Some(false) && (listed.fault.is_none() || !is_here) {
            self.good = self.good.max(Some(manifest.taken_at));
        }
    }
}
