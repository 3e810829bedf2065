//! Which member sends its database. It sends what it has, whatever the others have: so it has to have read
//! through the quorum right before.

use std::time::Duration;

use crate::observer::{Observer, run};
use etcd::client::CallError;
use live::{LiveMember, LiveZone, MemberStatus};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::EtcdId;
use model::report::enumerated;
use store::site::Site;

/// How long the read through the quorum may take, of each member that is tried.
const READ_LIMIT: Duration = Duration::from_secs(5);
/// What etcd says of itself without a leader (`ErrNoLeader` in `server/etcdserver/errors/errors.go`).
const NO_LEADER: &str = "no leader";
/// An alarm that says nothing of the data (`Status` in `server/etcdserver/api/v3rpc/maintenance.go`).
const NO_SPACE: &str = "alarm:NOSPACE";

/// The member that is asked.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) id: EtcdId,
    pub(super) url: String,
    pub(super) status: MemberStatus,
    /// The revision that its database has at least.
    pub(super) revision: i64,
    /// Another that could be asked.
    pub(super) other: Option<String>,
}

/// The member of `from`, or the one that is fit: a follower before the leader.
pub(super) fn choose(observer: &Observer<'_>, live: &LiveZone, from: Option<&Node>) -> Result<Source> {
    let mut members: Vec<&LiveMember> = live.members.iter().collect();
    if let Some(node) = from {
        members.retain(|member| member.node.as_ref() == Some(&node.name));
    }
    members.sort_by_key(|member| {
        let lag = member.status.as_ref().map_or(u64::MAX, |status| status.raft_lag);
        (member.id() == live.leader, lag)
    });
    let (mut fit, mut refused) = (Vec::new(), Vec::new());
    for member in members {
        match fit_to_send(live, member) {
            Ok(status) => fit.push((member, status)),
            Err(why) => refused.push(format!("{} {why}", member.name)),
        }
    }
    let credentials = observer.credentials()?;
    for (place, (member, status)) in fit.iter().enumerate() {
        let Some(view) = &member.client else { continue };
        let revision = match live.list_is_confirmed {
            false => Ok(status.revision),
            true => run(async {
                let client = credentials.connect(&view.url, READ_LIMIT).map_err(CallError::Failed)?;
                client.quorum_read().await
            })?,
        };
        match revision {
            Ok(revision) => {
                return Ok(Source {
                    name: member.name.clone(),
                    id: status.id,
                    url: view.url.clone(),
                    status: (*status).clone(),
                    revision,
                    other: fit
                        .get(place + 1)
                        .and_then(|(other, _)| Some(other.node.as_ref()?.short().to_owned())),
                });
            }
            Err(CallError::Denied(why) | CallError::NoUser(why)) => {
                return Err(no_right(observer.site, &why));
            }
            Err(why) => refused.push(format!("{} does not read through the quorum: {why}", member.name)),
        }
    }
    let what = match from {
        Some(node) => format!("{} cannot be asked for a snapshot", node.name.short()),
        None => "no member can be asked for a snapshot".to_owned(),
    };
    let failure = refused.into_iter().fold(Failure::new(Exit::Unavailable, what), Failure::because);
    Err(failure.next(match from {
        Some(_) => format!("ask whichever is fit: {}", observer.site.proposed("snapshot save")),
        None => format!("see how the members are: {}", observer.site.proposed("status")),
    }))
}

/// What it tells of itself, if its data is worth keeping.
fn fit_to_send<'l>(live: &LiveZone, member: &'l LiveMember) -> std::result::Result<&'l MemberStatus, String> {
    let status = member.status.as_ref().map_err(|why| format!("does not answer: {why}"))?;
    if Some(status.cluster_id) != live.cluster_id {
        return Err("is of another cluster".to_owned());
    }
    if member.is_learner() || status.is_learner {
        return Err("is a learner, which may lack what the others have".to_owned());
    }
    let without_quorum = !live.list_is_confirmed;
    let is_harmless = |error: &str| error.contains(NO_SPACE) || (without_quorum && error.contains(NO_LEADER));
    let wrong: Vec<&str> =
        status.errors.iter().map(String::as_str).filter(|error| !is_harmless(error)).collect();
    if !wrong.is_empty() {
        return Err(format!("says that something is wrong: {}", enumerated(&wrong)));
    }
    match &status.quorum_read {
        _ if without_quorum => Ok(status),
        _ if status.leader.is_none() => Err("knows no leader".to_owned()),
        Some(Err(why)) => Err(format!("does not reach the quorum: {why}")),
        _ => Ok(status),
    }
}

/// With authentication on, the database is for the role `root`.
pub(super) fn no_right(site: &Site, why: &str) -> Failure {
    let failure = Failure::new(Exit::Permission, "this certificate has no right to the data of the cluster")
        .because(format!("etcd says: {why}"))
        .because("its authentication is on, and a snapshot takes the role root");
    match site {
        Site::Zone(_) => failure.next(format!(
            "give the user root its role again, with a client that has it; see {}",
            site.proposed("ctl -- auth status")
        )),
        Site::Node(_) => failure.next(
            "take it on the signing host, whose client admin is the user root: zone-etcd snapshot save",
        ),
    }
}
