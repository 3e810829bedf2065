//! The start decision: may this member start, and as what? A pure function over what was observed.

use super::cluster::EtcdId;
use super::observed::{DataDirectory, Ids, Observed, PastStart, RightToBootstrap};
use super::peers::{LiveCluster, LiveMember, Peer, PeerState};
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

/// Decides how the member may start.
///
/// A member whose log is gone may not bootstrap again: the ids follow from the configuration, so it would take part in
/// elections as the same member, and could vote against what it has acknowledged. It may only join, as another member, once
/// the cluster has been told to replace it.
///
/// A member without data and without a past may bootstrap only the cluster that the zone has: with more members in its
/// description than it was founded with, the new ones would be a majority, and found a second cluster.
pub fn decide(observed: &Observed, peers: &[Peer]) -> Result<StartDecision, Refusal> {
    if let Some(refusal) = refuse_by_data(observed) {
        return Err(refusal);
    }
    match observed.data {
        DataDirectory::Log(ids) if !observed.set_aside => resume(ids, observed, peers),
        DataDirectory::Log(ids) => start_without_data(observed, peers).map_err(|refusal| match refusal {
            // It is not lost yet.
            Refusal::ForgottenVotes { past } | Refusal::DataLost { ids: past } if past == ids => {
                Refusal::VotesAside {
                    ids,
                    fits: observed.past.map_or(observed.predicted, |past| past.ids) == ids,
                }
            }
            other => other,
        }),
        _ => start_without_data(observed, peers),
    }
}

/// Why the member must not start whatever the others answer, so that it is known before anything is done.
pub fn refuse_by_data(observed: &Observed) -> Option<Refusal> {
    match (observed.data, observed.past) {
        (DataDirectory::Empty, None) => {
            observed.ran_as.clone().map(|name| Refusal::RanUnderAnotherName { name, ids: observed.predicted })
        }
        _ if observed.set_aside => None,
        (DataDirectory::Log(found), Some(past)) if found != past.ids => {
            Some(Refusal::ForeignData { found, expected: past.ids })
        }
        (DataDirectory::WithoutLog, None) => Some(Refusal::DataWithoutLog),
        (DataDirectory::WithoutLog, Some(past)) if past.joined && !past.had_log => {
            Some(Refusal::JoinInterrupted { past: past.ids })
        }
        (DataDirectory::WithoutLog, Some(past)) => Some(Refusal::ForgottenVotes { past: past.ids }),
        _ => None,
    }
}

/// A member with data goes on, unless its cluster has removed it. That others answer for another cluster keeps it from
/// starting only if they are so many that it could not have a quorum.
fn resume(ids: Ids, observed: &Observed, peers: &[Peer]) -> Result<StartDecision, Refusal> {
    let replaced_by = || {
        let listed = peers.iter().filter_map(|peer| peer.cluster()?.member_at(&observed.peer_url));
        listed.filter(|member| !member.has_run()).map(|member| member.id).find(|id| *id != ids.member)
    };
    let removed = |peer: &Peer| matches!(&peer.state, PeerState::Serves { cluster, removed: true, .. } if cluster.id == ids.cluster);
    let lists_us = |peer: &Peer| {
        peer.cluster()
            .is_some_and(|cluster| cluster.id == ids.cluster && cluster.member(ids.member).is_some())
    };
    if !peers.iter().any(lists_us) && (observed.removed || peers.iter().any(removed)) {
        return Err(Refusal::Removed { ids, replaced_by: replaced_by() });
    }
    // Nothing here tells that this is our data, and it is not what the description leads to. The data of a member that was added
    // never is: then its cluster has to say that it is the one at our URL.
    let has_our_url = |peer: &Peer| {
        peer.cluster()
            .filter(|cluster| cluster.id == ids.cluster)
            .and_then(|cluster| cluster.member_at(&observed.peer_url))
            .is_some_and(|member| member.id == ids.member)
    };
    if observed.past.is_none() && ids != observed.predicted && !peers.iter().any(has_our_url) {
        return Err(Refusal::OtherCluster { found: ids, expected: observed.predicted });
    }
    let others: Vec<EtcdId> = peers.iter().filter_map(Peer::cluster).map(|cluster| cluster.id).collect();
    let foreign = others.iter().filter(|id| **id != ids.cluster).count();
    // This member is one of `peers.len() + 1`, so a majority is more than half of that.
    if foreign == others.len() && foreign > peers.len().div_ceil(2) {
        return Err(Refusal::OthersRunAnotherCluster { ids, answered: others[0] });
    }
    Ok(StartDecision::Resume(ids))
}

