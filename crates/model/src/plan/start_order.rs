//! Whose turn it is to become etcd, when several members start at the same time.
//!
//! Before etcd serves its peers it asks the others, one after the other and a second each, for the cluster
//! (`isMemberBootstrapped` in `server/etcdserver/cluster_util.go`), and if it has data, for their hashes. A
//! member whose port is bound but not served yet keeps them waiting, so members that start together hold each
//! other up. If each becomes etcd only when those before it serve, no member waits: one that has to wait
//! shows that it is there by taking connections and closing them, which etcd takes for a failed request at
//! once.
//!
//! A member without data asks only until one answers, in the order of the URLs (`getRemotePeerURLs`). So the
//! turns are in that order, and as soon as the first member serves, all that bootstrap the cluster with it
//! become etcd at once. Those with data ask all others, and go one by one.
//!
//! Tried for five members without data, started at once on two processors, until all take requests, 40
//! starts, median (p95): one by one 0.44 s (0.77 s); all after the first 0.36 s (0.60 s). etcd itself, in
//! another run: 4.2 s (4.5 s). What is left is mostly the election, whose time-out etcd draws. Its clock runs
//! from the start of each member, so nothing is gained by an order of starts beyond having them early.

use std::time::Duration;

/// How long a member waits for answers before it takes silence for absence.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// How long a member waits for one before it that is not there: members that are started together do not come
/// up in the same millisecond.
pub const GRACE: Duration = Duration::from_millis(150);
/// How long the port of a member that becomes etcd can be unbound: from the exec to etcd's own listener.
pub const EXEC_GAP: Duration = Duration::from_secs(1);
/// After this time a member starts whatever the others do.
pub const START_ORDER_LIMIT: Duration = Duration::from_secs(5);

/// What was last seen of another member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSeen {
    /// Nothing yet.
    Pending,
    /// It answers; or it is there in a way that no waiting will change.
    Settled,
    /// It answers for the cluster that this member is to found with it, and in which no member has taken part
    /// yet.
    Founds,
    /// It waits for its turn.
    Waits,
    /// Its port is bound and not served.
    Starts,
    /// Nothing listens there.
    Absent,
    /// Nothing listens there now; a moment ago something did. With the time since then.
    Gone(Duration),
}

/// Whether a member may become etcd now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartOrder {
    /// It may.
    Go,
    /// Not before these others have done something; by their places in the list that was asked about.
    WaitFor(Vec<usize>),
}

/// Decides from what was last seen of the others, in the order of their URLs and each with whether it is
/// before this member in that order, and the time since this member began to look.
pub fn start_order(others: &[(LastSeen, bool)], elapsed: Duration) -> StartOrder {
    if elapsed >= START_ORDER_LIMIT {
        return StartOrder::Go;
    }
    // etcd's question ends with the answer of this one: it does not come to those behind, but one that may
    // have something to say is heard before the start is decided.
    let answers = others.iter().position(|(seen, _)| *seen == LastSeen::Founds).unwrap_or(others.len());
    let holds_us_up = |place: usize, seen: LastSeen, before: bool| match seen {
        LastSeen::Pending => elapsed < ANSWER_LIMIT,
        LastSeen::Settled | LastSeen::Founds => false,
        _ if place > answers => false,
        LastSeen::Waits => before,
        LastSeen::Starts => true,
        LastSeen::Absent => before && elapsed < GRACE,
        LastSeen::Gone(since) => since < EXEC_GAP,
    };
    let places = others.iter().enumerate();
    let waits: Vec<usize> = places
        .filter(|(place, (seen, before))| holds_us_up(*place, *seen, *before))
        .map(|(place, _)| place)
        .collect();
    if waits.is_empty() { StartOrder::Go } else { StartOrder::WaitFor(waits) }
}
