//! Whose data something is.

use super::cluster::EtcdId;

/// The ids of a member and of its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ids {
    /// The member's.
    pub member: EtcdId,
    /// The cluster's.
    pub cluster: EtcdId,
}
