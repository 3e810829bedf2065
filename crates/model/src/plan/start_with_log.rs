//! Whether a member with a log goes on.

use super::cluster::EtcdId;
use super::ids::Ids;
use super::observation::Observation;
use super::peers::{Peer, PeerState};
use super::refusal::Refusal;
use super::start_step::{StartDecision, Step, majority_of_others};

/// A member with data goes on, unless its cluster has removed it or never saw it. That others answer for
/// another cluster keeps it from starting only if they are so many that it could not have a quorum.
pub(super) fn resume(ids: Ids, observed: &Observation, peers: &[Peer]) -> Result<Step, Refusal> {
    let of_ours = || peers.iter().filter_map(Peer::cluster).filter(|cluster| cluster.id == ids.cluster);
    let replaced_by = || {
        let listed = peers.iter().filter_map(|peer| peer.cluster()?.member_at(&observed.peer_url));
        listed.filter(|member| !member.has_run()).map(|member| member.id).find(|id| *id != ids.member)
    };
    let lists_us = of_ours().any(|cluster| cluster.member(ids.member).is_some());
    if !lists_us && (observed.removed || peers.iter().any(|peer| peer.says_removed(ids))) {
        return Err(Refusal::Removed { ids, replaced_by: replaced_by() });
    }
    // Nothing here tells that this is our data, and it is not what the description gives. The data of a
    // member that was added never is: then its cluster has to say that it is the one at our URL.
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
    // After a restore those are members that have not got its data yet.
    if observed.restored.is_none() && foreign == others.len() && foreign > peers.len().div_ceil(2) {
        return Err(Refusal::OthersRunAnotherCluster { ids, answered: others[0] });
    }
    if observed.has_taken_part && is_unknown_to_most(ids, peers) {
        return Err(Refusal::NeverRanThere { ids });
    }
    Ok(Step::Start(StartDecision::Resume(ids)))
}

/// Whether so many members serve our cluster without knowing that this one has run that they are a quorum
/// without it: they founded the cluster a second time. One that is behind proves nothing, nor do starts,
/// which do not follow what the cluster agrees to.
fn is_unknown_to_most(ids: Ids, peers: &[Peer]) -> bool {
    let listed = peers.iter().filter_map(|peer| match &peer.state {
        PeerState::Serves { cluster, .. } if cluster.id == ids.cluster => cluster.member(ids.member),
        _ => None,
    });
    let (known, unknown): (Vec<_>, Vec<_>) = listed.partition(|member| member.has_run());
    known.is_empty() && !peers.is_empty() && unknown.len() >= majority_of_others(peers.len())
}
