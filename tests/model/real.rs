//! The functions under test: what a node of the model observes and has heard is told to them in their own types, and what they
//! decide and write is told to the model. The same question is asked once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use zone_etcd::config::{EtcdVersion, ZoneConfig};
use zone_etcd::plan::{
    DataDirectory, EtcdId, FoundingWords, Ids, LauncherSays, LauncherShows, LiveCluster, LiveMember,
    LogPosition, Nonce, Observed, OnDisk, Past, Peer, PeerState, PeerUrl, Phase, Refusal, RightToBootstrap,
    SaidOfData, StartDecision, Step, Write, writes,
};

use crate::heard::{Heard, Listing};
use crate::rules::Rule;
use crate::state::{Identity, Node, Position, Record, Stage};
use crate::symmetry::Mixer;

type Remembered<K, V> = RefCell<HashMap<K, V, BuildHasherDefault<Mixer>>>;

/// The cluster that was founded.
const FOUNDED: EtcdId = EtcdId(1000);
/// What a description with more members leads to.
const DESCRIBED_LATER: EtcdId = EtcdId(1001);

/// What a node knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Own {
    pub record: Record,
    pub nonce: u8,
    /// Of the log.
    pub identity: Identity,
    pub position: Position,
    pub has_taken_part: bool,
    pub removed: bool,
    /// A nonce that was never used.
    pub fresh: u8,
    pub never_ran: bool,
}

/// What a start knows of another node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Known {
    pub heard: Heard,
    /// Its start is there now.
    pub starts: bool,
}

/// A write as the model carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Nonce(u8),
    Record {
        stage: Stage,
        identity: Identity,
        joins: bool,
    },
    Note,
    RemoveNonce,
    /// Nothing that the model knows of.
    Nothing,
}

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
    grows: bool,
    urls: Vec<PeerUrl>,
    outcomes: Remembered<(Own, [Known; N]), Outcome>,
    shows: Remembered<Own, LauncherShows>,
    lists: RefCell<Vec<List>>,
}

