//! Older snapshots, removed once a newer one was read back from the disk and found whole.

use std::path::PathBuf;

use super::reading::{check, refuse};
use model::error::Result;
use operations::snapshot::TakenSnapshot;
use store::snapshot::{Keep, list, remove};

/// Removes what is not kept of the snapshots of the same zone and cluster beside this one, and returns their
/// files. What has no manifest, or that of another file, is left alone.
pub(super) fn prune(taken: &TakenSnapshot, keep: Keep) -> Result<Vec<PathBuf>> {
    // What one member has without a quorum may lack what an older one holds.
    if keep == Keep::default() || taken.manifest.without_quorum {
        return Ok(Vec::new());
    }
    refuse(&check(&taken.paths.file, None, (None, false))?)?;
    let directory = taken.paths.file.parent().unwrap_or(&taken.paths.file);
    let is_of_same =
        |zone: &str, cluster: &str| zone == taken.manifest.zone && cluster == taken.manifest.cluster_id;
    let known: Vec<_> = list(directory)?
        .into_iter()
        .filter_map(|listed| {
            let manifest = listed.manifest.as_ref()?;
            let is_its = listed.paths.file.file_name() == Some(manifest.file.as_ref());
            let is_whole = listed.fault.is_none() && !manifest.without_quorum;
            let is_meant = is_its && is_whole && is_of_same(&manifest.zone, &manifest.cluster_id);
            is_meant.then_some((manifest.taken_at, listed.paths))
        })
        // A clock that was ahead is no reason to remove the one that was just taken.
        .filter(|(_, paths)| paths.file.file_name() != taken.paths.file.file_name())
        .collect();
    let mut times: Vec<_> = known.iter().map(|(at, _)| *at).collect();
    let newest = times.iter().copied().max().unwrap_or(taken.manifest.taken_at);
    times.push(newest.max(taken.manifest.taken_at));
    let mut removed = Vec::new();
    for place in keep.superseded(&times) {
        if let Some((_, paths)) = known.get(place) {
            remove(paths)?;
            removed.push(paths.file.clone());
        }
    }
    Ok(removed)
}
