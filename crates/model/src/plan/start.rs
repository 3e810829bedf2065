//! The start decision: may this member start, and as what? A pure function over what was observed and heard.
//!
//! A zone is bootstrapped when **all** of its members are there, show no log and no past, and each has
//! committed on its own disk; only then does any of them become etcd without data. A majority is not enough:
//! a member that is wiped later, with its commit, would found the cluster a second time with one that has not
//! come up yet. Afterwards a member with neither data nor a commit never bootstraps, the members that list
//! it. So every member that enters with an empty log is in raft's first state, once, and raft's own proof
//! holds. `tests/model` searches for a behaviour of these functions that breaks that.

use super::disk_state::{LocalState, LostLog};
use super::observation::Observation;
use super::peers::Peer;
use super::refusal::Refusal;
use super::start_step::Step;
use super::start_with_log::resume;
use super::start_without_log::WithoutLog;

/// Decides what a start does next. `peers` are all the other members of the zone description.
///
/// # Errors
/// A start that could lose acknowledged writes, or that cannot come to anything.
pub fn decide(observed: &Observation, peers: &[Peer]) -> Result<Step, Refusal> {
    let shown = observed.local_state()?;
    let start = WithoutLog { observed, peers, shown };
    match shown {
        LocalState::Log(ids) => resume(ids, observed, peers),
        LocalState::Lost(lost) => {
            start.decide().map_err(|refusal| of_data_moved_away(refusal, lost, observed))
        }
        LocalState::Nothing | LocalState::Committed(_) | LocalState::Attempted(_) => start.decide(),
    }
}

/// Data that is to be moved away is not lost yet.
fn of_data_moved_away(refusal: Refusal, lost: LostLog, observed: &Observation) -> Refusal {
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
