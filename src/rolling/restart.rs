//! One member, restarted where its directory is.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::comeback;
use super::event::{Event, Watch};
use super::gates::Meanwhile;
use super::leadership::move_away;
use super::observer::Observer;
use super::opening::{member_of, refuse_diverged, wait_until_open};
use super::running::RunningMember;
use crate::config::Node;
use crate::error::Result;
use crate::launch::refuse_restart;
use crate::live::{LiveMember, LiveZone, PlaneView};
use crate::operation_lock::{OperationLock, still_held};
use crate::plan::EtcdId;
use crate::report;

/// How long a member may take to come back.
pub const RESTART_LIMIT: Duration = Duration::from_secs(60);
/// Between the move of leadership and the stop of the member that led.
const SETTLED_AFTER: Duration = Duration::from_millis(250);

/// A member that was restarted, and is back. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartedMember {
    /// The short name of its node.
    pub node: String,
    /// The id of its process before.
    pub pid_before: u32,
    /// The id of its process now.
    pub pid_after: u32,
    /// From the signal until it took requests through the quorum, in milliseconds.
    pub took_ms: u64,
    /// The short name of the node to which leadership was moved first, if it led.
    pub leadership_moved_to: Option<String>,
    /// Whether the cluster took no requests meanwhile: it has one or two voters.
    pub interrupted: bool,
    /// The systemd service that was restarted, if it is one.
    pub service: Option<String>,
    /// Whose certificates it took before.
    pub trusted_before: TrustedAuthorities,
    /// Whose certificates it takes now.
    pub trusted_after: TrustedAuthorities,
}

/// The CAs whose certificates a member takes, as its handshakes name them: by their subjects, as people read them. None where a
/// server was not seen to ask for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedAuthorities {
    /// Among members.
    pub peer: Option<Vec<String>>,
    /// Towards clients.
    pub client: Option<Vec<String>>,
}

impl TrustedAuthorities {
    /// Those of a member as it was seen.
    pub fn of(member: &LiveMember) -> Self {
        let subjects = |view: &PlaneView| {
            let accepts = view.accepts.as_ref()?;
            Some(accepts.iter().map(|authority| authority.subject.clone()).collect())
        };
        Self {
            peer: member.peer.as_ref().and_then(|view| subjects(view)),
            client: member.client.as_ref().and_then(|view| subjects(view)),
        }
    }

    fn of_node(live: &LiveZone, node: &Node) -> Self {
        member_of(live, node).map(Self::of).unwrap_or_default()
    }
}

impl RestartedMember {
    /// From the signal until it took requests through the quorum.
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.took_ms)
    }
}

/// A member that the others can do without.
#[derive(Debug)]
pub struct Ready {
    /// The zone when the gates were seen open; leadership may have been moved since.
    pub live: LiveZone,
    /// The member's id.
    pub id: EtcdId,
    /// Whether the cluster takes no requests without it: it has one or two voters.
    pub interrupted: bool,
    /// The short name of the node to which leadership was moved, if it led.
    pub leadership_moved_to: Option<String>,
}

/// Waits until the others can do without the member of `node`, and moves leadership away from it.
///
/// # Errors
/// A gate stays closed, the members hold different data (exit 65), nobody takes over, or the lock of the operation is lost.
pub fn make_ready(
    observer: &Observer<'_>,
    node: &Node,
    held: Option<&OperationLock>,
    watch: &mut dyn Watch,
) -> Result<Ready> {
    let name = node.name.short();
    let mut open = wait_until_open(observer, node)?;
    refuse_diverged(observer, node, &mut open.live)?;
    let interrupted = open.meanwhile == Meanwhile::TakesNone;
    if interrupted {
        report::message(&format!(
            "the cluster takes no requests while {name} is away: the others are no quorum"
        ));
    }
    let leads = open.live.leader == Some(open.id);
    let others_vote = open.live.members.iter().any(|other| other.is_voter() && other.id() != Some(open.id));
    let mut leadership_moved_to = None;
    if leads && others_vote {
        leadership_moved_to = move_away(observer, &open, held)?;
        if let Some(to) = leadership_moved_to.clone() {
            watch.event(Event::LeaderMoved { from: name.to_owned(), to });
            // What a follower has passed on in that instant is dropped and not answered: whoever gives up on it soon tries again now,
            // and is not to find the next thing in its way.
            std::thread::sleep(SETTLED_AFTER);
        } else {
            report::message(&format!(
                "{name} is the leader, and the certificate here may not move leadership: etcd hands over by itself when it is stopped"
            ));
        }
    }
    Ok(Ready { live: open.live, id: open.id, interrupted, leadership_moved_to })
}

/// Restarts the member of `node`, whose directory is here and which runs here: makes sure that it would start again, waits until it
/// may be stopped, moves leadership away from it, stops it, and waits for at most `limit` until whoever looks after it has started it again and it is well.
///
/// # Errors
/// It would not start again, a gate stays closed, leadership cannot be moved, it cannot be stopped: then nothing has happened to the member. Or it is not back.
pub fn restart_member(
    observer: &Observer<'_>,
    node: &Node,
    limit: Duration,
    held: Option<&OperationLock>,
    watch: &mut dyn Watch,
) -> Result<RestartedMember> {
    let name = node.name.short().to_owned();
    let member = RunningMember::find(observer.site, node)?;
    refuse_restart(observer.site, node, OffsetDateTime::now_utc())?;
    let ready = make_ready(observer, node, held, watch)?;
    still_held(held)?;
    watch.event(Event::Restarting { node: name.clone() });
    let begun = Instant::now();
    let stopping = member.stop(node)?;
    let back = comeback::wait(observer, node, ready.id, &member, stopping, begun + limit)?;
    let took = back.at.saturating_duration_since(begun);
    watch.event(Event::Restarted { node: name.clone(), took });
    Ok(RestartedMember {
        node: name,
        pid_before: member.process.pid,
        pid_after: back.process.pid,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        leadership_moved_to: ready.leadership_moved_to,
        interrupted: ready.interrupted,
        service: member.service,
        trusted_before: TrustedAuthorities::of_node(&ready.live, node),
        trusted_after: TrustedAuthorities::of_node(&back.live, node),
    })
}
