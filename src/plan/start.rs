//! The start decision: may this member start, and as what? A pure function over what was observed and heard.
//!
//! A zone is founded when **all** of its members are there, show no log and no past, and each has committed on its own disk; only then
//! does any of them become etcd without data. A majority is not enough: a member that is wiped later, with its commit, would found the
//! cluster a second time with one that has not come up yet. Afterwards a member with neither data nor a commit never bootstraps,
//! whoever lists it. So every member that enters with an empty log is in raft's first state, once, and raft's own proof holds.
//! `tests/model` searches for a behaviour of these functions that breaks that.

use super::awaited::{Awaited, AwaitedFor, WaitsTo};
use super::cluster::EtcdId;
use super::observed::{Observed, RightToBootstrap};
use super::on_disk::{Ids, Lost, Shown};
use super::peers::{LauncherShows, LiveCluster, LiveMember, Peer, PeerState};
use super::refusal::Refusal;

/// How the member may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartDecision {
    /// Go on with the data that is there. etcd takes its peers from the data, not from the command line.
    Resume(Ids),
    /// Start with the other members of the initial cluster as a new cluster.
    Bootstrap,
    /// Become the member that a running cluster has been told of.
    Join(Join),
}

/// What a member needs to join a running cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The ids that the cluster has given out.
    pub ids: Ids,
    /// Whether it joins without a vote.
    pub learner: bool,
    /// The members of the cluster, this one among them.
    pub members: Vec<LiveMember>,
}

impl StartDecision {
    /// The word for it in `plan` and `state.json`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Resume(_) => "resume",
            Self::Bootstrap => "bootstrap",
            Self::Join(_) => "join",
        }
    }

    /// The ids that the member starts with.
    pub fn ids(&self, predicted: Ids) -> Ids {
        match self {
            Self::Resume(ids) => *ids,
            Self::Bootstrap => predicted,
            Self::Join(join) => join.ids,
        }
    }
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Become etcd.
    Start(StartDecision),
    /// Record that this member is to found the cluster, show that, and decide again.
    Commit,
    /// Wait for others, and decide again. Never empty.
    Wait(WaitsTo, Vec<Awaited>),
}

/// Decides what a start does next. `peers` are all the other members of the zone description.
///
/// # Errors
/// A start that could lose acknowledged writes, or that cannot come to anything.
pub fn decide(observed: &Observed, peers: &[Peer]) -> Result<Step, Refusal> {
    let shown = observed.shown()?;
    let start = NoLog { observed, peers, shown };
    match shown {
        Shown::Log(ids) => resume(ids, observed, peers),
        Shown::Lost(lost) => start.decide().map_err(|refusal| of_data_moved_away(refusal, lost, observed)),
        Shown::Nothing | Shown::Committed(_) | Shown::Attempted(_) => start.decide(),
    }
}

/// Data that is to be moved away is not lost yet.
fn of_data_moved_away(refusal: Refusal, lost: Lost, observed: &Observed) -> Refusal {
    match refusal {
        Refusal::ForgottenVotes { past: ids } | Refusal::DataLost { ids }
            if lost.set_aside && ids == lost.ids =>
        {
            let fits = observed.disk.past.map_or(observed.predicted, |past| past.ids) == ids;
            Refusal::VotesAside { ids, fits }
        }
        other => other,
    }
}

/// So many of `others` that every majority of them and this member has one of these in it.
pub fn majority_of_others(others: usize) -> usize {
    others / 2 + 1
}

