//! Waits until a member may be restarted, and says what is in the way.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::gates::{Closed, GateCluster, Meanwhile, SeenFrom, gates};
use crate::observer::Observer;
use crate::operation::Operation;
use crate::transport::NodeTransport;
use live::{AlarmKind, Comparison, LiveMember, LiveZone, PlaneMemory};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::EtcdId;
use model::report;
use store::site::Site;

/// For how long the gates may stay closed: a member that has just come back needs a moment, and one that is
/// down does not come back for being waited for.
const GATE_LIMIT: Duration = Duration::from_secs(10);
/// How often an operator who waits is told for which member.
const TOLD_EVERY: Duration = Duration::from_secs(3);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// An operator who waits, and is told now and then for which member.
struct Patience {
    what: String,
    told: Instant,
}

impl Patience {
    fn new(what: String) -> Self {
        Self { what, told: Instant::now() }
    }

    fn tell(&mut self, closed: &[Closed]) {
        if self.told.elapsed() >= TOLD_EVERY
            && let Some(first) = closed.first()
        {
            self.told = Instant::now();
            report::message(&format!("{}: {first}", self.what));
        }
    }
}

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
#[tracing::instrument(skip_all, name = "wait for gates", fields(node = node.name.short()))]
pub(super) fn wait_until_open(operation: &Operation<'_>, node: &Node) -> Result<Open> {
    let not_done = operation.not_done(node.name.short());
    let mut refusal = Vec::new();
    let mut patience = Patience::new(format!("{not_done} yet"));
    let from = seen_from(operation, node);
    let open = look_until(&operation.observer, |live| {
        let id = member_of(live, node).and_then(LiveMember::id);
        // A number that no member has stands for one that is not on the list.
        match gates(&operation.gate_cluster(live, from), Some(id.unwrap_or(EtcdId(0)))) {
            Ok(meanwhile) => id.map(|id| (id, meanwhile)),
            Err(closed) => {
                patience.tell(&closed);
                refusal = closed;
                None
            }
        }
    })?;
    match open {
        Some((live, (id, meanwhile))) => Ok(Open { live, id, meanwhile }),
        None => Err(failure(operation.site(), not_done, &refusal)),
    }
}

fn seen_from(operation: &Operation<'_>, node: &Node) -> SeenFrom {
    match operation.transport(node) {
        NodeTransport::InPlace => SeenFrom::Member,
        NodeTransport::Command(_) | NodeTransport::Offline => SeenFrom::Elsewhere,
    }
}

/// Waits until each of these members may be restarted, and says of each whether.
pub(super) fn wait_until_all_open(
    operation: &Operation<'_>,
    nodes: &[&Node],
) -> Result<(LiveZone, Vec<Result<Meanwhile>>)> {
    let observer = &operation.observer;
    let judge = |live: &LiveZone| -> Vec<Result<Meanwhile, Vec<Closed>>> {
        let id = |node: &Node| member_of(live, node).and_then(LiveMember::id).unwrap_or(EtcdId(0));
        let cluster = |node: &Node| operation.gate_cluster(live, seen_from(operation, node));
        nodes.iter().map(|node| gates(&cluster(node), Some(id(node)))).collect()
    };
    let open = look_until(observer, |live| judge(live).iter().all(Result::is_ok).then_some(()))?;
    let live = match open {
        Some((live, ())) => live,
        None => observer.observe()?,
    };
    let judged = judge(&live).into_iter().zip(nodes).map(|(judged, node)| {
        let not_done = || operation.not_done(node.name.short());
        judged.map_err(|closed| failure(observer.site, not_done(), &closed))
    });
    let judged = judged.collect();
    Ok((live, judged))
}

