//! The restore of one node, where its directory is.

use std::io::Read;

use time::OffsetDateTime;

use crate::observer::Observer;
use crate::restart::Stopped;
use crate::restored_node::{NodeRestoreState, RestoreRoom, RestoredNode};
use etcd::client::ListedMember;
use launch::restoration::{NodeRestore, RestoreState, room_for, stage, swap};
use model::config::Node;
use model::error::Result;
use store::site::Site;

/// Looks whether there is room for the restored data of a database of this size, in bytes.
///
/// # Errors
/// As [`room_for`].
pub fn room_here(site: &Site, node: &Node, database: u64) -> Result<RestoreRoom> {
    let room = room_for(&site.node_paths(&node.name), database)?;
    Ok(RestoreRoom {
        node: node.name.short().to_owned(),
        directory: room.directory,
        free_bytes: room.free,
        needed_bytes: room.needed,
    })
}

/// Makes the restored data beside the data of a node. Its member may run.
///
/// # Errors
/// As [`stage`].
pub fn stage_here(restore: &NodeRestore<'_>, database: &mut dyn Read) -> Result<RestoredNode> {
    if restore.state()? == RestoreState::Nothing {
        refuse_known(restore)?;
    }
    stage(restore, database)?;
    let state = match restore.state()? {
        RestoreState::InPlace => NodeRestoreState::InPlace,
        RestoreState::Staged | RestoreState::Nothing => NodeRestoreState::Staged,
    };
    Ok(told(restore, state))
}

/// Refuses a node whose member has run with the restored data, as the others know: its disk was lost since.
fn refuse_known(restore: &NodeRestore<'_>) -> Result<()> {
    let live = Observer::new(restore.site).observe()?;
    if live.cluster_id != Some(restore.ids.cluster) {
        return Ok(());
    }
    // A member makes its client URLs known when it runs for the first time; no restore writes them.
    let has_run = |member: &ListedMember| member.id() == restore.ids.member && !member.client_urls.is_empty();
    match live.listed.iter().flatten().any(has_run) {
        true => Err(restore.lost()),
        false => Ok(()),
    }
}

/// Puts it in the place of the data: the member is stopped, and kept from starting until that is done.
///
/// # Errors
/// Nothing was staged (exit 66), the member does not end (exit 75), or is not ours to stop (exit 77).
#[tracing::instrument(skip_all, name = "put in place", fields(node = restore.node.name.short()))]
pub fn put_in_place_here(restore: &NodeRestore<'_>) -> Result<RestoredNode> {
    if restore.state()? == RestoreState::InPlace {
        return Ok(told(restore, NodeRestoreState::InPlace));
    }
    restore.refuse_unstaged()?;
    let stopped = Stopped::hold(restore.site, restore.node)?;
    let swapped = swap(restore, &stopped.lock, OffsetDateTime::now_utc())?;
    Ok(RestoredNode {
        old_data: swapped.old_data,
        service: stopped.service,
        ..told(restore, NodeRestoreState::InPlace)
    })
}

fn told(restore: &NodeRestore<'_>, state: NodeRestoreState) -> RestoredNode {
    RestoredNode {
        node: restore.node.name.short().to_owned(),
        state,
        member_id: restore.ids.member.to_string(),
        cluster_id: restore.ids.cluster.to_string(),
        revision: restore.epoch.first_revision(),
        old_data: None,
        service: None,
    }
}
