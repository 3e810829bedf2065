//! Watches the other members while a start waits, each on a thread of its own: none holds up another, and a
//! name that does not resolve delays no other.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::arrivals::Arrivals;
use super::poller::{Event, Expected, Poller, Repeat};
use etcd::PeerQuestion;
use etcd::tls::Target;
use host::detached;
use model::plan::{
    ANSWER_LIMIT, EtcdId, Forward, InitialMember, LastSeen, LauncherSays, LauncherShows, LiveCluster,
    LiveMember, MemberPlan, Peer, PeerState, PeerUrl,
};

#[derive(Debug)]
pub struct Watch {
    started: Instant,
    events: Receiver<(usize, Event)>,
    /// In the order in which etcd asks them.
    others: Vec<Other>,
}

/// Another member, and what was last seen of it.
#[derive(Debug)]
struct Other {
    member: InitialMember,
    before_us: bool,
    state: PeerState,
    says: Option<LauncherSays>,
    /// When something was last seen there.
    seen: Option<Instant>,
    /// Whether it was seen not to serve: it starts together with us, if it starts.
    was_down: bool,
}

impl Watch {
    /// Begins to ask all others of the initial cluster, at once when one of them calls here. `full_name`
    /// leads from the short name of a node to its full one, and `forward` to what leads to its member.
    pub fn start(
        member: &MemberPlan,
        question: &PeerQuestion,
        expected: &Expected,
        repeat: Repeat,
        arrivals: &Arrivals,
        full_name: impl Fn(&str) -> String,
        forward: impl Fn(&str) -> Option<Forward>,
    ) -> io::Result<Self> {
        let started = Instant::now();
        let (sender, events) = channel();
        let ours = &member.member;
        let others = member.cluster.members.iter().filter(|other| other.name != ours.name);
        let mut others: Vec<Other> = others
            .map(|other| Other {
                member: other.clone(),
                before_us: other.peer_url.as_str() < ours.peer_url.as_str(),
                state: PeerState::NotHeard,
                says: None,
                seen: None,
                was_down: false,
            })
            .collect();
        others.sort_by(|one, other| one.member.peer_url.as_str().cmp(other.member.peer_url.as_str()));
        for (place, other) in others.iter().enumerate() {
            let url = &other.member.peer_url;
            let looker = Poller {
                place,
                sender: sender.clone(),
                question: question.clone(),
                target: Target { host: url.host().to_owned(), port: url.port() },
                expected: expected.clone(),
                node: full_name(&other.member.name),
                forward: forward(&other.member.name),
                before_us: other.before_us,
                started,
                arrivals: arrivals.clone(),
            };
            detached(move || looker.run(repeat))?;
        }
        Ok(Self { started, events, others })
    }

    /// How long it has been watched.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether every other member was heard of, or had its time to answer.
    pub fn has_heard_all(&self) -> bool {
        self.elapsed() >= ANSWER_LIMIT || self.others.iter().all(|other| !is_pending(other, self.elapsed()))
    }