/// Refuses to restart a member while voters hold different data: etcd's own check would not let it start
/// again, and it is not known which data is right. That the data cannot be compared is only said.
pub(super) fn refuse_diverged(operation: &Operation<'_>, node: &Node, live: &mut LiveZone) -> Result<()> {
    refuse_different_data(&operation.observer, live, operation.not_done(node.name.short()), true)
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

/// Refuses an operation that is to restart members while what they are would keep one from being restarted.
/// To be asked before anything is made or delivered.
///
/// # Errors
/// A gate stays closed, or the members hold different data (exit 65).
pub fn refuse_unless_restartable(observer: &Observer<'_>) -> Result<()> {
    let what = "nothing was done: members could not be restarted";
    let mut live = wait_for_all(observer, what)?;
    refuse_different_data(observer, &mut live, what.to_owned(), false)
}

/// Waits until every member is well, after the last of several restarts.
pub(super) fn wait_until_well(operation: &Operation<'_>) -> Result<()> {
    let what = "not every member is well after it";
    let judged = |live: &LiveZone| gates(&operation.gate_cluster(live, SeenFrom::Elsewhere), None).map(drop);
    wait_until_judged(&operation.observer, what, judged).map(drop)
}

fn wait_for_all(observer: &Observer<'_>, what: &str) -> Result<LiveZone> {
    wait_until_judged(observer, what, |live| {
        gates(&GateCluster::of(live, SeenFrom::Elsewhere), None).map(drop)
    })
}

/// What is asked of the members that stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Every one of them is well.
    AllWell,
    /// They may be dead, as long as there is a quorum of them and one more: several are replaced one after
    /// the other.
    SomeDead,
}

/// Waits until every member is well, but for that of `node` and the one that leaves, if they are named.
pub(crate) fn wait_for_others(
    observer: &Observer<'_>,
    node: Option<&Node>,
    leaving: Option<EtcdId>,
    others: Others,
    what: &str,
) -> Result<LiveZone> {
    wait_until_judged(observer, what, |live| {
        let mut cluster = GateCluster::of(live, SeenFrom::Elsewhere);
        let own = node.and_then(|node| member_of(live, node)).and_then(LiveMember::id);
        cluster.members.retain(|member| Some(member.id) != own && Some(member.id) != leaving);
        // One that was raised by a member that has left is not that of any member.
        let listed = live.listed.as_deref().unwrap_or_default();
        cluster.alarms.retain(|alarm| listed.iter().any(|member| member.id() == alarm.member));
        let without: Vec<EtcdId> = own.into_iter().chain(leaving).collect();
        let is_let_pass = |closed: &[Closed]| {
            others == Others::SomeDead
                && closed.iter().all(|closed| matches!(closed, Closed::Down { .. }))
                && live.can_take_one_more(&without)
        };
        match gates(&cluster, None) {
            Err(closed) if !is_let_pass(&closed) => Err(closed),
            _ => Ok(()),
        }
    })
}

fn wait_until_judged(
    observer: &Observer<'_>,
    what: &str,
    judged: impl Fn(&LiveZone) -> std::result::Result<(), Vec<Closed>>,
) -> Result<LiveZone> {
    let (mut refusal, mut patience) = (Vec::new(), Patience::new("waiting".to_owned()));
    let well = look_until(observer, |live| match judged(live) {
        Ok(()) => Some(()),
        Err(closed) => {
            patience.tell(&closed);
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
        Closed::Alarm { kind: AlarmKind::NoSpace, .. } => {
            format!("make room: {}", site.proposed_by_signer("defrag --nospace"))
        }
        Closed::Unconnectable { .. } => format!("see what is wrong with it: {}", site.proposed("doctor")),
        Closed::Alarm { .. } => format!("see what it takes to end the alarm: {}", site.proposed("doctor")),
        Closed::Down { member, .. } | Closed::CutOff { member, .. } => site.proposed_look_at(member),
        Closed::Unstarted { member, id } => {
            let remove = site.proposed(&format!("member remove {id}"));
            format!("start the member of {member}, or take it out again: {remove}")
        }
        Closed::Learner { member, id } => match site.config().node(member) {
            Some(node) => {
                format!("promote it: {}", site.proposed(&format!("member promote {}", node.name.short())))
            }
            None => format!("remove it: {}", site.proposed(&format!("member remove {id}"))),
        },
        Closed::Behind { .. } => {
            format!("wait until it has caught up: {}", site.proposed("status --watch"))
        }
    }
}
