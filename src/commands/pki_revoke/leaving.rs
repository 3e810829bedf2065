//! The member of a node that is revoked leaves the cluster first.

use serde::Serialize;

use crate::config::{ClientName, Node};
use crate::error::{Exit, Failure, Result};
use crate::live::{self, ANSWER_LIMIT, Credentials};
use crate::rolling::Observer;
use crate::site::Site;

/// What became of the member of a node that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Membership {
    /// There was none.
    None,
    /// It was taken out of the cluster.
    Removed,
    /// No member answers, so nobody could be asked to take it out.
    NobodyAnswers,
}

/// Has the cluster go on without the member of a node.
pub(super) fn leave(site: &Site, node: &Node) -> Result<Membership> {
    let live = Observer::new(site).observe()?;
    if live.members.iter().all(|member| member.status.is_err()) {
        return Ok(Membership::NobodyAnswers);
    }
    let member = live.members.iter().find(|member| member.node.as_ref() == Some(&node.name));
    let Some(id) = member.filter(|member| member.listed.is_some()).and_then(|member| member.id()) else {
        return Ok(Membership::None);
    };
    let credentials = Credentials::load(&site.client_generation(&ClientName::admin()))
        .map_err(|error| Failure::bad_input("cannot use the certificate of admin").because(&error))?;
    let removed = live::on_runtime(live.remove(id, &credentials, ANSWER_LIMIT))
        .map_err(|error| Failure::internal("cannot set up the connections").because(&error))?;
    match removed {
        Ok(()) => Ok(Membership::Removed),
        Err(error) => Err(Failure::new(
            Exit::Unavailable,
            format!("{} is not revoked: its member cannot leave", node.name.short()),
        )
        .because(&error)
        .because("anyone who has its key would go on voting: a revocation list does not evict a member")
        .next(format!("have the other members take requests first: {}", site.proposed("status")))),
    }
}
