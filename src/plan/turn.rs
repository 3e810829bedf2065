//! Whose turn it is to become etcd, when several members start at the same time.
//!
//! Before etcd serves its peers it asks the others, one after the other and a second each, for the cluster
//! (`isMemberBootstrapped` in `server/etcdserver/cluster_util.go`), and with the corruption check also for their hashes. A
//! member whose port is bound but not served yet keeps them waiting, so members that start together hold each other up. If
//! each becomes etcd only when those before it serve, nobody waits: whoever has to wait shows that it is there by taking
//! connections and closing them, which etcd takes for a failed request at once.

use std::time::Duration;

/// How long a member waits for answers before it takes silence for absence.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// How long a member waits for one before it that is not there: members that are started together do not come up in the same
/// millisecond.
pub const GRACE: Duration = Duration::from_millis(150);
/// How long the port of a member that becomes etcd can be unbound: from the exec to etcd's own listener.
pub const EXEC_GAP: Duration = Duration::from_secs(1);
/// After this time a member starts whatever the others do.
pub const TURN_LIMIT: Duration = Duration::from_secs(5);

/// What was last seen of another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glimpse {
    /// Nothing yet.
    Pending,
    /// It answers; or it is there in a way that no waiting will change.
    Settled,
    /// It waits for its turn.
    Waits,
    /// Its port is bound and not served.
    Starts,
    /// Nobody is there.
    Absent,
    /// Nobody is there now, and a moment ago somebody was, for so long as is told here.
    Gone(Duration),
}

/// Whether a member may become etcd now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It may.
    Go,
    /// Not before these others have done something; by their places in the list that was asked about.
    WaitFor(Vec<usize>),
}

/// Decides from what was last seen of the others, each with whether its turn is before this member's, and the time since this
/// member began to look.
pub fn turn(others: &[(Glimpse, bool)], elapsed: Duration) -> Turn {
    if elapsed >= TURN_LIMIT {
        return Turn::Go;
    }
    let holds_us_up = |&(glimpse, before): &(Glimpse, bool)| match glimpse {
        Glimpse::Pending => elapsed < ANSWER_LIMIT,
        Glimpse::Settled => false,
        Glimpse::Waits => before,
        Glimpse::Starts => true,
        Glimpse::Absent => before && elapsed < GRACE,
        Glimpse::Gone(since) => since < EXEC_GAP,
    };
    let waits: Vec<usize> =
        others.iter().enumerate().filter(|(_, other)| holds_us_up(other)).map(|(place, _)| place).collect();
    if waits.is_empty() { Turn::Go } else { Turn::WaitFor(waits) }
}