/// A member with data goes on, unless its cluster has removed it or never saw it. That others answer for another cluster keeps it from
/// starting only if they are so many that it could not have a quorum.
fn resume(ids: Ids, observed: &Observed, peers: &[Peer]) -> Result<Step, Refusal> {
    let of_ours = || peers.iter().filter_map(Peer::cluster).filter(|cluster| cluster.id == ids.cluster);
    let replaced_by = || {
        let listed = peers.iter().filter_map(|peer| peer.cluster()?.member_at(&observed.peer_url));
        listed.filter(|member| !member.has_run()).map(|member| member.id).find(|id| *id != ids.member)
    };
    let lists_us = of_ours().any(|cluster| cluster.member(ids.member).is_some());
    if !lists_us && (observed.removed || peers.iter().any(|peer| peer.says_removed(ids))) {
        return Err(Refusal::Removed { ids, replaced_by: replaced_by() });
    }
    // Nothing here tells that this is our data, and it is not what the description leads to. The data of a member that was added
    // never is: then its cluster has to say that it is the one at our URL.
    let has_our_url = || {
        of_ours()
            .filter_map(|cluster| cluster.member_at(&observed.peer_url))
            .any(|member| member.id == ids.member)
    };
    if observed.disk.past.is_none() && ids != observed.predicted && !has_our_url() {
        return Err(Refusal::OtherCluster { found: ids, expected: observed.predicted });
    }
    let others: Vec<EtcdId> = peers.iter().filter_map(Peer::cluster).map(|cluster| cluster.id).collect();
    let foreign = others.iter().filter(|id| **id != ids.cluster).count();
    // This member is one of `peers.len() + 1`, so a majority is more than half of that.
    if foreign == others.len() && foreign > peers.len().div_ceil(2) {
        return Err(Refusal::OthersRunAnotherCluster { ids, answered: others[0] });
    }
    if observed.has_taken_part && is_unknown_to_most(ids, peers) {
        return Err(Refusal::NeverRanThere { ids });
    }
    Ok(Step::Start(StartDecision::Resume(ids)))
}

/// Whether so many members serve our cluster without knowing that this one has run that they are a quorum without it: they founded the
/// cluster a second time. One that is behind proves nothing, nor do starts, which do not follow what the cluster agrees to.
fn is_unknown_to_most(ids: Ids, peers: &[Peer]) -> bool {
    let listed = peers.iter().filter_map(|peer| match &peer.state {
        PeerState::Serves { cluster, .. } if cluster.id == ids.cluster => cluster.member(ids.member),
        _ => None,
    });
    let (known, unknown): (Vec<_>, Vec<_>) = listed.partition(|member| member.has_run());
    known.is_empty() && !peers.is_empty() && unknown.len() >= majority_of_others(peers.len())
}

/// The start of a member without a log.
struct NoLog<'d> {
    observed: &'d Observed,
    peers: &'d [Peer],
    shown: Shown,
}

