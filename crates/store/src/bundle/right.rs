//! Who may bootstrap the cluster. Pure.
//!
//! A machine that is rebuilt has lost what it knew. If its new bundle let it bootstrap the cluster, it could
//! found a second one before it hears of the first. So the right goes out once for each member, and for one
//! cluster only.

use std::fmt;

/// What is known of a node when its bundle is made.
#[derive(Clone, Copy, Debug)]
pub struct Known<'k> {
    /// The cluster that it would found; none for a node without a member.
    pub cluster: Option<&'k str>,
    /// The operator says that the zone has never run.
    pub is_allowed: bool,
    /// The operator says that its machine was rebuilt.
    pub is_rebuilt: bool,
    /// It had a bundle before.
    pub had_bundle: bool,
    /// A bundle gave the right to bootstrap a cluster with another id.
    pub other_cluster_bundled: bool,
    /// Its member has run from the zone directory here, or has data here.
    pub ran_here: bool,
    /// A member of a cluster with another id has run from the zone directory here.
    pub other_cluster_ran_here: bool,
    /// The log has lines that cannot be read.
    pub log_is_damaged: bool,
    /// The zone was restored: a member that began with nothing would serve nothing, without a word.
    pub is_restored: bool,
}

/// Whether a bundle carries the right to bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootstrapRight {
    NoMember,
    /// It may bootstrap the cluster, or join it.
    May,
    /// It may, because the operator says so.
    Allowed,
    /// It may only join.
    JoinOnly(JoinOnly),
}

/// Why a member may only join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JoinOnly {
    Rebuilt,
    /// It had a bundle before.
    HadBundle,
    RanHere,
    /// The list of members is another than the one that others may bootstrap the cluster with.
    OtherCluster,
    /// Earlier bundles are not known.
    DamagedLog,
    /// The zone was restored, whatever the operator says.
    Restored,
}

impl BootstrapRight {
    pub fn decide(known: Known<'_>) -> Self {
        if known.cluster.is_none() {
            return Self::NoMember;
        }
        if known.is_restored {
            return Self::JoinOnly(JoinOnly::Restored);
        }
        let reasons = [
            (known.is_rebuilt, JoinOnly::Rebuilt),
            (known.had_bundle, JoinOnly::HadBundle),
            (known.ran_here, JoinOnly::RanHere),
            (known.other_cluster_bundled || known.other_cluster_ran_here, JoinOnly::OtherCluster),
            (known.log_is_damaged, JoinOnly::DamagedLog),
        ];
        match reasons.into_iter().find(|(holds, _)| *holds) {
            None => Self::May,
            Some(_) if known.is_allowed => Self::Allowed,
            Some((_, reason)) => Self::JoinOnly(reason),
        }
    }

    pub fn may_bootstrap(self) -> bool {
        matches!(self, Self::May | Self::Allowed)
    }
}

impl fmt::Display for JoinOnly {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rebuilt => "is on a machine that was rebuilt",
            Self::HadBundle => "had a bundle before, and may have run with it",
            Self::RanHere => "has run from this zone directory",
            Self::OtherCluster => {
                "would found another cluster than earlier members, since the members have changed"
            }
            Self::Restored => {
                "has its data from `snapshot restore`, or joins by `member add`: the zone was restored"
            }
            Self::DamagedLog => "may have had a bundle: bundles.jsonl has lines that cannot be read",
        })
    }
}