fn start_without_data(observed: &Observed, peers: &[Peer]) -> Result<StartDecision, Refusal> {
    let past = past_votes(observed);
    let mut answers = peers.iter().filter_map(|peer| Some((peer, peer.cluster()?)));
    let Some((first, cluster)) = answers.next() else {
        return start_unanswered(observed, past, peers);
    };
    if let Some((second, other)) = answers.find(|(_, other)| other.id != cluster.id) {
        return Err(Refusal::TwoClusters {
            one: (first.name.clone(), cluster.id),
            other: (second.name.clone(), other.id),
        });
    }
    match listing(observed, peers) {
        Some((cluster, member)) => start_as_listed(observed, past, peers, cluster, member),
        None => Err(refuse_unlisted(observed, past, cluster)),
    }
}

/// The member that the cluster has at our URL. Any of the answers may be behind, so who lists us is believed before who does not,
/// and that a member has run before that it has not. A member that was added since replaces one that has run at the same URL,
/// for etcd has a URL once. Should that answer be the older one after all, the added member is a removed one, which the cluster
/// never lets take part.
fn listing<'p>(observed: &Observed, peers: &'p [Peer]) -> Option<(&'p LiveCluster, &'p LiveMember)> {
    let listings: Vec<_> = peers
        .iter()
        .filter_map(Peer::cluster)
        .filter_map(|cluster| Some((cluster, cluster.member_at(&observed.peer_url)?)))
        .collect();
    let has_run = |id| listings.iter().any(|(_, member)| member.id == id && member.has_run());
    let added =
        listings.iter().find(|(_, member)| member.id != observed.predicted.member && !has_run(member.id));
    let ran = || listings.iter().find(|(_, member)| member.has_run());
    added.or_else(ran).or(listings.first()).copied()
}

/// What is known of votes that this member may have given: by `state.json`, or by the data that is to be put aside. A log counts
/// whatever its ids are, since a member that was added has others than the description leads to; and files without one count as
/// those of the member that is predicted. Of the only member of a zone, data that is not its own tells nothing.
fn past_votes(observed: &Observed) -> Option<PastStart> {
    let voted = |ids| Some(PastStart { ids, had_log: true, untouched: false, joined: false });
    observed.past.or(match observed.data {
        DataDirectory::Log(ids) if !observed.alone || ids == observed.predicted => voted(ids),
        DataDirectory::WithoutLog if !observed.alone => voted(observed.predicted),
        _ => None,
    })
}

fn start_unanswered(
    observed: &Observed,
    past: Option<PastStart>,
    peers: &[Peer],
) -> Result<StartDecision, Refusal> {
    match (past, observed.founded) {
        (Some(_), _) if observed.data == DataDirectory::WithoutLog && observed.past.is_none() => {
            return Err(Refusal::DataWithoutLog);
        }
        (Some(past), _) if past.joined && !past.had_log => {
            return Err(Refusal::NobodyToJoin { past: past.ids });
        }
        (Some(past), _) if past.may_have_voted() => return Err(Refusal::ForgottenVotes { past: past.ids }),
        (_, Some(founded)) if founded != observed.predicted.cluster => {
            return Err(Refusal::SecondCluster { founded, predicted: observed.predicted });
        }
        _ => {}
    }
    let unusable = |peer: &Peer| match &peer.state {
        PeerState::Unusable(why) => Some((peer.name.clone(), why.clone())),
        PeerState::Starts => Some((peer.name.clone(), "it takes connections and says nothing".to_owned())),
        PeerState::Serves { .. } | PeerState::Waits | PeerState::Absent(_) => None,
    };
    let unusable: Vec<(String, String)> = peers.iter().filter_map(unusable).collect();
    if unusable.is_empty() { bootstrap(observed, false) } else { Err(Refusal::UnusablePeers(unusable)) }
}

