//! What a start has heard of another node.

use model::plan::LauncherShows;

use crate::cluster::Membership;

/// What was heard last. It may be out of date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Heard {
    /// It was not asked, or has not answered.
    #[default]
    Nothing,
    /// It did not answer, and that counts as something: only in the rules of before.
    Silence,
    /// A start said that it shows this. Never `Log`.
    Start(LauncherShows),
    /// Its etcd serves, or its start has the log: how the cluster lists its members.
    Cluster(Listing),
    /// It was not heard, and the operator says that it never ran.
    LeftOut,
}

impl Heard {
    /// For a step of a counterexample.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing | Self::Silence | Self::LeftOut => "nothing",
            Self::Start(shows) => shows.word(),
            Self::Cluster(Listing { own_run: 0, .. }) => "the cluster runs, you have not run in it",
            Self::Cluster(_) => "the cluster runs, you have run in it",
        }
    }
}

/// How a cluster lists its members, as far as the one that asks is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listing {
    /// One bit each.
    pub voters: u16,
    pub learners: u16,
    /// Whether those of the node that asks have run, and were removed: its first bit is the founder, its
    /// second the added one.
    pub own_run: u8,
    pub own_removed: u8,
}

impl Listing {
    /// What a node tells another.
    pub fn told(to: usize, membership: Membership) -> Self {
        let own = |mask: u16| (mask >> (2 * to) & 3) as u8;
        Self {
            voters: membership.voters,
            learners: membership.learners,
            own_run: own(membership.published),
            own_removed: own(membership.removed),
        }
    }
}
