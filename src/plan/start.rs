//! The start decision: may this member start, and as what? A pure function over what was observed.

use super::cluster::EtcdId;

/// The ids of a member and of its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The member's.
    pub member: EtcdId,
    /// The cluster's.
    pub cluster: EtcdId,
}

/// What the data directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataDirectory {
    /// Nothing, or no directory.
    Empty,
    /// Files, but no write-ahead log: etcd ended before it had anything to lose, or the log was removed.
    WithoutLog,
    /// A write-ahead log of this member.
    Log(Ids),
}

/// What `state.json` tells of the last start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastStart {
    /// The ids that the member was started with.
    pub ids: Ids,
    /// Whether a write-ahead log was there at that start.
    pub had_log: bool,
    /// Whether the data directory is still the one of that start and nothing was ever written to it.
    pub untouched: bool,
    /// Whether the data directory is still the one of that start.
    pub same_directory: bool,
}

/// All that the decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The data directory.
    pub data: DataDirectory,
    /// The last start, if there was one.
    pub past: Option<PastStart>,
    /// The ids that follow from the zone description.
    pub predicted: Ids,
}

/// How the member may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartDecision {
    /// Go on with the data that is there. etcd takes its peers from the data, not from the command line.
    Resume(Ids),
    /// Start with the other members of the initial cluster as a new cluster.
    Bootstrap,
}

impl StartDecision {
    /// The word for it in `plan` and `state.json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Resume(_) => "resume",
            Self::Bootstrap => "bootstrap",
        }
    }
}

/// Why the member must not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The data is not of the member that was last started here.
    #[error(
        "the data directory belongs to member {} of cluster {}, but this node last ran member {} of cluster {}",
        found.member, found.cluster, expected.member, expected.cluster
    )]
    ForeignData {
        /// What the data says.
        found: Ids,
        /// What `state.json` says.
        expected: Ids,
    },
    /// The data is of no member that the zone description leads to, and nothing is known of an earlier start.
    #[error(
        "the data directory belongs to member {} of cluster {}, but this zone's is member {} of cluster {}",
        found.member, found.cluster, expected.member, expected.cluster
    )]
    OtherCluster {
        /// What the data says.
        found: Ids,
        /// What follows from the zone description.
        expected: Ids,
    },
    /// The log is gone, and with it the votes that the member gave.
    #[error("member {} of cluster {} has run here, but its data is gone: it has forgotten its votes", past.member, past.cluster)]
    ForgottenVotes {
        /// The ids of the member that ran.
        past: Ids,
    },
}

/// Decides how the member may start.
///
/// A member whose log is gone may not bootstrap again: the ids follow from the configuration, so it would take part in
/// elections as the same member, and could vote against what it has acknowledged.
pub fn decide(observed: Observed) -> Result<StartDecision, Refusal> {
    let Observed { data, past, predicted } = observed;
    match (data, past) {
        (DataDirectory::Log(found), Some(past)) if found != past.ids => {
            Err(Refusal::ForeignData { found, expected: past.ids })
        }
        (DataDirectory::Log(found), None) if found != predicted => {
            Err(Refusal::OtherCluster { found, expected: predicted })
        }
        (DataDirectory::Log(found), _) => Ok(StartDecision::Resume(found)),
        (_, None) => Ok(StartDecision::Bootstrap),
        (DataDirectory::Empty, Some(past)) if past.untouched && !past.had_log => Ok(StartDecision::Bootstrap),
        // etcd writes the log under another name and renames it, so without one it never answered anybody.
        (DataDirectory::WithoutLog, Some(past)) if past.same_directory && !past.had_log => {
            Ok(StartDecision::Bootstrap)
        }
        (_, Some(past)) => Err(Refusal::ForgottenVotes { past: past.ids }),
    }
}
