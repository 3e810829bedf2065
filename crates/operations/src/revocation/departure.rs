//! The member of a node that is revoked leaves the cluster first.

use serde::Serialize;

use crate::membership::{Leaving, RemovalWords};
use crate::operation::Operation;
use crate::restart::member_of;
use live::{Indispensable, LiveMember, LiveZone};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use store::site::Site;

/// What became of the member of a node that was revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// There was none.
    #[default]
    None,
    /// It was taken out of the cluster.
    Removed,
    /// No member answers, so none could be asked to take it out.
    NobodyAnswers,
}

/// Has the cluster go on without the member of a node.
pub(super) fn leave(operation: &mut Operation<'_>, node: &Node) -> Result<Membership> {
    let (site, live) = (operation.site(), operation.observer.observe()?);
    if live.members.iter().all(|member| member.status.is_err()) {
        return Ok(Membership::NobodyAnswers);
    }
    let Some(leaving) = Leaving::find(site, &live, node.name.full())? else { return Ok(Membership::None) };
    refuse_departure(site, &live, node)?;
    let again = site.proposed(&format!("pki revoke {}", node.name.short()));
    // What is left may have no tolerance: the key of this one may be in wrong hands.
    operation.remove(&leaving, RemovalWords { allow_no_tolerance: true }, &again)?;
    Ok(Membership::Removed)
}

/// Refuses to revoke a node whose member the cluster needs.
///
/// # Errors
/// It is the only voter, or the others are no quorum without it.
pub fn refuse_departure(site: &Site, live: &LiveZone, node: &Node) -> Result<()> {
    let answers = live.members.iter().any(|member| member.status.is_ok());
    let voter = member_of(live, node).filter(|member| answers && member.is_voter());
    match voter.and_then(LiveMember::id).map(|id| live.tolerance_without(id)) {
        Some(Err(why)) => Err(kept(site, node, &why)),
        Some(Ok(_)) | None => Ok(()),
    }
}

fn kept(site: &Site, node: &Node, why: &Indispensable) -> Failure {
    let what = format!("{} is not revoked: its member cannot leave", node.name.short());
    Failure::new(Exit::Unavailable, what)
        .because(why)
        .because("anyone who has its key would go on voting: a revocation list does not evict a member")
        .next(format!("have the other members take requests first: {}", site.proposed("status")))
}
