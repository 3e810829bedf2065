//! A start in a zone that was restored, on a node that has not got the data.

use zone_pki::ShowPath;

use super::staged_path;
use crate::remedies::go_on;
use model::error::{Exit, Failure, Result};
use model::formats::RestoredEpoch;
use model::plan::{DataDirectory, EtcdId, MemberPlan};
use store::site::Site;

/// Refuses a start while the restored data is staged, and not in its place.
pub(crate) fn refuse_half_restored(
    site: &Site,
    member: &MemberPlan,
    epoch: &RestoredEpoch,
    data: DataDirectory,
) -> Result<()> {
    let staged = staged_path(&member.paths, epoch);
    let is_in_place = data.ids().is_some_and(|ids| Some(ids.cluster) == EtcdId::parse(&epoch.cluster_id));
    if is_in_place || !staged.exists() {
        return Ok(());
    }
    let name = member.node.short();
    // A supervisor tries again, and by then it may be done.
    Err(Failure::new(Exit::TryAgain, format!("{name} must not start"))
        .because(format!("the zone is being restored: {} is not in its place yet", staged.shown()))
        .next(go_on(site)))
}
