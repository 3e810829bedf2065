//! The next start of a member that runs.

use time::OffsetDateTime;

use super::{Foreseen, Foresight, LaunchOptions, foresee};
use etcd::{BinaryRequest, is_bundled};
use host::{self, OwnMember};
use model::config::Node;
use model::error::{Failure, Result};
use store::site::Site;

impl LaunchOptions {
    /// What the next start of a member is given by its supervisor, as far as its process shows: one that is
    /// in no bundle came of `--etcd` or `--system-etcd`. None if this user may not see its program.
    pub fn of_running(member: &OwnMember) -> Option<Self> {
        let program = host::program_of(member.pid)?;
        let given = (!is_bundled(&program)).then_some(program);
        Some(Self { binary: BinaryRequest { given, ..BinaryRequest::default() }, ..Self::default() })
    }
}

/// Refuses to move the member of `node` to where the description has it now, if `run` would refuse to start
/// it there. Certificates that have to be issued for that are issued before it is stopped. One that does not
/// run here is started by the operator.
///
/// # Errors
/// The refusal of `run`, with its exit code.
pub fn refuse_move(site: &Site, node: &Node, now: OffsetDateTime) -> Result<()> {
    if host::running_member(&site.node_paths(&node.name)).is_none() {
        return Ok(());
    }
    foresee_again(site, node, Foresight::Check, now).map(drop).map_err(|refusal| {
        refused(format!("{} is not moved: it would not start there", node.name.short()), refusal)
    })
}

/// Refuses to stop the member of `node`, which runs here, if `run` would refuse to start it again.
///
/// # Errors
/// The refusal of `run`, with its exit code.
pub fn refuse_restart<'z>(site: &'z Site, node: &'z Node, now: OffsetDateTime) -> Result<Foreseen<'z>> {
    foresee_again(site, node, Foresight::Stop, now).map_err(|refusal| {
        refused(format!("{} is not restarted: it would not start again", node.name.short()), refusal)
    })
}

/// The next start of the member of `node`, if it runs here.
pub fn foresee_again<'z>(
    site: &'z Site,
    node: &'z Node,
    foresight: Foresight,
    now: OffsetDateTime,
) -> Result<Foreseen<'z>> {
    let member = host::running_member(&site.node_paths(&node.name));
    let options = member.as_ref().and_then(LaunchOptions::of_running).unwrap_or_default();
    foresee(site, node, &options, foresight, now)
}

fn refused(what: String, refusal: Failure) -> Failure {
    let mut failure = Failure::new(refusal.exit, what).because(refusal.what);
    failure.causes.extend(refusal.causes);
    Failure { next: refusal.next, ..failure }
}
