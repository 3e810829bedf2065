//! What a start writes before it goes on, one durable write after the other. A start may end between any two
//! of them, and the next one finds what the first half of [`super::disk_state`] says of that; the order is
//! part of the protocol.

use super::disk_state::{DataDirectory, LocalState, Nonce, Phase};
use super::ids::Ids;
use super::observation::Observation;
use super::start_step::{StartDecision, Step};

/// One durable write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// The data directory with `member/` in it, made if they are not there. Both are synced, and the
    /// directory above: etcd never syncs the entry of `member/`, so after a power cut a log would be gone.
    DataDirectory,
    /// The nonce, in the data directory.
    Nonce(Nonce),
    /// `state.json`.
    State {
        /// Which member.
        ids: Ids,
        /// The step that is being taken.
        phase: Phase,
        /// Whether it joins.
        joins: bool,
    },
    /// The newest file of the log is synced, so that no power cut takes back what is noted of it.
    SyncLog,
    /// The position of the log, as the farthest that this member has come, unless farther is noted.
    Note(Ids),
    /// The same for an older copy that the operator accepts: the farther note is forgotten, so that the next
    /// start goes on too.
    NoteAnew(Ids),
    /// The nonce is removed: etcd has a log now.
    RemoveNonce,
    /// The data directory is renamed, and the directory above synced.
    MoveDataAside,
}

/// What is written for a step. `fresh` is a nonce that was never used.
pub fn writes(observed: &Observation, shown: LocalState, step: &Step, fresh: Nonce) -> Vec<Write> {
    let mut writes = Vec::new();
    let moves_aside = observed.said.set_aside && observed.disk.data != DataDirectory::Empty;
    if moves_aside {
        // That it may have voted is recorded before the evidence goes.
        if let LocalState::Lost(lost) = shown {
            writes.push(Write::State { ids: lost.ids, phase: Phase::Ran, joins: false });
        }
        writes.push(Write::MoveDataAside);
    }
    match step {
        Step::Wait(..) => return Vec::new(),
        Step::Commit => {
            let ids = observed.predicted;
            writes.push(Write::DataDirectory);
            writes.push(Write::State { ids, phase: Phase::Committed, joins: false });
        }
        Step::Start(StartDecision::Bootstrap) => {
            let again = matches!(shown, LocalState::Attempted(_));
            attempt(&mut writes, observed.predicted, fresh, false, again);
        }
        Step::Start(StartDecision::Join(join)) => attempt(&mut writes, join.ids, fresh, true, true),
        Step::Start(StartDecision::Resume(ids)) => writes.extend([
            Write::SyncLog,
            if observed.said.accept_older { Write::NoteAnew(*ids) } else { Write::Note(*ids) },
            Write::State {
                ids: *ids,
                phase: Phase::Ran,
                joins: observed.disk.past.is_some_and(|past| past.joins),
            },
            Write::RemoveNonce,
        ]),
    }
    writes
}

/// The nonce is there before `state.json` demands it. One that is replaced is not demanded any more at that
/// moment: a start that ended between the two would otherwise find a directory that seems to have been
/// emptied.
fn attempt(writes: &mut Vec<Write>, ids: Ids, nonce: Nonce, joins: bool, not_committed: bool) {
    if not_committed {
        writes.push(Write::State { ids, phase: Phase::Committed, joins });
    }
    writes.push(Write::DataDirectory);
    writes.push(Write::Nonce(nonce));
    writes.push(Write::State { ids, phase: Phase::Attempted(nonce), joins });
}
