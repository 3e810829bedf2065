//! Waits until a member that was stopped is back: another process, that takes requests through the quorum and
//! has caught up.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::gates::LAG_LIMIT;
use super::process::{RunningMember, Stopping, process_of};
use super::readiness::member_of;
use crate::observer::{Observer, run};
use etcd::client::{CallError, MemberClient};
use host::Process;
use launch::{Foresight, foresee_again};
use live::{LiveMember, LiveZone, PlaneView};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::{EtcdId, NodePaths};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// A member that is back.
#[derive(Debug)]
pub(super) struct Back {
    /// Its process.
    pub(super) process: Process,
    /// When it took requests.
    pub(super) at: Instant,
    /// The zone after that.
    pub(super) live: LiveZone,
}

/// What has been seen of it last.
enum Seen {
    /// The process that was stopped.
    Running,
    /// No process.
    Gone,
    /// A process that does not take requests yet, and why.
    Silent(String),
}

/// Waits until the member is back.
#[tracing::instrument(skip_all, name = "wait for comeback")]
pub(super) fn wait(
    observer: &Observer<'_>,
    node: &Node,
    id: EtcdId,
    member: &RunningMember,
    mut stopping: Stopping,
    deadline: Instant,
) -> Result<Back> {
    let paths = observer.site.node_paths(&node.name);
    loop {
        let wait = until_it_takes_requests(observer, node, id, (&paths, member), &mut stopping, deadline);
        let (process, at) = match run(wait)?? {
            Ok(back) => back,
            Err(seen) => return Err(not_back(observer, node, member, &seen)),
        };
        let live = observer.observe()?;
        match wrong_with(&live, node) {
            None => return Ok(Back { process, at, live }),
            Some(why) if Instant::now() > deadline => {
                return Err(not_back(observer, node, member, &Seen::Silent(why)));
            }
            Some(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// The inner error is what was seen last when time was over.
async fn until_it_takes_requests(
    observer: &Observer<'_>,
    node: &Node,
    id: EtcdId,
    (paths, member): (&NodePaths, &RunningMember),
    stopping: &mut Stopping,
    deadline: Instant,
) -> Result<std::result::Result<(Process, Instant), Seen>> {
    let client = observer
        .credentials()?
        .connect(&node.client_url(), ANSWER_LIMIT)
        .map_err(|why| Failure::internal("cannot make a client for a member").because(why))?;
    loop {
        let seen = match process_of(paths) {
            None => Seen::Gone,
            Some(process) if process == member.process => Seen::Running,
            Some(process) => match takes_requests(&client, id).await {
                Ok(()) => return Ok(Ok((process, Instant::now()))),
                Err(why) => Seen::Silent(why),
            },
        };
        if let Some(complaint) = stopping.complaint() {
            return Err(not_back(observer, node, member, &seen).because(complaint));
        }
        if Instant::now() > deadline {
            return Ok(Err(seen));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A read through the quorum is answered once everything is applied that was committed when it was asked for.
async fn takes_requests(client: &MemberClient, id: EtcdId) -> std::result::Result<(), String> {
    let status = client.status().await.map_err(|error| error.to_string())?;
    match status.member() {
        Some(other) if other != id => return Err(format!("member {other} answers there, not {id}")),
        _ if status.is_learner => return Ok(()),
        _ => {}
    }
    match client.quorum_read().await {
        // The right to the key is looked at after the quorum has answered (`EtcdServer.Range`).
        Ok(_) | Err(CallError::Denied(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// What is wrong with it as the others see it.
fn wrong_with(live: &LiveZone, node: &Node) -> Option<String> {
    let member: &LiveMember = member_of(live, node)?;
    let status = match &member.status {
        Err(why) => return Some(why.clone()),
        Ok(status) => status,
    };
    if let Some(Err(why)) = &status.quorum_read {
        return Some(format!("it does not reach the quorum: {why}"));
    }
    if status.raft_lag > LAG_LIMIT {
        return Some(format!("it is {} entries behind", status.raft_lag));
    }
    let fault = |view: &PlaneView| {
        Some(format!("it serves badly on the {} plane: {}", view.plane.name(), view.refusal()?))
    };
    member.planes().find_map(fault)
}

fn not_back(observer: &Observer<'_>, node: &Node, member: &RunningMember, seen: &Seen) -> Failure {
    let (site, name) = (observer.site, node.name.short());
    let stopped = || Failure::new(Exit::Unavailable, format!("{name} was stopped, and did not come back"));
    // Something has changed since it was stopped.
    if let (Seen::Gone, Err(refusal)) =
        (seen, foresee_again(site, node, Foresight::Stop, OffsetDateTime::now_utc()))
    {
        let mut failure = stopped().because(refusal.what);
        failure.causes.extend(refusal.causes);
        return Failure { next: refusal.next, ..failure };
    }
    let why = match seen {
        Seen::Running => format!("process {} has not ended", member.process.pid),
        Seen::Gone => "it was not restarted: is a supervisor running?".to_owned(),
        Seen::Silent(why) => format!("it was started again, and: {why}"),
    };
    let next = match (&member.service, seen) {
        (Some(unit), _) => format!("on {name}, see why: journalctl --unit {unit} --lines 50"),
        (None, Seen::Gone) => format!("start it on {name}: {}", site.proposed_on("run", name)),
        (None, Seen::Running) => format!("on {name}, see what it does: {}", site.proposed_on("check", name)),
        (None, Seen::Silent(_)) => format!("on {name}: {}", site.proposed_on("check", name)),
    };
    stopped().because(why).next(next)
}
