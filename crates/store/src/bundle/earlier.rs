//! What has gone before, as far as it decides on the right to bootstrap the cluster.

use super::contents::ZoneContents;
use super::log::BundleHistory;
use super::right::{BootstrapRight, Known};
use crate::zone_directory::ZoneDirectory;
use etcd::observe_data_directory;
use host::MemberState;
use model::config::Node;
use model::plan::{DataDirectory, NodePaths};

/// What decides for all nodes. It is looked at before the first bundle of a command is made: the members of
/// one command found one cluster.
#[derive(Debug)]
pub struct Earlier {
    other_cluster_bundled: bool,
    other_cluster_ran_here: bool,
    log_is_damaged: bool,
}

/// What the operator says of a member.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The zone has never run.
    pub is_allowed: bool,
    pub is_rebuilt: bool,
}

impl Earlier {
    /// Looks at the log and at what has run from the zone directory.
    pub fn look(zone: &ZoneDirectory, contents: &ZoneContents, history: &BundleHistory) -> Self {
        let is_other = |cluster: &String| *cluster != contents.cluster_id;
        let ran_here = |node: &Node| {
            let state = MemberState::load(&zone.paths.node(&node.name).state()).ok().flatten();
            state.is_some_and(|state| is_other(&state.cluster_id))
        };
        Self {
            other_cluster_bundled: history.founding_clusters().keys().any(is_other),
            other_cluster_ran_here: zone.config.members().any(ran_here),
            log_is_damaged: history.unreadable() > 0,
        }
    }

    /// What the next bundle of a node lets it do.
    pub fn right_of(
        &self,
        zone: &ZoneDirectory,
        contents: &ZoneContents,
        node: &Node,
        had_bundle: bool,
        asked: Asked,
    ) -> BootstrapRight {
        BootstrapRight::decide(Known {
            cluster: contents.cluster_of(node),
            is_allowed: asked.is_allowed,
            is_rebuilt: asked.is_rebuilt,
            had_bundle,
            other_cluster_bundled: self.other_cluster_bundled,
            ran_here: node.member && has_run(&zone.paths.node(&node.name)),
            other_cluster_ran_here: self.other_cluster_ran_here,
            log_is_damaged: self.log_is_damaged,
            is_restored: contents.restore.is_some(),
        })
    }
}

/// Whether a member has run from this directory, as far as that can be seen. What cannot be read may have.
fn has_run(paths: &NodePaths) -> bool {
    paths.state().exists() || !matches!(observe_data_directory(&paths.data()), Ok(DataDirectory::Empty))
}