impl<const N: usize> Real<N> {
    /// `grows` if the description has members that the cluster was not founded with.
    pub fn new(rule: Rule, grows: bool) -> Self {
        let nodes =
            (1..=N).map(|node| format!("[[node]]\nname = \"n{node}\"\naddress = \"10.0.0.{node}\"\n"));
        let text = format!("[zone]\nname = \"example.zone\"\n{}", nodes.collect::<String>());
        let (zone, _) = ZoneConfig::parse(&text).expect("a valid description");
        let urls = zone.members().map(PeerUrl::of).collect();
        Self {
            rule,
            grows,
            urls,
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
        let shows = self.observed(own).shows_to_others();
        self.shows.borrow_mut().insert(*own, shows);
        shows
    }

    /// What the start does next. Of the others, the first `N - 1` are told of, in any order that is the same for [`Listing`].
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
        let observed = self.observed(own);
        let peers: Vec<Peer> = (1..N).map(|other| self.peer(other, known[other - 1])).collect();
        let mut observed_with_words = observed.clone();
        let left_out = peers.iter().zip(known).filter(|(_, known)| known.heard == Heard::LeftOut);
        observed_with_words.words.without.extend(left_out.map(|(peer, _)| peer.name.clone()));
        let step = match self.rule.decide(observed_with_words, peers) {
            Err(refusal) => return Outcome::Refused(word_of(&refusal)),
            Ok(Step::Wait(..)) => return Outcome::Waits,
            Ok(step) => step,
        };
        let fresh = Nonce(own.fresh.into());
        let Ok(shown) = observed.shown() else { return Outcome::Refused("it must not go on") };
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

    fn observed(&self, own: &Own) -> Observed {
        let position = (own.identity != Identity::Nobody).then(|| log_position(own.position));
        let past = phase(own.record.stage).map(|phase| Past {
            ids: ids(0, own.record.identity),
            phase,
            joins: own.record.joins,
        });
        let data = match own.identity {
            Identity::Nobody => DataDirectory::Empty,
            identity => DataDirectory::Log(ids(0, identity)),
        };
        let nonce = (own.nonce != 0).then_some(Nonce(own.nonce.into()));
        let mut observed = Observed {
            disk: OnDisk { data, nonce, position, past, noted: own.record.note.map(log_position) },
            said: SaidOfData::default(),
            words: FoundingWords { without: Vec::new(), never_ran: own.never_ran },
            predicted: self.predicted(0),
            peer_url: self.urls[0].clone(),
            founded: None,
            alone: N == 1,
            ran_as: None,
            removed: own.removed,
            has_taken_part: own.has_taken_part,
            etcd_version: EtcdVersion::DEFAULT,
            right: RightToBootstrap::Given,
        };
        self.rule.observes(&mut observed);
        observed
    }

    fn predicted(&self, node: usize) -> Ids {
        let Ids { member, cluster } = ids(node, Identity::Founder);
        Ids { member, cluster: if self.grows { DESCRIBED_LATER } else { cluster } }
    }

    fn peer(&self, node: usize, known: Known) -> Peer {
        let says = |shows, cluster, removed| LauncherSays {
            predicted: self.predicted(node),
            may_found: true,
            shows,
            cluster,
            removed,
        };
        let here = || match known.starts {
            true => PeerState::Launches,
            false => PeerState::Absent("it is gone".to_owned()),
        };
        let (state, says) = match known.heard {
            Heard::Nothing | Heard::LeftOut => (PeerState::NotHeard, None),
            Heard::Silence => (PeerState::Absent("nothing listens".to_owned()), None),
            Heard::Start(shows) => (here(), Some(says(shows, None, Vec::new()))),
            // It served when it was heard, or was a start that has the log: what it does now says which of the two is tried.
            Heard::Cluster(listing) if known.starts => {
                let own = [Identity::Founder, Identity::Added];
                let removed =
                    own.into_iter().enumerate().filter(|(place, _)| listing.own_removed >> place & 1 == 1);
                let removed = removed.map(|(_, identity)| ids(0, identity).member).collect();
                (here(), Some(says(LauncherShows::Log, Some(self.cluster(listing)), removed)))
            }
            Heard::Cluster(listing) => {
                let removed = listing.own_removed != 0;
                (PeerState::Serves { cluster: self.cluster(listing), removed, cluster_minor: None }, None)
            }
        };
        Peer { name: format!("n{}", node + 1), url: self.urls[node].clone(), state, says }
    }

    fn cluster(&self, listing: Listing) -> LiveCluster {
        let is_listed = |member: &usize| (listing.voters | listing.learners) >> member & 1 == 1;
        let members = (0..2 * N).filter(is_listed).map(|member| {
            let (node, identity) = (member / 2, [Identity::Founder, Identity::Added][member % 2]);
            let has_run = node != 0 || listing.own_run >> (member % 2) & 1 == 1;
            LiveMember {
                id: ids(node, identity).member,
                name: format!("n{}", node + 1),
                peer_urls: vec![self.urls[node].to_string()],
                client_urls: has_run
                    .then(|| format!("https://10.0.0.{}:2379", node + 1))
                    .into_iter()
                    .collect(),
                learner: listing.learners >> member & 1 == 1,
            }
        });
        LiveCluster { id: FOUNDED, members: members.collect() }
    }
}

fn ids(node: usize, identity: Identity) -> Ids {
    let generation = if identity == Identity::Added { 100 } else { 0 };
    Ids { member: EtcdId(generation + node as u64 + 1), cluster: FOUNDED }
}

fn identity(ids: Ids) -> Identity {
    if ids.member.0 > 100 { Identity::Added } else { Identity::Founder }
}

fn phase(stage: Stage) -> Option<Phase> {
    match stage {
        Stage::Nothing => None,
        Stage::Committed => Some(Phase::Committed),
        Stage::Attempted(nonce) => Some(Phase::Attempted(Nonce(nonce.into()))),
        Stage::Ran => Some(Phase::Ran),
    }
}

pub fn log_position(position: Position) -> LogPosition {
    let Position { term, commit, last_term, last_index } = position;
    LogPosition {
        term: term.into(),
        commit: commit.into(),
        last_term: last_term.into(),
        last_index: last_index.into(),
    }
}

fn change(write: Write) -> Change {
    match write {
        Write::Nonce(nonce) => Change::Nonce(nonce.0 as u8),
        Write::State { ids, phase, joins } => Change::Record {
            stage: match phase {
                Phase::Committed => Stage::Committed,
                Phase::Attempted(nonce) => Stage::Attempted(nonce.0 as u8),
                Phase::Ran | Phase::Unknown => Stage::Ran,
            },
            identity: identity(ids),
            joins,
        },
        Write::Note(_) => Change::Note,
        Write::RemoveNonce => Change::RemoveNonce,
        Write::DataDirectory | Write::SyncLog | Write::MoveDataAside => Change::Nothing,
    }
}

impl Change {
    pub fn word(self) -> &'static str {
        match self {
            Self::Nonce(_) => "writes the nonce",
            Self::Record { stage: Stage::Committed, .. } => "writes state.json: committed",
            Self::Record { stage: Stage::Attempted(_), .. } => "writes state.json: attempted",
            Self::Record { .. } => "writes state.json: ran",
            Self::Note => "notes how far its log is",
            Self::RemoveNonce => "removes the nonce",
            Self::Nothing => "writes nothing",
        }
    }

    /// Carries it out.
    pub fn apply<const N: usize>(self, node: &mut Node<N>) {
        match self {
            Self::Nonce(nonce) => node.volume.nonce = nonce,
            Self::RemoveNonce => node.volume.nonce = 0,
            Self::Record { stage, identity, joins } => {
                // A note is of one member.
                let note = node.record.note.filter(|_| node.record.identity == identity);
                node.record = Record { stage, identity, joins, note };
            }
            Self::Note => note(node),
            Self::Nothing => {}
        }
    }
}

/// A note is never lowered.
pub fn note<const N: usize>(node: &mut Node<N>) {
    let position = node.volume.position();
    let is_older = |noted| log_position(position).is_older_than(log_position(noted));
    if !node.record.note.is_some_and(is_older) {
        node.record.note = Some(position);
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
