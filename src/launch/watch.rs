//! Watches the other members while this one waits for its turn, each on a thread of its own: none holds up another, and a name
//! that does not resolve holds up nobody.

use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::etcd::PeerQuestion;
use crate::plan::{
    ANSWER_LIMIT, EtcdId, Glimpse, InitialMember, LiveCluster, LiveMember, MemberPlan, Peer, PeerState,
    PeerUrl, TURN_LIMIT, Turn, turn,
};
use crate::report;
use crate::tls::Target;

/// Between two looks at a member that is not there or waits as well: short enough not to miss the moment in which it becomes
/// etcd, and long enough to leave it the processor.
const PAUSE: Duration = Duration::from_millis(5);
/// The same for a member whose turn is after ours.
const LONG_PAUSE: Duration = Duration::from_millis(25);
/// A look that begins later would end before anything can be said, and one that waits be taken for one that is silent.
const LAST_LOOK: Duration = Duration::from_millis(400);
/// Whoever waits longer is told for whom.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks every other member once, and takes what there is when time is over.
pub(super) fn ask_once(member: &MemberPlan, question: &PeerQuestion) -> Vec<Peer> {
    let mut watch = Watch::start(member, question, ANSWER_LIMIT, Repeat::No);
    while watch.others.iter().any(|other| !other.answered) && watch.next_event(ANSWER_LIMIT) {}
    watch.peers()
}

/// Waits until it is this member's turn to start, and returns what the others were seen to do last.
pub(super) fn wait_for_turn(member: &MemberPlan, has_data: bool, question: &PeerQuestion) -> Vec<Peer> {
    let mut watch = Watch::start(member, question, TURN_LIMIT, Repeat::UntilSettled);
    watch.founding = (!has_data).then(|| (member.cluster.id, member.member.peer_url.clone()));
    let mut told = false;
    loop {
        let elapsed = watch.started.elapsed();
        let Turn::WaitFor(places) = turn(&watch.glimpses(), elapsed) else { return watch.peers() };
        if elapsed > PATIENCE && !told {
            let names: Vec<&str> =
                places.iter().map(|place| watch.others[*place].member.name.as_str()).collect();
            report::message(&format!(
                "{} waits for {}, at most {} s: members that start at the same instant would hold each other up",
                member.member.name,
                names.join(", "),
                TURN_LIMIT.as_secs()
            ));
            told = true;
        }
        // An event, or the moment in which a span of time ends.
        watch.next_event(elapsed + PAUSE);
    }
}

/// Whether a member is looked at again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    No,
    /// Until it answers, or is there in a way that no waiting changes.
    UntilSettled,
}

struct Watch {
    started: Instant,
    events: Receiver<(usize, Event)>,
    /// In the order in which etcd asks them.
    others: Vec<Other>,
    /// The cluster that this member may be about to found, and its own URL in it.
    founding: Option<(EtcdId, PeerUrl)>,
}

/// Another member, and what was last seen of it.
struct Other {
    member: InitialMember,
    before_us: bool,
    answered: bool,
    state: Option<PeerState>,
    /// When somebody was last seen there.
    seen: Option<Instant>,
    /// Whether it was seen not to serve: it starts together with us, if it starts.
    was_down: bool,
}

enum Event {
    /// The port is bound.
    Bound,
    /// This is what asking led to.
    State(PeerState),
}

impl Watch {
    fn start(member: &MemberPlan, question: &PeerQuestion, limit: Duration, repeat: Repeat) -> Self {
        let started = Instant::now();
        let (sender, events) = channel();
        let ours = &member.member;
        let mut others: Vec<Other> = member
            .cluster
            .members
            .iter()
            .filter(|other| other.name != ours.name)
            .map(|other| Other {
                member: other.clone(),
                before_us: other.peer_url.as_str() < ours.peer_url.as_str(),
                answered: false,
                state: None,
                seen: None,
                was_down: false,
            })
            .collect();
        others.sort_by(|one, other| one.member.peer_url.as_str().cmp(other.member.peer_url.as_str()));
        for (place, other) in others.iter().enumerate() {
            let (question, sender) = (question.clone(), sender.clone());
            let url = &other.member.peer_url;
            let target = Target { host: url.host().to_owned(), port: url.port() };
            let pause = match repeat {
                Repeat::No => None,
                Repeat::UntilSettled => Some(if other.before_us { PAUSE } else { LONG_PAUSE }),
            };
            thread::spawn(move || {
                let tell = |event| sender.send((place, event)).is_ok();
                look(&question, &target, started + limit, pause, tell);
            });
        }
        Self { started, events, others, founding: None }
    }

