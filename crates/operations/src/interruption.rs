//! What members are interrupted for.

/// Why a member is not there for its clients for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// It is restarted.
    Restart,
    /// It rewrites its database file: it stays a voter, and applies nothing.
    Defragmentation,
}
