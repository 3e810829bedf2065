//! Watches the other members while this one waits for its turn, each on a thread of its own: none holds up another, and a name
//! that does not resolve holds up nobody.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::etcd::PeerQuestion;
use crate::plan::{
    ANSWER_LIMIT, Glimpse, InitialMember, MemberPlan, Peer, PeerState, TURN_LIMIT, Turn, turn,
};
use crate::report;
use crate::tls::Target;

/// Between two looks at a member that is not there or waits as well.
const PAUSE: Duration = Duration::from_millis(5);
/// Whoever waits longer is told for whom.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks every other member once, and takes what there is when time is over.
pub(super) fn ask_once(member: &MemberPlan, question: &PeerQuestion) -> Vec<Peer> {
    let mut watch = Watch::start(member, question, ANSWER_LIMIT, Repeat::No);
    while watch.others.iter().any(|other| !other.answered) && watch.next_event(ANSWER_LIMIT) {}
    watch.peers()
}

/// Waits until it is this member's turn to start, and returns what the others were seen to do last.
pub(super) fn wait_for_turn(member: &MemberPlan, question: &PeerQuestion) -> Vec<Peer> {
    let mut watch = Watch::start(member, question, TURN_LIMIT, Repeat::UntilSettled);
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
    others: Vec<Other>,
}

/// Another member, and what was last seen of it.
struct Other {
    member: InitialMember,
    before_us: bool,
    answered: bool,
    state: Option<PeerState>,
    /// When somebody was last seen there.
    seen: Option<Instant>,
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
        let ours = &member.member.name;
        let others: Vec<Other> = member
            .cluster
            .members
            .iter()
            .filter(|other| other.name != *ours)
            .map(|other| Other {
                member: other.clone(),
                before_us: other.name < *ours,
                answered: false,
                state: None,
                seen: None,
            })
            .collect();
        for (place, other) in others.iter().enumerate() {
            let (question, sender) = (question.clone(), sender.clone());
            let url = &other.member.peer_url;
            let target = Target { host: url.host().to_owned(), port: url.port() };
            thread::spawn(move || look(place, &question, &target, started + limit, repeat, &sender));
        }
        Self { started, events, others }
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
                other.answered = true;
                other.state = Some(state);
            }
        }
        true
    }

    fn glimpses(&self) -> Vec<(Glimpse, bool)> {
        let glimpse = |other: &Other| match (&other.state, other.seen) {
            (None, _) => Glimpse::Pending,
            (Some(PeerState::Serves { .. } | PeerState::Unusable(_)), _) => Glimpse::Settled,
            (Some(PeerState::Waits), _) => Glimpse::Waits,
            (Some(PeerState::Starts), _) => Glimpse::Starts,
            (Some(PeerState::Absent(_)), Some(seen)) => Glimpse::Gone(seen.elapsed()),
            (Some(PeerState::Absent(_)), None) => Glimpse::Absent,
        };
        self.others.iter().map(|other| (glimpse(other), other.before_us)).collect()
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

/// Looks at one member. Ends when nobody listens any more, which is when this process becomes etcd at the latest.
fn look(
    place: usize,
    question: &PeerQuestion,
    target: &Target,
    deadline: Instant,
    repeat: Repeat,
    sender: &Sender<(usize, Event)>,
) {
    loop {
        let state = question.ask(target, deadline, || {
            let _ = sender.send((place, Event::Bound));
        });
        let settled = matches!(state, PeerState::Serves { .. } | PeerState::Unusable(_));
        let heard = sender.send((place, Event::State(state))).is_ok();
        if settled || !heard || repeat == Repeat::No || Instant::now() >= deadline {
            return;
        }
        thread::sleep(PAUSE);
    }
}
