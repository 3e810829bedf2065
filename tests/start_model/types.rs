//! What a node of the model observes and has heard, in the types of the functions under test.

use model::config::{EtcdVersion, ZoneConfig};
use model::plan::{
    DataDirectory, DiskState, EtcdId, FoundingWords, Ids, LauncherSays, LauncherShows, LiveCluster,
    LiveMember, Nonce, Observation, Past, Peer, PeerState, PeerUrl, Phase, RightToBootstrap, SaidOfData,
};

use crate::heard::{Heard, Listing};
use crate::rules::Rule;
use crate::state::{Identity, Record, Stage};
use crate::volume::Position;
use crate::writes::log_position;

/// The cluster that was bootstrapped.
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
    pub files: bool,
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

/// Builds them for zones of `N` members.
pub struct Types<const N: usize> {
    rule: Rule,
    grows: bool,
    urls: Vec<PeerUrl>,
}

impl<const N: usize> Types<N> {
    /// `grows` if the description has members that the cluster was not founded with.
    pub fn new(rule: Rule, grows: bool) -> Self {
        let nodes =
            (1..=N).map(|node| format!("[[node]]\nname = \"n{node}\"\naddress = \"10.0.0.{node}\"\n"));
        let text = format!("[zone]\nname = \"example.zone\"\n{}", nodes.collect::<String>());
        let (zone, _) = ZoneConfig::parse(&text).expect("a valid description");
        Self { rule, grows, urls: zone.members().map(PeerUrl::of).collect() }
    }

    /// What a start observes of its own node.
    pub fn observed(&self, own: &Own) -> Observation {
        let position = (own.identity != Identity::Nobody).then(|| log_position(own.position));
        let past = phase(own.record.stage).map(|phase| Past {
            ids: ids(0, own.record.identity),
            phase,
            joins: own.record.joins,
        });
        let data = match own.identity {
            Identity::Nobody if own.files => DataDirectory::WithoutLog,
            Identity::Nobody => DataDirectory::Empty,
            identity => DataDirectory::Log(ids(0, identity)),
        };
        let nonce = (own.nonce != 0).then_some(Nonce(own.nonce.into()));
        let mut observed = Observation {
            disk: DiskState { data, nonce, position, past, noted: own.record.note.map(log_position) },
            said: SaidOfData::default(),
            words: FoundingWords {
                without: Vec::new(),
                never_ran: own.never_ran,
                is_first_registration: false,
            },
            predicted: self.predicted(0),
            peer_url: self.urls[0].clone(),
            founded: None,
            alone: N == 1,
            ran_as: None,
            removed: own.removed,
            has_taken_part: own.has_taken_part,
            etcd_version: EtcdVersion::DEFAULT,
            right: RightToBootstrap::Given,
            restored: None,
        };
        self.rule.observes(&mut observed);
        observed
    }

    fn predicted(&self, node: usize) -> Ids {
        let Ids { member, cluster } = ids(node, Identity::Founder);
        Ids { member, cluster: if self.grows { DESCRIBED_LATER } else { cluster } }
    }

    /// Another member. The node that asks is the first, and the others follow it in their order.
    pub fn peer(&self, node: usize, known: Known) -> Peer {
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
            // It served when it was heard, or was a start that has the log: what it does now says which of
            // the two is tried.
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

fn phase(stage: Stage) -> Option<Phase> {
    match stage {
        Stage::Nothing => None,
        Stage::Committed => Some(Phase::Committed),
        Stage::Attempted(nonce) => Some(Phase::Attempted(Nonce(nonce.into()))),
        Stage::Ran => Some(Phase::Ran),
    }
}
