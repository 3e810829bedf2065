//! The rules of before, in short: `decide` as it was before a zone was bootstrapped by all of its members.
//! They rest on an observation that an image passes (device, inode and times of the data directory), on
//! silence, and on the list of any member.

use model::plan::{
    DataDirectory, LiveMember, Observation, Peer, PeerState, Phase, Refusal, StartDecision, Step,
};

/// `believes_lists`: who is listed as one that has not run bootstraps the cluster with the others.
pub fn decide(observed: &Observation, peers: &[Peer], believes_lists: bool) -> Result<Step, Refusal> {
    if let DataDirectory::Log(ids) = observed.disk.data {
        return Ok(Step::Start(StartDecision::Resume(ids)));
    }
    if let Some(past) = observed.disk.past.filter(|past| past.phase == Phase::Ran) {
        return Err(Refusal::ForgottenVotes { past: past.ids });
    }
    let wait = || Ok(Step::Wait(model::plan::WaitsTo::Found, Vec::new()));
    if peers.iter().any(|peer| peer.state == PeerState::NotHeard) {
        return wait();
    }
    let listed: Vec<_> =
        peers.iter().filter_map(|peer| peer.cluster()?.member_at(&observed.peer_url)).collect();
    if listed.iter().copied().any(LiveMember::has_run) {
        return Err(Refusal::DataLost { ids: observed.predicted });
    }
    if !listed.is_empty() && !believes_lists {
        return wait();
    }
    Ok(Step::Start(StartDecision::Bootstrap))
}
