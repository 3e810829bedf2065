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
    /// Nothing of etcd's, or no directory.
    Empty,
    /// Files of etcd's, but no write-ahead log: etcd ended before it made one, or the log was removed. Nobody can tell.
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
    /// Another cluster that a node of this zone has run, as far as this machine knows.
    pub founded: Option<EtcdId>,
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
    #[error(
        "member {} of cluster {} was started here, and its write-ahead log is gone: it has forgotten its votes",
        past.member, past.cluster
    )]
    ForgottenVotes {
        /// The ids of the member that ran.
        past: Ids,
    },
    /// There are files of etcd's without a log, and nothing tells of an earlier start.
    #[error(
        "the data directory holds files of etcd, but no write-ahead log: nobody can tell what they are of"
    )]
    DataWithoutLog,
    /// The zone has a cluster already, and its description now leads to another.
    #[error(
        "this zone runs cluster {founded}, but zone.toml leads to cluster {}: its members or the token were changed",
        predicted.cluster
    )]
    SecondCluster {
        /// The cluster that a node of the zone has run.
        founded: EtcdId,
        /// What follows from the zone description.
        predicted: Ids,
    },
}

/// Decides how the member may start.
///
/// A member whose log is gone may not bootstrap again: the ids follow from the configuration, so it would take part in
/// elections as the same member, and could vote against what it has acknowledged.
///
/// A member without data and without a past may bootstrap only the cluster that the zone has: with more members in its
/// description than it was founded with, the new ones would be a majority, and found a second cluster.
pub fn decide(observed: Observed) -> Result<StartDecision, Refusal> {
    let Observed { data, past, predicted, founded } = observed;
    match (data, past) {
        (DataDirectory::Log(found), Some(past)) if found != past.ids => {
            Err(Refusal::ForeignData { found, expected: past.ids })
        }
        (DataDirectory::Log(found), None) if found != predicted => {
            Err(Refusal::OtherCluster { found, expected: predicted })
        }
        (DataDirectory::Log(found), _) => Ok(StartDecision::Resume(found)),
        (DataDirectory::WithoutLog, None) => Err(Refusal::DataWithoutLog),
        (DataDirectory::WithoutLog, Some(past)) => Err(Refusal::ForgottenVotes { past: past.ids }),
        (DataDirectory::Empty, Some(past)) if past.had_log || !past.untouched => {
            Err(Refusal::ForgottenVotes { past: past.ids })
        }
        (DataDirectory::Empty, _) => match founded {
            Some(founded) if founded != predicted.cluster => {
                Err(Refusal::SecondCluster { founded, predicted })
            }
            _ => Ok(StartDecision::Bootstrap),
        },
    }
}
