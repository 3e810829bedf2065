//! What a start decision rests on, as it was observed here.

use time::{Duration, OffsetDateTime};

use super::clock::is_behind;
use super::cluster::{EtcdId, PeerUrl};
use crate::config::EtcdVersion;

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

impl DataDirectory {
    /// Whose log it is.
    pub fn ids(self) -> Option<Ids> {
        match self {
            Self::Log(ids) => Some(ids),
            Self::Empty | Self::WithoutLog => None,
        }
    }
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
    /// Whether that start was to join a cluster.
    pub joined: bool,
}

impl PastStart {
    /// Whether the member may have voted: it had a log, or something was written after it was started.
    pub fn may_have_voted(self) -> bool {
        self.had_log || !self.untouched
    }
}

/// All that the decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The data directory.
    pub data: DataDirectory,
    /// The operator wants what is in the data directory put aside.
    pub set_aside: bool,
    /// The last start, if there was one.
    pub past: Option<PastStart>,
    /// The ids that follow from the zone description.
    pub predicted: Ids,
    /// Where the other members reach this one, after the zone description.
    pub peer_url: PeerUrl,
    /// Another cluster that a node of this zone has run, as far as this machine knows.
    pub founded: Option<EtcdId>,
    /// The zone has no other member: nobody else's votes could ever meet those of this one.
    pub alone: bool,
    /// The former name of this node, if a directory of that name holds the past of the member that this one would be: ids follow
    /// from addresses, and not from names.
    pub ran_as: Option<String>,
    /// This member's own data says that it was removed from its cluster.
    pub removed: bool,
    /// The version of etcd that would be started.
    pub etcd_version: EtcdVersion,
    /// Whether who activated this node lets its member found the cluster.
    pub right: RightToBootstrap,
}

/// Whether a member may found the cluster, as far as who activated its node has a say in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RightToBootstrap {
    /// It may.
    Given,
    /// Its bundle said so, and is from then. A machine that is rebuilt with the bundle it began with does not know that it has voted.
    Lapsed(OffsetDateTime),
    /// Its bundle said so, and is from a time that this machine's clock has not come to: it tells nothing of how old the right is.
    ClockBehind {
        /// When the bundle was made.
        issued: OffsetDateTime,
        /// What the clock says.
        now: OffsetDateTime,
    },
    /// It may not: a bundle that was made for a node after its first one does not say so, since the machine that had the first may
    /// have voted.
    Withheld,
}

/// For how long a bundle lets its member found the cluster: long enough to carry it to its machine, short enough that it is worth
/// nothing once the zone has been at work.
pub const BOOTSTRAP_LASTS: Duration = Duration::days(30);

impl RightToBootstrap {
    /// What is left of the right that a bundle gave.
    pub fn given_at(issued: OffsetDateTime, now: OffsetDateTime) -> Self {
        match now - issued {
            _ if is_behind(now, issued) => Self::ClockBehind { issued, now },
            age if age > BOOTSTRAP_LASTS => Self::Lapsed(issued),
            _ => Self::Given,
        }
    }
}
