//! What the cluster is without one of its members. Pure.

use super::{LiveMember, LiveZone, MemberStatus};
use model::plan::EtcdId;

/// Why the cluster cannot do without a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Indispensable {
    /// With it goes the cluster.
    #[error("it is the only voter of the cluster")]
    OnlyVoter,
    #[error("of the {voters} voters that would be left {living} take requests, and {needed} are needed")]
    Quorum {
        /// How many would be left.
        voters: usize,
        /// How many of them take requests now.
        living: usize,
        needed: usize,
    },
}

impl LiveZone {
    /// How many more voters may fail once this member is gone. Those that take no requests count as failed.
    ///
    /// # Errors
    /// What is left is no quorum.
    pub fn tolerance_without(&self, id: EtcdId) -> Result<usize, Indispensable> {
        let is_other = |member: &&LiveMember| member.is_voter() && member.id() != Some(id);
        let others: Vec<&LiveMember> = self.members.iter().filter(is_other).collect();
        let living = others.iter().filter(|member| self.is_living_voter(member)).count();
        let (voters, needed) = (others.len(), others.len() / 2 + 1);
        match living.checked_sub(needed) {
            _ if voters == 0 => Err(Indispensable::OnlyVoter),
            Some(more) => Ok(more),
            None => Err(Indispensable::Quorum { voters, living, needed }),
        }
    }

    /// Whether the voters but for these take requests for one voter more than they are: whatever becomes of
    /// one that comes, and of those among them that are dead, there is a quorum.
    pub fn can_take_one_more(&self, without: &[EtcdId]) -> bool {
        let is_left = |member: &LiveMember| member.id().is_some_and(|id| !without.contains(&id));
        let left = self.members.iter().filter(|member| member.is_voter() && is_left(member));
        let (voters, living) = left.fold((0, 0), |(voters, living): (usize, usize), member| {
            (voters + 1, living + usize::from(self.is_living_voter(member)))
        });
        living > voters.div_ceil(2)
    }

    /// Whether it votes in this cluster, and takes requests: what answers at its place may be another member,
    /// or of another cluster.
    pub fn is_living_voter(&self, member: &LiveMember) -> bool {
        let is_it = |status: &MemberStatus| {
            Some(status.cluster_id) == self.cluster_id
                && member.listed.as_ref().is_some_and(|listed| listed.id() == status.id)
                && matches!(status.quorum_read, Some(Ok(_)))
        };
        member.is_voter() && member.status.as_ref().is_ok_and(is_it)
    }
}
