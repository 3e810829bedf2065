//! Looks at one member, again and again: etcd is asked for its cluster, and a start is listened to as long as
//! it speaks.

use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use zone_pki::{SubjectAltName, SubjectAltNames};

use super::arrivals::Arrivals;
use super::message::{Message, REFUSES_ADDRESS};
use etcd::tls::{Lines, Target};
use etcd::{Heard, PeerQuestion};
use model::plan::{ANSWER_LIMIT, Forward, LauncherSays, PeerState, START_ORDER_LIMIT};

/// Between two looks at a member that is not there: short enough not to miss the moment in which it becomes
/// etcd, and long enough to leave it the processor.
const PAUSE: Duration = Duration::from_millis(5);
/// The same for a member whose turn is after ours.
const LONG_PAUSE: Duration = Duration::from_millis(25);
/// The same once a start waits for longer than members that are started together take, and for members that
/// answer.
const PATIENT_PAUSE: Duration = Duration::from_millis(250);
/// Between two looks at a member that cannot be talked to: each is a line in its log.
const UNUSABLE_PAUSE: Duration = Duration::from_secs(1);
/// A start that says nothing for so long on an open connection is taken to be gone: it says something every
/// half second.
const SILENCE: Duration = Duration::from_millis(1500);

/// Whether a member is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Once.
    No,
    /// Until the watch is dropped.
    Yes,
}

/// As whom another start has to speak to be believed.
#[derive(Clone, Debug)]
pub struct Expected {
    pub zone: String,
    /// This very start, which may be reached under a wrong address.
    pub process: String,
    /// Whether the certificates of members carry the names of their nodes: then another member's key does not
    /// speak for them.
    pub named_certificates: bool,
}

#[derive(Debug)]
pub(super) enum Event {
    Bound,
    State(PeerState),
    /// A start says this, on a connection that is open.
    Says(LauncherSays),
}

pub(super) struct Poller {
    pub(super) place: usize,
    pub(super) sender: Sender<(usize, Event)>,
    pub(super) question: PeerQuestion,
    pub(super) target: Target,
    pub(super) expected: Expected,
    /// Its full name.
    pub(super) node: String,
    /// What leads to it, if it is behind a gateway, which takes connections in its place.
    pub(super) forward: Option<Forward>,
    /// Whether its turn is before ours.
    pub(super) before_us: bool,
    pub(super) started: Instant,
    /// The starts that call here: this member's may be one of them.
    pub(super) arrivals: Arrivals,
}

impl Poller {
    /// Ends when the receiver is gone, which is when this process becomes etcd at the latest.
    pub(super) fn run(&self, repeat: Repeat) {
        loop {
            let known = self.arrivals.so_far();
            let deadline = Instant::now() + ANSWER_LIMIT;
            let heard = self.question.ask(&self.target, deadline, || {
                if self.forward.is_none() {
                    self.tell(Event::Bound);
                }
            });
            let state = match heard {
                Heard::State(state) => self.through_forward(state),
                Heard::Lines { lines, refused } => match self.listen(lines, refused, repeat) {
                    Some(state) => state,
                    None => return,
                },
            };
            let (at_least, at_most) = match &state {
                PeerState::Serves { .. } => (PATIENT_PAUSE, PATIENT_PAUSE),
                PeerState::Unusable(_) => (UNUSABLE_PAUSE, UNUSABLE_PAUSE),
                _ if self.started.elapsed() > 2 * START_ORDER_LIMIT
                    && !matches!(state, PeerState::Starts) =>
                {
                    (PAUSE, PATIENT_PAUSE)
                }
                _ if self.before_us => (PAUSE, PAUSE),
                _ => (PAUSE, LONG_PAUSE),
            };
            if !self.tell(Event::State(state)) || repeat == Repeat::No {
                return;
            }
            thread::sleep(at_least);
            self.arrivals.wait(known, at_most - at_least);
        }
    }

    /// What a state says of the member, and not of the gateway's forward to it.
    fn through_forward(&self, state: PeerState) -> PeerState {
        match (&self.forward, state) {
            (Some(_), PeerState::Closes) => PeerState::Absent(
                "its forward here closes the connection, as a gateway does that does not reach it".to_owned(),
            ),
            (Some(forward), PeerState::Absent(why)) => PeerState::Absent(format!(
                "{why}, where the gateway of this host is to forward to it: {}",
                forward.gateway_line()
            )),
            (_, state) => state,
        }
    }

    fn tell(&self, event: Event) -> bool {
        self.sender.send((self.place, event)).is_ok()
    }

    /// Hears what a start says until it ends; returns how it was found then, or none if that is of no
    /// interest any more.
    fn listen(&self, mut lines: Lines, refused: String, repeat: Repeat) -> Option<PeerState> {
        if let Some(why) = self.is_another(&lines) {
            return Some(PeerState::Unusable(why));
        }
        loop {
            let line = match lines.next(Instant::now() + SILENCE) {
                Ok(Some(line)) if line.is_empty() => continue,
                Ok(Some(line)) => line,
                Ok(None) => return Some(PeerState::Absent("its start ended, or became etcd".to_owned())),
                Err(_) => return Some(PeerState::Absent("its start went silent".to_owned())),
            };
            if line == REFUSES_ADDRESS.as_bytes() {
                return Some(PeerState::Unusable(refused));
            }
            match self.read(&line) {
                Ok(says) => {
                    if !self.tell(Event::Says(says)) || repeat == Repeat::No {
                        return None;
                    }
                }
                Err(why) => return Some(PeerState::Unusable(why)),
            }
        }
    }

    /// Why what is said over a connection is not said by the member that was asked, as far as its certificate
    /// tells. What etcd itself verifies of it was verified in the handshake.
    fn is_another(&self, lines: &Lines) -> Option<String> {
        let certificate = lines.certificate().filter(|_| self.expected.named_certificates)?;
        (!has_name(certificate.names(), &self.node))
            .then(|| format!("the certificate there is not of {}", self.node))
    }

    fn read(&self, line: &[u8]) -> Result<LauncherSays, String> {
        let (message, says) = Message::parse(line).map_err(|error| error.to_string())?;
        if message.process == self.expected.process {
            return Err("its address is that of this very process".to_owned());
        }
        if message.zone != self.expected.zone || message.node != self.node {
            return Err(format!("a start of another node or zone answers there, not {}", self.node));
        }
        Ok(says)
    }
}

fn has_name(names: &SubjectAltNames, node: &str) -> bool {
    names
        .iter()
        .any(|name| matches!(name, SubjectAltName::Dns(dns) if dns.as_str().eq_ignore_ascii_case(node)))
}
