//! For whom a start waits, for what, and how long.

use std::fmt;
use std::time::Duration;

use super::cluster::EtcdId;

/// What a start waits to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsTo {
    /// Bootstrap the cluster with all the others.
    Found,
    /// Join a cluster that runs.
    Join,
    /// Believe the operator that this member never ran.
    BelieveTheOperator,
}

impl WaitsTo {
    /// How long it waits before it gives up, to be started again.
    pub fn limit(self) -> Duration {
        match self {
            Self::Found => Duration::from_secs(600),
            Self::Join | Self::BelieveTheOperator => Duration::from_secs(5),
        }
    }
}

/// Another member that a start waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Its name.
    pub name: String,
    /// What it is waited for to do.
    pub what: AwaitedFor,
}

/// What another member is waited for to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwaitedFor {
    /// To be there; why it is thought not to be.
    Presence(String),
    /// To say that it knows this member, and that it has not run.
    Answer,
    /// To say anything at all.
    Reply,
    /// To be repaired: why it cannot be talked to.
    Repair(String),
    /// To run a version of this program that knows the protocol.
    NewerProgram,
    /// To be described as this zone is here; the cluster that its description gives.
    SameDescription(EtcdId),
    /// To have the right to bootstrap the cluster.
    Right,
    /// To have its data back.
    Data,
    /// To commit.
    Commit,
}

impl AwaitedFor {
    /// Whether one is there that waiting will not change.
    pub fn needs_the_operator(&self) -> bool {
        match self {
            Self::Repair(_)
            | Self::Reply
            | Self::NewerProgram
            | Self::SameDescription(_)
            | Self::Right
            | Self::Data => true,
            Self::Presence(_) | Self::Answer | Self::Commit => false,
        }
    }
}

impl fmt::Display for AwaitedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Presence(why) => write!(f, "not there: {why}"),
            Self::Answer => f.write_str("has not answered for the cluster"),
            Self::Reply => f.write_str("accepts TCP, no TLS reply"),
            Self::Repair(why) => write!(f, "unusable: {why}"),
            Self::NewerProgram => f.write_str(
                "closes every connection, as an older zone-etcd does before it starts: upgrade it",
            ),
            Self::SameDescription(cluster) => {
                write!(f, "its description of the zone predicts cluster {cluster}, which is another")
            }
            Self::Right => f.write_str("may only join: its bundle does not let it bootstrap the cluster"),
            Self::Data => f.write_str("has run, and its data is not there"),
            Self::Commit => f.write_str("has not committed yet"),
        }
    }
}
