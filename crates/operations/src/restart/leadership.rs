//! Leadership, moved away from a member before it is stopped: a leader that goes leaves the others without
//! one for an election.

use std::time::{Duration, Instant};

use super::readiness::Open;
use crate::observer::run;
use crate::operation::Operation;
use etcd::client::{CallError, MemberClient};
use live::{LiveMember, LiveZone};
use model::error::{Exit, Failure, Result};
use model::plan::EtcdId;

/// etcd gives up after two elections at most (`MoveLeader` in `server/etcdserver/server.go`), which may last
/// 50 seconds each; with its defaults one lasts a second.
const MOVE_LIMIT: Duration = Duration::from_secs(10);
/// For how long it is waited that the old leader knows the new one.
const SEEN_LIMIT: Duration = Duration::from_secs(2);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Has the member hand over to the voter that is the furthest; if that fails, to the next. Returns the name
/// of the one that leads then. If none takes over, the member stays as it is: whatever keeps them from it
/// would keep an election from its end.
///
/// None if the certificate has no right to that: etcd itself hands over when it is stopped
/// (`EtcdServer.Stop`), and whether that comes in time is not seen.
///
/// # Errors
/// None of them takes over, or the lock of the operation is lost.
#[tracing::instrument(skip_all, name = "move leadership")]
pub(super) fn move_away(operation: &Operation<'_>, open: &Open) -> Result<Option<String>> {
    let leader = open.live.member(open.id).ok_or_else(|| Failure::internal("the leader is no member"))?;
    move_leadership_from(operation, &open.live, leader, &operation.not_done(&leader.name))
}

/// The same before something else is done to the leader. `what` says what is not done without it.
pub(crate) fn move_leadership_from(
    operation: &Operation<'_>,
    live: &LiveZone,
    leader: &LiveMember,
    what: &str,
) -> Result<Option<String>> {
    let observer = &operation.observer;
    let Some(own) = leader.id() else { return Ok(None) };
    let refused = |why: Vec<String>| {
        let failure = Failure::new(Exit::Unavailable, format!("{what}: it leads, and no voter takes over"));
        why.into_iter().fold(failure, Failure::because).next(format!(
            "see what the others are busy with, and run the command again: {}",
            observer.site.proposed("status")
        ))
    };
    let Some(view) = &leader.client else { return Err(refused(vec!["it cannot be asked".to_owned()])) };
    let credentials = observer.credentials()?;
    run(async {
        let client = credentials.connect(&view.url, MOVE_LIMIT).map_err(|why| refused(vec![why]))?;
        let mut failures = Vec::new();
        for candidate in candidates(live, own) {
            let Some(id) = candidate.id() else { continue };
            operation.verify().await?;
            let asked = client.move_leader(id.0).await;
            // Whatever it answers: who leads now is what counts.
            if let Some(new) = new_leader(&client, own, asked.is_ok()).await {
                let new = live.member(new);
                return Ok(Some(new.unwrap_or(candidate).name.clone()));
            }
            if matches!(asked, Err(CallError::Denied(_) | CallError::NoUser(_))) {
                return Ok(None);
            }
            let why = asked.err().map_or("nothing was seen of it".to_owned(), |error| error.to_string());
            failures.push(format!("to {}: {why}", candidate.name));
        }
        Err(refused(failures))
    })?
}

/// The other voters that answer, the furthest first.
fn candidates(live: &LiveZone, leader: EtcdId) -> Vec<&LiveMember> {
    let is_candidate =
        |member: &&LiveMember| member.is_voter() && member.id() != Some(leader) && member.status.is_ok();
    let mut others: Vec<&LiveMember> = live.members.iter().filter(is_candidate).collect();
    let lag = |member: &LiveMember| member.status.as_ref().map_or(u64::MAX, |status| status.raft_lag);
    others.sort_by_key(|member| lag(member));
    others
}

/// Who leads as the old leader sees it, once it is another. If it refused, that is only looked at once.
async fn new_leader(old: &MemberClient, old_id: EtcdId, wait: bool) -> Option<EtcdId> {
    let deadline = Instant::now() + SEEN_LIMIT;
    loop {
        let leader = old.status().await.ok().and_then(|status| status.leader());
        match leader.filter(|leader| *leader != old_id) {
            Some(leader) => return Some(leader),
            None if wait && Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            None => return None,
        }
    }
}
