//! Waits until a member may be restarted, and says what is in the way.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::gates::{Closed, GateCluster, Meanwhile, gates};
use super::observer::Observer;
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::live::{Comparison, LiveMember, LiveZone, PlaneMemory};
use crate::plan::EtcdId;
use crate::report;
use crate::site::Site;

/// For how long the gates may stay closed: a member that has just come back needs a moment, and one that is down does not come back
/// for being waited for.
const GATE_LIMIT: Duration = Duration::from_secs(10);
/// Whoever waits is told for whom, so often.
const TOLD_EVERY: Duration = Duration::from_secs(3);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// A member that may be restarted now.
#[derive(Debug)]
pub(super) struct Open {
    /// The zone at that moment.
    pub(super) live: LiveZone,
    /// The member's id.
    pub(super) id: EtcdId,
    /// What becomes of the cluster meanwhile.
    pub(super) meanwhile: Meanwhile,
}

/// Waits until the member of `node` may be restarted.
pub(super) fn wait_until_open(observer: &Observer<'_>, node: &Node) -> Result<Open> {
    let name = node.name.short();
    let mut refusal = Vec::new();
    let mut told = Instant::now();
    let open = look_until(observer, |live| {
        let id = member_of(live, node).and_then(LiveMember::id);
        // A number that no member has stands for one that is not on the list.
        match gates(&GateCluster::of(live), Some(id.unwrap_or(EtcdId(0)))) {
            Ok(meanwhile) => id.map(|id| (id, meanwhile)),
            Err(closed) => {
                if told.elapsed() >= TOLD_EVERY
                    && let Some(first) = closed.first()
                {
                    told = Instant::now();
                    report::message(&format!("{name} is not restarted yet: {first}"));
                }
                refusal = closed;
                None
            }
        }
    })?;
    match open {
        Some((live, (id, meanwhile))) => Ok(Open { live, id, meanwhile }),
        None => Err(failure(observer.site, format!("{name} is not restarted"), &refusal)),
    }
}

/// Refuses to restart a member while voters hold different data: etcd's own check would not let it start again, and nobody knows
/// whose data is right. That nobody can tell is only said.
pub(super) fn refuse_diverged(observer: &Observer<'_>, node: &Node, live: &mut LiveZone) -> Result<()> {
    let what = format!("{} is not restarted", node.name.short());
    refuse_different_data(observer, live, what, true)
}

fn refuse_different_data(
    observer: &Observer<'_>,
    live: &mut LiveZone,
    what: String,
    says_unknown: bool,
) -> Result<()> {
    observer.compare_data(live)?;
    match &live.data {
        Comparison::NotCompared(_) if says_unknown => report::warning(&live.data.to_string()),
        Comparison::OneVoter | Comparison::Same(_) | Comparison::NotCompared(_) => {}
        Comparison::Different(_) => {
            return Err(Failure::new(Exit::BadInput, what)
                .because(live.data.to_string())
                .next(format!("see which to keep: {}", observer.site.proposed("status"))));
        }
    }
    Ok(())
}

/// Refuses an operation that is to restart members while what they are would keep one from being restarted. To be asked before anything is
/// made or delivered.
///
/// # Errors
/// A gate stays closed, or the members hold different data (exit 65).
pub fn refuse_unless_restartable(observer: &Observer<'_>) -> Result<()> {
    let what = "nothing was done: members could not be restarted";
    let mut live = wait_for_all(observer, what)?;
    refuse_different_data(observer, &mut live, what.to_owned(), false)
}

/// Waits until every member is well, after the last of several restarts.
pub(super) fn wait_until_well(observer: &Observer<'_>) -> Result<()> {
    wait_for_all(observer, "not every member is well after the restart").map(drop)
}

fn wait_for_all(observer: &Observer<'_>, what: &str) -> Result<LiveZone> {
    let mut refusal = Vec::new();
    let well = look_until(observer, |live| match gates(&GateCluster::of(live), None) {
        Ok(_) => Some(()),
        Err(closed) => {
            refusal = closed;
            None
        }
    })?;
    match well {
        Some((live, ())) => Ok(live),
        None => Err(failure(observer.site, what.to_owned(), &refusal)),
    }
}

/// The member of a node.
pub fn member_of<'l>(live: &'l LiveZone, node: &Node) -> Option<&'l LiveMember> {
    live.members.iter().find(|member| member.node.as_ref() == Some(&node.name))
}

fn look_until<T>(
    observer: &Observer<'_>,
    mut found: impl FnMut(&LiveZone) -> Option<T>,
) -> Result<Option<(LiveZone, T)>> {
    let deadline = Instant::now() + GATE_LIMIT;
    let mut memory = PlaneMemory::default();
    loop {
        let live = observer.observe_again(&mut memory)?;
        if let Some(found) = found(&live) {
            return Ok(Some((live, found)));
        }
        if Instant::now() + PAUSE > deadline {
            return Ok(None);
        }
        sleep(PAUSE);
    }
}

fn failure(site: &Site, what: String, closed: &[Closed]) -> Failure {
    let failure = Failure::new(Exit::Unavailable, what);
    let failure = closed.iter().fold(failure, |failure, closed| failure.because(closed));
    match closed.first() {
        Some(worst) => failure.next(next(site, worst)),
        None => failure,
    }
}

fn next(site: &Site, closed: &Closed) -> String {
    match closed {
        Closed::NobodyAnswers | Closed::NoQuorum | Closed::NotAMember => {
            format!("see how the members are: {}", site.proposed("status"))
        }
        Closed::Alarm { .. } => format!("see what it takes to end the alarm: {}", site.proposed("doctor")),
        Closed::Down { member, .. } | Closed::CutOff { member, .. } => site.proposed_look_at(member),
        Closed::Unstarted { member, id } => {
            let remove = site.proposed(&format!("ctl -- member remove {id}"));
            format!("start the member of {member}, or take it out again: {remove}")
        }
        Closed::Learner { id, .. } => {
            format!("promote it: {}", site.proposed(&format!("ctl -- member promote {id}")))
        }
        Closed::Behind { .. } => {
            format!("wait until it has caught up: {}", site.proposed("status --watch"))
        }
    }
}
