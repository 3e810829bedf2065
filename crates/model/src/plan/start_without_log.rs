//! How a member without a log may start: with the others for the first time, as a new member, or not at all.

use super::disk_state::{LocalState, LostLog};
use super::ids::Ids;
use super::observation::{Observation, RightToBootstrap};
use super::peers::{LauncherShows, LiveCluster, LiveMember, Peer, PeerState};
use super::refusal::Refusal;
use super::start_step::{Join, StartDecision, Step, majority_of_others};
use super::wait::{Awaited, AwaitedFor, WaitsTo};

/// The start of a member without a log.
pub(super) struct WithoutLog<'d> {
    pub(super) observed: &'d Observation,
    pub(super) peers: &'d [Peer],
    pub(super) shown: LocalState,
}

impl WithoutLog<'_> {
    pub(super) fn decide(&self) -> Result<Step, Refusal> {
        let mut answers = self.peers.iter().filter_map(|peer| Some((peer, peer.cluster()?)));
        let Some((first, cluster)) = answers.next() else { return self.decide_unanswered() };
        if let Some(restored) = self.observed.restored.filter(|restored| *restored != cluster.id) {
            return Err(Refusal::NotRestored { restored });
        }
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
            LocalState::Lost(lost) => Some(lost.ids),
            _ => None,
        }
    }

    fn shown_ids(&self) -> Option<Ids> {
        match self.shown {
            LocalState::Nothing => None,
            LocalState::Lost(LostLog { ids, .. })
            | LocalState::Log(ids)
            | LocalState::Committed(ids)
            | LocalState::Attempted(ids) => Some(ids),
        }
    }

    /// Whether this member is committed to bootstrap the cluster that the description gives. A commit to
    /// another counts for nothing.
    fn is_committed(&self) -> bool {
        let predicted = self.observed.predicted;
        matches!(self.shown, LocalState::Committed(ids) | LocalState::Attempted(ids) if ids == predicted)
    }

    /// The member that the cluster has at our URL. Any of the answers may be behind, so who lists us is
    /// believed before who does not, and that a member has run before that it has not. A member that was
    /// added since replaces one that has run at the same URL, for etcd has a URL once. Should that answer be
    /// the older one after all, the added member is a removed one, which the cluster never lets take part.
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

    /// A log whose first entries were not applied yet has no members: the founding ones follow from the id of
    /// the cluster.
    fn is_nobody_listed(&self) -> bool {
        self.peers.iter().filter_map(Peer::cluster).all(|cluster| cluster.members.is_empty())
    }

    /// A cluster lists this member's URL: as the member that is to come, or as one that has run.
    fn decide_as_listed(&self, cluster: &LiveCluster, member: &LiveMember) -> Result<Step, Refusal> {
        let ids = Ids { member: member.id, cluster: cluster.id };
        if member.has_run() {
            return Err(Refusal::DataLost { ids });
        }
        // Of a restored cluster it is one of the first members, whatever the description has become since.
        let predicted = self.observed.predicted;
        let is_restored = self.observed.restored == Some(ids.cluster) && ids.member == predicted.member;
        if ids == predicted || is_restored {
            return self.decide_as_founder(ids);
        }
        // A learner has no vote, and has not run: it came to nothing, if its last start made no log.
        let came_to_nothing =
            matches!(self.shown, LocalState::Lost(lost) if lost.join_failed && member.learner);
        if self.voted_as() == Some(ids) && !came_to_nothing {
            return Err(Refusal::ForgottenVotes { past: ids });
        }
        self.decide_to_join(cluster, member)
    }

    /// The cluster was bootstrapped with this member, and waits for it.
    fn decide_as_founder(&self, ids: Ids) -> Result<Step, Refusal> {
        match self.shown {
            LocalState::Lost(LostLog { ids: past, .. }) if past == ids => {
                Err(Refusal::ForgottenVotes { past })
            }
            _ if let Some(restored) = self.observed.restored => Err(Refusal::NotRestored { restored }),
            // A member that is there as etcd, or with a log of it, had heard that all are committed.
            _ if self.is_committed() => Ok(Step::Start(StartDecision::Bootstrap)),
            LocalState::Lost(_) => Err(Refusal::FoundedBefore { ids, lost: None }),
            _ if self.observed.words.is_first_registration => Ok(Step::Commit),
            _ if self.observed.words.never_ran => self.decide_by_word(ids),
            _ => Err(Refusal::FoundedBefore { ids, lost: None }),
        }
    }

    /// The operator says that this member never ran. Most of the others have to say so too, and none the
    /// contrary, which is sure here.
    fn decide_by_word(&self, ids: Ids) -> Result<Step, Refusal> {
        let needed = (self.peers.len().div_ceil(2) + 1).min(self.peers.len());
        let say_so =
            |peer: &&Peer| peer.cluster().is_some_and(|cluster| cluster.member(ids.member).is_some());
        if self.peers.iter().filter(say_so).count() >= needed {
            return Ok(Step::Commit);
        }
        Ok(self.wait(WaitsTo::BelieveTheOperator, |peer| (!say_so(&peer)).then_some(AwaitedFor::Answer)))
    }

    /// Joins once a majority of the other voters expects the member: one that has run under this id is in the
    /// log of one of them.
    fn decide_to_join(&self, cluster: &LiveCluster, member: &LiveMember) -> Result<Step, Refusal> {
        if let Some(minor) = self.incompatible_minor() {
            let ours = self.observed.etcd_version.to_string();
            return Err(Refusal::Version { cluster: cluster.id, minor, ours });
        }
        // etcd would take what is left of another log's database for its own, and pass over entries that it
        // seems to hold.
        if self.observed.disk.data.is_without_log() && !self.observed.said.set_aside {
            return Err(Refusal::DataWithoutLog);
        }
        let voters = cluster.members.iter().filter(|other| !other.learner && other.id != member.id);
        let expects = |peer: &Peer| {
            let listed = peer.cluster().and_then(|cluster| cluster.member(member.id));
            listed.is_some_and(|listed| !listed.has_run())
        };
        // A member that answers is known by its URL.
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

    /// The minor version of the running cluster, if a member of our version cannot join it: one may be a
    /// minor ahead, as in an upgrade, and never behind (`isCompatibleWithVers` in
    /// `server/etcdserver/cluster_util.go`).
    fn incompatible_minor(&self) -> Option<u64> {
        let said = self.peers.iter().filter_map(|peer| match &peer.state {
            PeerState::Serves { cluster_minor, .. } => *cluster_minor,
            _ => None,
        });
        // A cluster is at 3.0 until all of its members have been seen, as one that was bootstrapped without
        // this one is (`MinClusterVersion` in `api/version/version.go`); a member that has just started may
        // not know of more yet.
        let minor = said.max()?;
        if minor == 0 {
            return None;
        }
        let ours = self.observed.etcd_version.minor;
        (ours < minor || ours > minor + 1).then_some(minor)
    }

    fn refuse_unlisted(&self, cluster: &LiveCluster) -> Refusal {
        match self.voted_as() {
            Some(ids) if ids.cluster == cluster.id => Refusal::Removed { ids, replaced_by: None },
            _ if cluster.id == self.observed.predicted.cluster => Refusal::NotListed { cluster: cluster.id },
            _ => Refusal::OtherClusterAnswers {
                answered: cluster.id,
                predicted: self.observed.predicted,
                never_ran: cluster
                    .members
                    .iter()
                    .filter(|member| !member.has_run())
                    .map(|member| member.name.clone())
                    .collect(),
            },
        }
    }

    /// No member answers for a cluster, or has data of one.
    fn decide_unanswered(&self) -> Result<Step, Refusal> {
        let observed = self.observed;
        // What was here before the restore is of no use, and what is missing is not it.
        if let Some(restored) = observed.restored
            && self.shown_ids().is_none_or(|ids| ids.cluster != restored)
        {
            return Err(Refusal::NotRestored { restored });
        }
        match self.shown {
            LocalState::Lost(lost) if lost.join_failed => {
                return Err(Refusal::NobodyToJoin { past: lost.ids });
            }
            LocalState::Lost(_) if observed.disk.data.is_without_log() && observed.disk.past.is_none() => {
                return Err(Refusal::DataWithoutLog);
            }
            LocalState::Lost(lost) => return Err(Refusal::ForgottenVotes { past: lost.ids }),
            // It was to join a cluster, which has to be there first.
            LocalState::Committed(ids) | LocalState::Attempted(ids)
                if observed.disk.past.is_some_and(|past| past.joins) =>
            {
                return Err(Refusal::NobodyToJoin { past: ids });
            }
            _ => {}
        }
        if let Some(restored) = observed.restored {
            return Err(Refusal::NotRestored { restored });
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

    /// Commits when every other member is there, on a connection that is open now, and may bootstrap the
    /// cluster too.
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

    /// What is next when none are missing but those that never ran by the operator's word, if the others are
    /// a majority.
    fn when_complete(&self, missing: impl Fn(&Peer) -> Option<AwaitedFor>, next: Step) -> Step {
        let is_left_out = |peer: &Peer| self.observed.words.without.contains(&peer.name);
        let members = self.peers.len() + 1;
        let present = members - self.peers.iter().filter(|peer| is_left_out(peer)).count();
        let enough = present > members / 2;
        // Who says that it has run is not left out, whatever the operator says.
        let missing = |peer: &Peer| {
            missing(peer).filter(|what| *what == AwaitedFor::Data || !(enough && is_left_out(peer)))
        };
        if self.peers.iter().any(|peer| missing(peer).is_some()) {
            self.wait(WaitsTo::Found, missing)
        } else {
            next
        }
    }

    fn why_missing(&self, peer: &Peer) -> AwaitedFor {
        let predicted = self.observed.predicted;
        match (&peer.state, &peer.says) {
            // It may have gone since.
            (_, Some(_)) if peer.shows(predicted) == Some(LauncherShows::Lost) => AwaitedFor::Data,
            (PeerState::Launches, Some(says)) if says.predicted.cluster != predicted.cluster => {
                AwaitedFor::SameDescription(says.predicted.cluster)
            }
            (PeerState::Launches | PeerState::NotHeard | PeerState::Serves { .. }, _) => AwaitedFor::Answer,
            (PeerState::Closes, _) => AwaitedFor::NewerProgram,
            (PeerState::Starts, _) => AwaitedFor::Reply,
            (PeerState::Absent(why), _) => AwaitedFor::Presence(why.clone()),
            (PeerState::Unusable(why), _) => AwaitedFor::Repair(why.clone()),
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
