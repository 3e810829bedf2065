//! The functions under test: what a node of the model observes and has heard is told to them in their own
//! types, and what they decide and write is told to the model. The same question is asked once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use model::plan::{LauncherShows, Nonce, Peer, Refusal, StartDecision, Step, writes};

use crate::heard::Heard;
use crate::rules::Rule;
use crate::state::Identity;
use crate::symmetry::Mixer;
use crate::types::{Known, Own, Types};
use crate::writes::{Change, change, identity};

type Remembered<K, V> = RefCell<HashMap<K, V, BuildHasherDefault<Mixer>>>;

/// The writes of a step, and what follows.
#[derive(Clone, Debug)]
pub struct List {
    pub changes: Vec<Change>,
    /// As whom it becomes etcd, if it does.
    pub becomes: Option<Identity>,
    pub word: &'static str,
}

/// What a start is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Refused(&'static str),
    Waits,
    /// The writes of this list.
    Does(u16),
}

/// The real functions, for zones of `N` members.
pub struct Real<const N: usize> {
    rule: Rule,
    types: Types<N>,
    outcomes: Remembered<(Own, [Known; N]), Outcome>,
    shows: Remembered<Own, LauncherShows>,
    lists: RefCell<Vec<List>>,
}

impl<const N: usize> Real<N> {
    /// `grows` if the description has members that the cluster was not founded with.
    pub fn new(rule: Rule, grows: bool) -> Self {
        let types = Types::new(rule, grows);
        Self {
            rule,
            types,
            outcomes: RefCell::default(),
            shows: RefCell::default(),
            lists: RefCell::default(),
        }
    }

    /// What the node tells others.
    pub fn shows(&self, own: &Own) -> LauncherShows {
        if let Some(shows) = self.shows.borrow().get(own) {
            return *shows;
        }
        let shows = self.types.observed(own).shows_to_others();
        self.shows.borrow_mut().insert(*own, shows);
        shows
    }

    /// What the start does next. Of the others, the first `N - 1` are told of, in any order that is the same
    /// for [`Listing`].
    pub fn outcome(&self, own: &Own, known: &[Known; N]) -> Outcome {
        if let Some(outcome) = self.outcomes.borrow().get(&(*own, *known)) {
            return *outcome;
        }
        let outcome = self.decide(own, known);
        self.outcomes.borrow_mut().insert((*own, *known), outcome);
        outcome
    }

    /// One write of a list.
    pub fn change(&self, list: u16, place: u8) -> Option<Change> {
        self.lists.borrow()[usize::from(list)].changes.get(usize::from(place)).copied()
    }

    pub fn becomes(&self, list: u16) -> Option<Identity> {
        self.lists.borrow()[usize::from(list)].becomes
    }

    pub fn word(&self, list: u16) -> &'static str {
        self.lists.borrow()[usize::from(list)].word
    }

    fn decide(&self, own: &Own, known: &[Known; N]) -> Outcome {
        let observed = self.types.observed(own);
        let peers: Vec<Peer> = (1..N).map(|other| self.types.peer(other, known[other - 1])).collect();
        let mut observed_with_words = observed.clone();
        let left_out = peers.iter().zip(known).filter(|(_, known)| known.heard == Heard::LeftOut);
        observed_with_words.words.without.extend(left_out.map(|(peer, _)| peer.name.clone()));
        let step = match self.rule.decide(observed_with_words, peers) {
            Err(refusal) => return Outcome::Refused(word_of(&refusal)),
            Ok(Step::Wait(..)) => return Outcome::Waits,
            Ok(step) => step,
        };
        let fresh = Nonce(own.fresh.into());
        let Ok(shown) = observed.local_state() else { return Outcome::Refused("it must not go on") };
        let mut made = writes(&observed, shown, &step, fresh);
        self.rule.writes(&observed, &step, fresh, &mut made);
        let (becomes, word) = match &step {
            Step::Start(StartDecision::Bootstrap) => (Some(Identity::Founder), "bootstrap"),
            Step::Start(StartDecision::Join(_)) => (Some(Identity::Added), "join"),
            Step::Start(StartDecision::Resume(ids)) => (Some(identity(*ids)), "resume"),
            Step::Commit | Step::Wait(..) => (None, "commit"),
        };
        let list = List { changes: made.into_iter().map(change).collect(), becomes, word };
        let mut lists = self.lists.borrow_mut();
        let place =
            lists.iter().position(|known| known.changes == list.changes && known.becomes == list.becomes);
        let place = place.unwrap_or_else(|| {
            lists.push(list);
            lists.len() - 1
        });
        Outcome::Does(place as u16)
    }
}

/// The kind of a refusal, as in the source.
fn word_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::FoundedBefore { .. } => "FoundedBefore",
        Refusal::DataLost { .. } => "DataLost",
        Refusal::ForgottenVotes { .. } => "ForgottenVotes",
        Refusal::NotesLost { .. } => "NotesLost",
        Refusal::NotOfThisStart { .. } => "NotOfThisStart",
        Refusal::OlderLog { .. } => "OlderLog",
        Refusal::NeverRanThere { .. } => "NeverRanThere",
        Refusal::NotListed { .. } => "NotListed",
        Refusal::OtherClusterAnswers { .. } => "OtherClusterAnswers",
        Refusal::NobodyToJoin { .. } => "NobodyToJoin",
        Refusal::Removed { .. } => "Removed",
        Refusal::OtherCluster { .. } => "OtherCluster",
        _ => "another refusal",
    }
}