    /// Takes one event in, waiting for it until so long after the start. False when time is over first.
    fn next_event(&mut self, until: Duration) -> bool {
        let left = (self.started + until).saturating_duration_since(Instant::now());
        let Ok((place, event)) = self.events.recv_timeout(left) else { return false };
        let other = &mut self.others[place];
        match event {
            Event::Bound => {
                other.seen = Some(Instant::now());
                other.state = Some(PeerState::Starts);
            }
            Event::State(state) => {
                if !matches!(state, PeerState::Absent(_)) {
                    other.seen = Some(Instant::now());
                }
                other.was_down |= matches!(state, PeerState::Absent(_) | PeerState::Waits);
                other.answered = true;
                other.state = Some(state);
            }
        }
        true
    }

    fn glimpses(&self) -> Vec<(Glimpse, bool)> {
        let glimpse = |other: &Other| match (&other.state, other.seen) {
            (None, _) => Glimpse::Pending,
            (Some(PeerState::Serves { cluster, .. }), _) if self.founds(cluster) => Glimpse::Founds,
            (Some(PeerState::Serves { .. } | PeerState::Unusable(_)), _) => Glimpse::Settled,
            (Some(PeerState::Waits), _) => Glimpse::Waits,
            // Bound, and it has not said yet that it is a member that has served for long.
            (Some(PeerState::Starts), _) if !other.was_down && self.started.elapsed() < ANSWER_LIMIT => {
                Glimpse::Pending
            }
            (Some(PeerState::Starts), _) => Glimpse::Starts,
            (Some(PeerState::Absent(_)), Some(seen)) => Glimpse::Gone(seen.elapsed()),
            (Some(PeerState::Absent(_)), None) => Glimpse::Absent,
        };
        self.others.iter().map(|other| (glimpse(other), other.before_us)).collect()
    }

    /// Whether this is the cluster that this member is to found, and nobody has taken part in it yet.
    fn founds(&self, cluster: &LiveCluster) -> bool {
        self.founding.as_ref().is_some_and(|(id, url)| {
            cluster.id == *id
                && cluster.member_at(url).is_some()
                && !cluster.members.iter().any(LiveMember::has_run)
        })
    }

    fn peers(self) -> Vec<Peer> {
        let silent = || PeerState::Absent("it did not answer in time".to_owned());
        self.others
            .into_iter()
            .map(|other| Peer {
                name: other.member.name,
                url: other.member.peer_url,
                state: other.state.unwrap_or_else(silent),
            })
            .collect()
    }
}

/// Looks at one member, and unless there is no pause after which to look again, until it is settled. Ends when nobody listens
/// any more, which is when this process becomes etcd at the latest.
fn look(
    question: &PeerQuestion,
    target: &Target,
    deadline: Instant,
    pause: Option<Duration>,
    tell: impl Fn(Event) -> bool,
) {
    loop {
        let state = question.ask(target, deadline, || {
            tell(Event::Bound);
        });
        // That it starts is known when its silence has lasted until the deadline: another look would have no time.
        let settled = matches!(state, PeerState::Serves { .. } | PeerState::Unusable(_) | PeerState::Starts);
        let heard = tell(Event::State(state));
        match pause {
            Some(pause) if !settled && heard && Instant::now() + LAST_LOOK < deadline => thread::sleep(pause),
            _ => return,
        }
    }
}