impl NoLog<'_> {
    fn decide(&self) -> Result<Step, Refusal> {
        let mut answers = self.peers.iter().filter_map(|peer| Some((peer, peer.cluster()?)));
        let Some((first, cluster)) = answers.next() else { return self.decide_unanswered() };
        if let Some((second, other)) = answers.find(|(_, other)| other.id != cluster.id) {
            return Err(Refusal::TwoClusters {
                one: (first.name.clone(), cluster.id),
                other: (second.name.clone(), other.id),
            });
        }
        match self.listing() {
            Some((cluster, member)) => self.decide_as_listed(cluster, member),
            None if cluster.id == self.observed.predicted.cluster && self.is_nobody_listed() => {
                self.decide_as_founder(self.observed.predicted)
            }
            None => Err(self.refuse_unlisted(cluster)),
        }
    }

    /// The ids under which this member may have voted.
    fn voted_as(&self) -> Option<Ids> {
        match self.shown {
            Shown::Lost(lost) => Some(lost.ids),
            _ => None,
        }
    }

    /// Whether this member is committed to found the cluster that the description leads to. A commit to another counts for nothing.
    fn is_committed(&self) -> bool {
        matches!(self.shown, Shown::Committed(ids) | Shown::Attempted(ids) if ids == self.observed.predicted)
    }

    /// The member that the cluster has at our URL. Any of the answers may be behind, so who lists us is believed before who does not,
    /// and that a member has run before that it has not. A member that was added since replaces one that has run at the same URL,
    /// for etcd has a URL once. Should that answer be the older one after all, the added member is a removed one, which the cluster
    /// never lets take part.
    fn listing(&self) -> Option<(&LiveCluster, &LiveMember)> {
        let listings: Vec<_> = self
            .peers
            .iter()
            .filter_map(Peer::cluster)
            .filter_map(|cluster| Some((cluster, cluster.member_at(&self.observed.peer_url)?)))
            .collect();
        let has_run = |id| listings.iter().any(|(_, member)| member.id == id && member.has_run());
        let ours = self.observed.predicted.member;
        let added = listings.iter().find(|(_, member)| member.id != ours && !has_run(member.id));
        let ran = || listings.iter().find(|(_, member)| member.has_run());
        added.or_else(ran).or(listings.first()).copied()
    }

    /// A log whose first entries were not applied yet has no members: the founding ones follow from the id of the cluster.
    fn is_nobody_listed(&self) -> bool {
        self.peers.iter().filter_map(Peer::cluster).all(|cluster| cluster.members.is_empty())
    }

    /// A cluster lists this member's URL: as the member that is to come, or as one that has run.
    fn decide_as_listed(&self, cluster: &LiveCluster, member: &LiveMember) -> Result<Step, Refusal> {
        let ids = Ids { member: member.id, cluster: cluster.id };
        if member.has_run() {
            return Err(Refusal::DataLost { ids });
        }
        if ids == self.observed.predicted {
            return self.decide_as_founder(ids);
        }
        // A learner has no vote, and has not run: it came to nothing, if its last start made no log.
        let came_to_nothing = matches!(self.shown, Shown::Lost(lost) if lost.join_failed && member.learner);
        if self.voted_as() == Some(ids) && !came_to_nothing {
            return Err(Refusal::ForgottenVotes { past: ids });
        }
        self.decide_to_join(cluster, member)
    }

    /// The cluster was founded with this member, and waits for it.
    fn decide_as_founder(&self, ids: Ids) -> Result<Step, Refusal> {
        match self.shown {
            Shown::Lost(Lost { ids: past, .. }) if past == ids => Err(Refusal::ForgottenVotes { past }),
            // Whoever is there as etcd, or as a log of it, had heard that everybody is committed.
            _ if self.is_committed() => Ok(Step::Start(StartDecision::Bootstrap)),
            Shown::Lost(_) => Err(Refusal::FoundedBefore { ids, lost: None }),
            _ if self.observed.words.never_ran => self.decide_by_word(ids),
            _ => Err(Refusal::FoundedBefore { ids, lost: None }),
        }
    }

    /// The operator says that this member never ran. Most of the others have to say so too, and none the contrary, which is sure here.
    fn decide_by_word(&self, ids: Ids) -> Result<Step, Refusal> {
        let needed = (self.peers.len().div_ceil(2) + 1).min(self.peers.len());
        let say_so =
            |peer: &&Peer| peer.cluster().is_some_and(|cluster| cluster.member(ids.member).is_some());
        if self.peers.iter().filter(say_so).count() >= needed {
            return Ok(Step::Commit);
        }
        Ok(self.wait(WaitsTo::BelieveTheOperator, |peer| (!say_so(&peer)).then_some(AwaitedFor::Answer)))
    }

    /// Joins once a majority of the other voters expects the member: one that has run under this id is in the log of one of them.
    fn decide_to_join(&self, cluster: &LiveCluster, member: &LiveMember) -> Result<Step, Refusal> {
        if let Some(minor) = self.incompatible_minor() {
            let ours = self.observed.etcd_version.to_string();
            return Err(Refusal::Version { cluster: cluster.id, minor, ours });
        }
        // etcd would take what is left of another log's database for its own, and pass over entries that it seems to hold.
        if self.observed.disk.data.is_without_log() && !self.observed.said.set_aside {
            return Err(Refusal::DataWithoutLog);
        }
        let voters = cluster.members.iter().filter(|other| !other.learner && other.id != member.id);
        let expects = |peer: &Peer| {
            let listed = peer.cluster().and_then(|cluster| cluster.member(member.id));
            listed.is_some_and(|listed| !listed.has_run())
        };
        // Whoever answers is known by its URL.
        let is_voter = |peer: &Peer| {
            voters.clone().any(|voter| voter.peer_urls.iter().any(|url| url == peer.url.as_str()))
        };
        let said = self.peers.iter().filter(|peer| is_voter(peer) && expects(peer)).count();
        if said >= majority_of_others(voters.clone().count()) {
            let ids = Ids { member: member.id, cluster: cluster.id };
            let members = cluster.members.clone();
            return Ok(Step::Start(StartDecision::Join(Join { ids, learner: member.learner, members })));
        }
        Ok(self.wait(WaitsTo::Join, |peer| (!expects(peer)).then_some(AwaitedFor::Answer)))
    }

    /// The minor version of the running cluster, if a member of our version cannot join it: one may be a minor ahead, as in an
    /// upgrade, and never behind (`isCompatibleWithVers` in `server/etcdserver/cluster_util.go`).
    fn incompatible_minor(&self) -> Option<u64> {
        let minor = self.peers.iter().find_map(|peer| match &peer.state {
            PeerState::Serves { cluster_minor, .. } => *cluster_minor,
            _ => None,
        })?;
        let ours = self.observed.etcd_version.minor;
        (ours < minor || ours > minor + 1).then_some(minor)
    }

    fn refuse_unlisted(&self, cluster: &LiveCluster) -> Refusal {
        match self.voted_as() {
            Some(ids) if ids.cluster == cluster.id => Refusal::Removed { ids, replaced_by: None },
            _ if cluster.id == self.observed.predicted.cluster => Refusal::NotListed { cluster: cluster.id },
            _ => Refusal::OtherClusterAnswers { answered: cluster.id, predicted: self.observed.predicted },
        }
    }

    /// Nobody answers for a cluster, or has data of one.
    fn decide_unanswered(&self) -> Result<Step, Refusal> {
        let observed = self.observed;
        match self.shown {
            Shown::Lost(lost) if lost.join_failed => return Err(Refusal::NobodyToJoin { past: lost.ids }),
            Shown::Lost(_) if observed.disk.data.is_without_log() && observed.disk.past.is_none() => {
                return Err(Refusal::DataWithoutLog);
            }
            Shown::Lost(lost) => return Err(Refusal::ForgottenVotes { past: lost.ids }),
            // It was to join a cluster, which has to be there first.
            Shown::Committed(ids) | Shown::Attempted(ids)
                if observed.disk.past.is_some_and(|past| past.joins) =>
            {
                return Err(Refusal::NobodyToJoin { past: ids });
            }
            _ => {}
        }
        if let Some(founded) = observed.founded.filter(|founded| *founded != observed.predicted.cluster) {
            return Err(Refusal::SecondCluster { founded, predicted: observed.predicted });
        }
        if self.is_committed() {
            return Ok(self.go_or_wait());
        }
        if let Some(name) = observed.ran_as.clone() {
            return Err(Refusal::RanUnderAnotherName { name, ids: observed.predicted });
        }
        let shows = |peer: &&Peer| peer.shows(observed.predicted) == Some(LauncherShows::Lost);
        if let Some(lost) = self.peers.iter().find(shows) {
            return Err(Refusal::FoundedBefore { ids: observed.predicted, lost: Some(lost.name.clone()) });
        }
        self.refuse_without_right()?;
        Ok(self.commit_or_wait())
    }

    /// The right to bootstrap is given once, and where it was spent is not always known here.
    fn refuse_without_right(&self) -> Result<(), Refusal> {
        let of = match self.observed.right {
            RightToBootstrap::Given => return Ok(()),
            RightToBootstrap::Lapsed(issued) => Some(issued.date()),
            RightToBootstrap::ClockBehind { issued, now } => {
                return Err(Refusal::ClockBehind { issued, now });
            }
            RightToBootstrap::Withheld => None,
        };
        Err(Refusal::NoRightToBootstrap { ids: self.observed.predicted, of })
    }

    /// Commits when every other member is there, on a connection that is open now, and may found the cluster too.
    fn commit_or_wait(&self) -> Step {
        let may_found = |says: &Peer| says.says.as_ref().is_some_and(|says| says.may_found);
        let missing = |peer: &Peer| {
            let shows = peer.shows(self.observed.predicted);
            match (&peer.state, shows) {
                (PeerState::Launches, Some(LauncherShows::Committed | LauncherShows::Attempted)) => None,
                (PeerState::Launches, Some(LauncherShows::Nothing)) if may_found(peer) => None,
                (PeerState::Launches, Some(LauncherShows::Nothing)) => Some(AwaitedFor::Right),
                _ => Some(self.why_missing(peer)),
            }
        };
        self.when_complete(missing, Step::Commit)
    }

    /// Bootstraps when every other member is committed, or one went on, which had heard that.
    fn go_or_wait(&self) -> Step {
        let shows = |peer: &Peer| peer.shows(self.observed.predicted);
        if self.peers.iter().any(|peer| shows(peer) == Some(LauncherShows::Attempted)) {
            return Step::Start(StartDecision::Bootstrap);
        }
        let missing = |peer: &Peer| match shows(peer) {
            Some(LauncherShows::Committed) => None,
            Some(LauncherShows::Nothing) if peer.state == PeerState::Launches => Some(AwaitedFor::Commit),
            _ => Some(self.why_missing(peer)),
        };
        self.when_complete(missing, Step::Start(StartDecision::Bootstrap))
    }

    /// What is next when nobody is missing but those of whom the operator says that they never ran, if the others are a majority.
    fn when_complete(&self, missing: impl Fn(&Peer) -> Option<AwaitedFor>, next: Step) -> Step {
        let is_left_out = |peer: &Peer| self.observed.words.without.contains(&peer.name);
        let members = self.peers.len() + 1;
        let present = members - self.peers.iter().filter(|peer| is_left_out(peer)).count();
        let enough = present > members / 2;
        let missing = |peer: &Peer| missing(peer).filter(|_| !(enough && is_left_out(peer)));
        if self.peers.iter().any(|peer| missing(peer).is_some()) {
            self.wait(WaitsTo::Found, missing)
        } else {
            next
        }
    }

    fn why_missing(&self, peer: &Peer) -> AwaitedFor {
        let predicted = self.observed.predicted;
        match &peer.state {
            PeerState::Launches => match peer.says.as_ref().map(|says| says.predicted.cluster) {
                Some(cluster) if cluster != predicted.cluster => AwaitedFor::SameDescription(cluster),
                _ => AwaitedFor::Data,
            },
            PeerState::NotHeard | PeerState::Serves { .. } => AwaitedFor::Answer,
            PeerState::Closes => AwaitedFor::NewerProgram,
            PeerState::Starts => AwaitedFor::Reply,
            PeerState::Absent(why) => AwaitedFor::Presence(why.clone()),
            PeerState::Unusable(why) => AwaitedFor::Repair(why.clone()),
        }
    }

    fn wait(&self, to: WaitsTo, awaited: impl Fn(&Peer) -> Option<AwaitedFor>) -> Step {
        let awaited = self
            .peers
            .iter()
            .filter_map(|peer| Some(Awaited { name: peer.name.clone(), what: awaited(peer)? }));
        Step::Wait(to, awaited.collect())
    }
}
