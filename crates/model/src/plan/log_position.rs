//! How far a write-ahead log has come, and whether it is an older copy of one that was seen before.

use serde::{Deserialize, Serialize};

/// How far a log has come: raft's hard state, and its last entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogPosition {
    /// The newest term that the member knows.
    pub term: u64,
    /// The index of the last entry that it knows to be committed.
    pub commit: u64,
    /// The term of the last entry.
    pub last_term: u64,
    /// The index of the last entry.
    pub last_index: u64,
}

impl LogPosition {
    /// Whether a log at this position is certainly an older copy of one that was noted at `noted`.
    ///
    /// Terms and commit indexes only grow (section 5.1 and figure 2 of the raft paper). A follower drops
    /// entries of older terms that a new leader does not have, so a shorter log proves nothing by itself,
    /// except in the term of its own last entry: there entries are only appended.
    pub fn is_older_than(self, noted: Self) -> bool {
        let same_term = self.term == noted.term && noted.term == noted.last_term;
        self.term < noted.term
            || self.commit < noted.commit
            || (same_term && (self.last_term, self.last_index) < (noted.last_term, noted.last_index))
    }
}

impl std::fmt::Display for LogPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { term, commit, last_term, last_index } = self;
        write!(f, "term {term}, commit index {commit}, last entry {last_index} of term {last_term}")
    }
}