    /// Takes in what has happened, and waits for something to happen for so long. False when nothing did.
    pub fn wait(&mut self, at_most: Duration) -> bool {
        match self.events.recv_timeout(at_most) {
            Ok((place, event)) => {
                self.take(place, event);
                while let Ok((place, event)) = self.events.try_recv() {
                    self.take(place, event);
                }
                true
            }
            Err(RecvTimeoutError::Timeout) => false,
            // All were looked at once, and nothing more will happen.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(at_most);
                false
            }
        }
    }

    fn take(&mut self, place: usize, event: Event) {
        let other = &mut self.others[place];
        match event {
            Event::Bound => {
                other.seen = Some(Instant::now());
                // Until it says something, what is known stays.
                if matches!(other.state, PeerState::NotHeard | PeerState::Absent(_)) {
                    other.state = PeerState::Starts;
                }
            }
            Event::State(state) => {
                tracing::debug!(member = other.member.name, ?state, "heard");
                if !matches!(state, PeerState::Absent(_)) {
                    other.seen = Some(Instant::now());
                }
                other.was_down |= matches!(state, PeerState::Absent(_) | PeerState::Closes);
                // What was heard of a cluster stays true of a time in the life of this start, which is all
                // that is asked of it.
                if !matches!(other.state, PeerState::Serves { .. })
                    || matches!(state, PeerState::Serves { .. })
                {
                    other.state = state;
                }
            }
            Event::Says(says) => {
                other.seen = Some(Instant::now());
                other.was_down = true;
                other.state = PeerState::Launches;
                other.says = Some(says);
            }
        }
    }

    /// What was heard of the others so far.
    pub fn peers(&self) -> Vec<Peer> {
        let late = self.elapsed() >= ANSWER_LIMIT;
        let state = |other: &Other| match &other.state {
            PeerState::NotHeard if late => PeerState::Absent("it did not answer in time".to_owned()),
            // Bound, and its time to say something is not over.
            PeerState::Starts if is_pending(other, self.elapsed()) => PeerState::NotHeard,
            state => state.clone(),
        };
        let peers = self.others.iter().map(|other| Peer {
            name: other.member.name.clone(),
            url: other.member.peer_url.clone(),
            state: state(other),
            says: other.says.clone(),
        });
        peers.collect()
    }

    /// What decides on turns: each of the others, and whether it is before this member. `founding` is the
    /// cluster that this member is about to found, and its URL in it; none if it has data.
    pub fn last_seen(&self, founding: Option<(EtcdId, &PeerUrl)>) -> Vec<(LastSeen, bool)> {
        let last_seen = |other: &Other| match (&other.state, other.seen) {
            (PeerState::NotHeard, _) => LastSeen::Pending,
            (PeerState::Serves { cluster, .. }, _) if is_founded_now(cluster, founding) => LastSeen::Founds,
            (PeerState::Serves { .. } | PeerState::Unusable(_), _) => LastSeen::Settled,
            (PeerState::Launches, _) if is_to_start(other, founding.is_some()) => LastSeen::Waits,
            (PeerState::Launches, _) => LastSeen::Settled,
            (PeerState::Closes, _) => LastSeen::Waits,
            (PeerState::Starts, _) if is_pending(other, self.elapsed()) => LastSeen::Pending,
            (PeerState::Starts, _) => LastSeen::Starts,
            (PeerState::Absent(_), Some(seen)) => LastSeen::Gone(seen.elapsed()),
            (PeerState::Absent(_), None) => LastSeen::Absent,
        };
        self.others.iter().map(|other| (last_seen(other), other.before_us)).collect()
    }

    /// The names of the others, by their places in [`Watch::last_seen`].
    pub fn names(&self, places: &[usize]) -> Vec<&str> {
        places.iter().map(|place| self.others[*place].member.name.as_str()).collect()
    }

    /// What the starts of the others said last, by their names.
    pub fn hears(&self) -> impl Iterator<Item = (&str, Option<LauncherShows>)> {
        self.others.iter().map(|other| {
            let says = other.says.as_ref().filter(|_| other.state == PeerState::Launches);
            (other.member.name.as_str(), says.map(|says| says.shows))
        })
    }
}

/// Bound, and it has not said yet that it is a member that has served for long.
fn is_pending(other: &Other, elapsed: Duration) -> bool {
    match other.state {
        PeerState::NotHeard => true,
        PeerState::Starts => !other.was_down && elapsed < ANSWER_LIMIT,
        _ => false,
    }
}

/// Whether this is the cluster that this member is to found, and no member has taken part in it yet.
fn is_founded_now(cluster: &LiveCluster, founding: Option<(EtcdId, &PeerUrl)>) -> bool {
    founding.is_some_and(|(id, url)| {
        cluster.id == id
            && cluster.member_at(url).is_some()
            && !cluster.members.iter().any(LiveMember::has_run)
    })
}

/// Whether a start is about to become etcd: those with data, and those that bootstrap with us.
fn is_to_start(other: &Other, founding: bool) -> bool {
    match other.says.as_ref().map(|says| says.shows) {
        Some(LauncherShows::Log) => true,
        Some(LauncherShows::Committed | LauncherShows::Attempted) => founding,
        _ => false,
    }
}
