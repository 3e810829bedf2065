//! The members of a cluster, as a log tells them.

use crate::state::Identity;
use crate::volume::{MemberIndex, Says, Volume};
use crate::world::World;

/// One bit for each member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    pub voters: u16,
    pub learners: u16,
    pub removed: u16,
    /// Those that have run.
    pub published: u16,
}

pub fn bit(member: MemberIndex) -> u16 {
    1 << member
}

/// The member that a node is under an identity.
pub fn member(node: usize, identity: Identity) -> Option<MemberIndex> {
    match identity {
        Identity::Nobody => None,
        Identity::Founder => Some(2 * node as u8),
        Identity::Added => Some(2 * node as u8 + 1),
    }
}

pub fn node_of(member: MemberIndex) -> usize {
    usize::from(member / 2)
}

impl Membership {
    /// As the entries say that a node knows to be committed. One that was added and has no entries knows
    /// nobody.
    pub fn of(world: &World, volume: &Volume) -> Self {
        if volume.identity == Identity::Nobody || (volume.identity == Identity::Added && volume.length == 0) {
            return Self::default();
        }
        let mut known = Self { voters: world.founders(), published: volume.published, ..Self::default() };
        if world.entries_tell() {
            let committed = volume.log().iter().take(usize::from(volume.commit));
            committed.for_each(|entry| known.apply(entry.says()));
        }
        known
    }

    fn apply(&mut self, says: Says) {
        match says {
            Says::Published(member) => self.published |= bit(member),
            Says::AddedLearner(member) => self.learners |= bit(member),
            Says::AddedVoter(member) => self.voters |= bit(member),
            Says::Promoted(member) => {
                self.learners &= !bit(member);
                self.voters |= bit(member);
            }
            Says::Removed(member) => {
                self.learners &= !bit(member);
                self.voters &= !bit(member);
                self.removed |= bit(member);
            }
            Says::Elected(_) | Says::Write(_) | Says::Unheard => {}
        }
    }

    pub fn lists(self, member: MemberIndex) -> bool {
        (self.voters | self.learners) & bit(member) != 0
    }

    /// Whether these are most of the voters.
    pub fn is_majority(self, members: u16) -> bool {
        2 * (members & self.voters).count_ones() > self.voters.count_ones()
    }
}
