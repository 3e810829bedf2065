//! Rules that are tempting, and wrong: each changes what goes into the real functions or what comes out of
//! them.

use model::plan::{
    DataDirectory, LauncherSays, LauncherShows, LocalState, Nonce, Observation, Past, Peer, PeerState, Phase,
    Refusal, StartDecision, Step, Write, decide,
};

use crate::old_rules;

/// What is different from the rules in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Nothing.
    InEffect,
    /// The rules of before: a zone is bootstrapped by whoever hears of no cluster in which it has run.
    Before,
    /// The same, and who is listed as one that has not run waits.
    BeforeUnlisted,
    /// A majority bootstraps the cluster.
    Majority,
    /// Silence counts as a member that never ran.
    SilenceIsAnAnswer,
    /// A member that did not commit founds if the cluster lists it as one that has not run.
    LateFounder,
    /// Who hears that all are there and never ran goes on at once.
    NoCommit,
    /// Whether the data directory was touched is told by its inode and times, which an image has too.
    InodeForNonce,
    /// The nonce is written with the commit.
    NonceAtCommit,
    /// `state.json` is written before the nonce.
    StateBeforeNonce,
    /// A second attempt writes a new nonce at once.
    NonceRenewedInPlace,
    /// A commit on what was heard earlier.
    HeardEarlier,
    /// A member that lost its data counts as one that never ran.
    LostIsNone,
    /// How far a log had come is not noted.
    NoNotes,
    /// A log without `state.json` resumes.
    LogWithoutState,
}

impl Rule {
    pub fn is_of_before(self) -> bool {
        matches!(self, Self::Before | Self::BeforeUnlisted)
    }

    /// Whether a volume may be copied that shows an attempt.
    pub fn writes_nonce_at_commit(self) -> bool {
        self == Self::NonceAtCommit
    }

    pub fn notes_nothing(self) -> bool {
        self.is_of_before() || self == Self::NoNotes
    }

    /// What the node observes of itself.
    pub fn observes(self, observed: &mut Observation) {
        let empty = observed.disk.data == DataDirectory::Empty;
        match (self, observed.disk.past) {
            (Self::InodeForNonce, Some(Past { phase: Phase::Attempted(nonce), .. })) if empty => {
                observed.disk.nonce = Some(nonce);
            }
            (Self::LostIsNone, _) if matches!(observed.local_state(), Ok(LocalState::Lost(_))) => {
                observed.disk.past = None;
            }
            (Self::NoNotes, _) => observed.disk.noted = None,
            (Self::LogWithoutState, None) => observed.said.is_current = true,
            _ => {}
        }
    }

    /// The next step of a start.
    pub fn decide(self, mut observed: Observation, mut peers: Vec<Peer>) -> Result<Step, Refusal> {
        for peer in &mut peers {
            self.hears(&observed, peer);
        }
        if self == Self::Majority {
            let silent = peers.iter().filter(|peer| peer.state == PeerState::NotHeard);
            observed.words.without.extend(silent.map(|peer| peer.name.clone()));
        }
        let step = match self {
            Self::Before => old_rules::decide(&observed, &peers, true),
            Self::BeforeUnlisted => old_rules::decide(&observed, &peers, false),
            _ => decide(&observed, &peers),
        };
        match (self, step) {
            (Self::LateFounder, Err(Refusal::FoundedBefore { lost: None, ids })) => {
                observed.disk.past = Some(Past { ids, phase: Phase::Committed, joins: false });
                decide(&observed, &peers)
            }
            (Self::NoCommit, Ok(Step::Commit)) => Ok(Step::Start(StartDecision::Bootstrap)),
            (_, step) => step,
        }
    }

    fn hears(self, observed: &Observation, peer: &mut Peer) {
        let says = |shows| LauncherSays {
            predicted: observed.predicted,
            may_found: true,
            shows,
            cluster: None,
            removed: Vec::new(),
        };
        match self {
            Self::SilenceIsAnAnswer if peer.state == PeerState::NotHeard => {
                peer.state = PeerState::Launches;
                peer.says = Some(says(LauncherShows::Nothing));
            }
            Self::LostIsNone if peer.shows(observed.predicted) == Some(LauncherShows::Lost) => {
                peer.says = Some(says(LauncherShows::Nothing));
            }
            Self::HeardEarlier if peer.says.is_some() => peer.state = PeerState::Launches,
            _ => {}
        }
    }

    /// The writes of a step. `fresh` is a nonce that was never used.
    pub fn writes(self, observed: &Observation, step: &Step, fresh: Nonce, writes: &mut Vec<Write>) {
        let is_bootstrap = *step == Step::Start(StartDecision::Bootstrap);
        match self {
            Self::StateBeforeNonce if is_bootstrap => {
                let nonce = writes.iter().position(|write| matches!(write, Write::Nonce(_)));
                nonce.into_iter().for_each(|place| writes[place..].reverse());
            }
            Self::NonceRenewedInPlace if is_bootstrap => {
                writes.retain(|write| !matches!(write, Write::State { phase: Phase::Committed, .. }));
            }
            Self::NonceAtCommit if *step == Step::Commit => writes.insert(1, Write::Nonce(fresh)),
            Self::NonceAtCommit if is_bootstrap => {
                let Some(there) = observed.disk.nonce else { return };
                writes.retain(|write| !matches!(write, Write::Nonce(_)));
                for write in writes {
                    if let Write::State { phase: Phase::Attempted(nonce), .. } = write {
                        *nonce = there;
                    }
                }
            }
            rule if rule.is_of_before() && is_bootstrap => {
                writes.retain(|write| matches!(write, Write::State { phase: Phase::Attempted(_), .. }));
            }
            _ => {}
        }
    }
}