/// The right to bootstrap is spent once, and where it was spent is not always known here.
/// `is_listed` if a cluster answers and lists this member.
fn bootstrap(observed: &Observed, is_listed: bool) -> Result<StartDecision, Refusal> {
    let of = match observed.right {
        RightToBootstrap::Given => return Ok(StartDecision::Bootstrap),
        RightToBootstrap::Lapsed(issued) => Some(issued.date()),
        RightToBootstrap::ClockBehind { issued, now } => return Err(Refusal::ClockBehind { issued, now }),
        RightToBootstrap::Withheld => None,
    };
    Err(Refusal::NoRightToBootstrap { ids: observed.predicted, of, is_listed })
}

/// The cluster lists this member's URL: as the member that is to come, or as one that has run.
fn start_as_listed(
    observed: &Observed,
    past: Option<PastStart>,
    peers: &[Peer],
    cluster: &LiveCluster,
    member: &LiveMember,
) -> Result<StartDecision, Refusal> {
    let ids = Ids { member: member.id, cluster: cluster.id };
    if member.has_run() {
        return Err(Refusal::DataLost { ids });
    }
    // A learner has no vote, and has not run: it came to nothing, if its last start made no log.
    let came_to_nothing = |past: &PastStart| {
        past.joined && !past.had_log && member.learner && !matches!(observed.data, DataDirectory::Log(_))
    };
    let same = past.filter(|past| past.ids == ids && past.may_have_voted());
    if let Some(past) = same.filter(|past| !came_to_nothing(past)) {
        return Err(Refusal::ForgottenVotes { past: past.ids });
    }
    // One of the founding members, which has not come up yet: its part of the bootstrap is still to be done, and the others
    // may have no quorum that it could join.
    if ids == observed.predicted {
        return bootstrap(observed, true);
    }
    if let Some(minor) = incompatible_minor(observed, peers) {
        return Err(Refusal::Version { cluster: cluster.id, minor, ours: observed.etcd_version.to_string() });
    }
    Ok(StartDecision::Join(Join { ids, learner: member.learner, members: cluster.members.clone() }))
}

/// The minor version of the running cluster, if a member of our version cannot join it: one may be a minor ahead, as in an
/// upgrade, and never behind (`isCompatibleWithVers` in `server/etcdserver/cluster_util.go`).
fn incompatible_minor(observed: &Observed, peers: &[Peer]) -> Option<u64> {
    let minor = peers.iter().find_map(|peer| match &peer.state {
        PeerState::Serves { cluster_minor, .. } => *cluster_minor,
        _ => None,
    })?;
    (observed.etcd_version.minor < minor || observed.etcd_version.minor > minor + 1).then_some(minor)
}

fn refuse_unlisted(observed: &Observed, past: Option<PastStart>, cluster: &LiveCluster) -> Refusal {
    match past {
        Some(past) if past.ids.cluster == cluster.id && past.may_have_voted() => {
            Refusal::Removed { ids: past.ids, replaced_by: None }
        }
        _ if cluster.id == observed.predicted.cluster => Refusal::NotListed { cluster: cluster.id },
        _ => Refusal::OtherClusterAnswers { answered: cluster.id, predicted: observed.predicted },
    }
}
