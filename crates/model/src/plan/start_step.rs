//! What a start may do next.

use super::ids::Ids;
use super::peers::LiveMember;
use super::wait::{Awaited, WaitsTo};

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

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Become etcd.
    Start(StartDecision),
    /// Record that this member is to bootstrap the cluster, show that, and decide again.
    Commit,
    /// Wait for others, and decide again. Never empty.
    Wait(WaitsTo, Vec<Awaited>),
}

/// So many of `others` that every majority of them and this member has one of these in it.
pub fn majority_of_others(others: usize) -> usize {
    others / 2 + 1
}
