//! Notes how far the logs of members here have come, between their starts: a copy of the data that is older
//! than the last note does not start.

use std::os::unix::fs::MetadataExt;

use nix::unistd::geteuid;
use time::OffsetDateTime;

use super::durable_writes::note_log;
use super::node_disk::read_past;
use etcd::observe_data_directory;
use model::plan::{DataDirectory, NodePaths, Phase};
use store::site::Site;

/// Notes it for every node whose directory is here and belongs to this user. What cannot be noted now is
/// noted at the next start; a directory of another user is left alone.
pub fn note_members(site: &Site, now: OffsetDateTime) {
    for node in site.nodes_here().filter(|node| node.member) {
        let paths = site.node_paths(&node.name).with_data(node.data_directory.as_deref());
        if is_ours(&paths) && has_started(&paths) {
            let DataDirectory::Log(ids) = data_of(&paths) else { continue };
            let _ = note_log(&paths, ids, now);
        }
    }
}

fn is_ours(paths: &NodePaths) -> bool {
    std::fs::metadata(paths.root()).is_ok_and(|metadata| metadata.uid() == geteuid().as_raw())
}

/// A log that its own start does not go on with is nothing to be noted.
fn has_started(paths: &NodePaths) -> bool {
    let past = read_past(paths).ok().flatten().map(|(_, past)| past);
    past.is_some_and(|past| past.phase != Phase::Committed && data_of(paths) == DataDirectory::Log(past.ids))
}

fn data_of(paths: &NodePaths) -> DataDirectory {
    observe_data_directory(&paths.data()).unwrap_or(DataDirectory::Empty)
}
