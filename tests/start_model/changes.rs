//! The members of a cluster that runs change: added as learners, caught up, promoted, removed, replaced at
//! the same URL.

use crate::cluster::{Membership, bit, member, node_of};
use crate::model::Model;
use crate::state::{Identity, Process, State};
use crate::volume::Says;
use crate::world::{Action, Successors};

impl<const N: usize> Model<N> {
    pub fn changes(&self, state: &State<N>, leader: usize, found: &mut Successors<N>) {
        let own = &state.nodes[leader].volume;
        let membership = Membership::of(&self.world, own);
        self.follow(state, leader, membership, found);
        // A leader changes members once all that it has is committed, and something of its own term is.
        let settled = own.commit == own.length && own.last().0 == own.term;
        if own.is_full() || !settled {
            return;
        }
        for node in 0..N {
            if let Some(member) = self.member_on(state, node)
                && membership.lists(member)
                && membership.published & bit(member) == 0
                && state.nodes[node].volume.length > 0
            {
                self.agree(
                    state,
                    leader,
                    Says::Published(member),
                    |_| Action::Publishes(leader, 1 << node),
                    found,
                );
            }
        }
        if state.left.changes == 0 {
            return;
        }
        for node in 0..N {
            let listed = [Identity::Founder, Identity::Added]
                .into_iter()
                .filter_map(|identity| member(node, identity));
            let listed: Vec<u8> = listed.filter(|member| membership.lists(*member)).collect();
            let (founder, added) = (2 * node as u8, 2 * node as u8 + 1);
            // etcd has a URL once, and here a node gets a second id once.
            if listed.is_empty() && membership.removed & bit(added) == 0 {
                let says =
                    if self.world.adds_voters { Says::AddedVoter(added) } else { Says::AddedLearner(added) };
                self.agree(state, leader, says, |_| Action::Adds(leader, node), found);
            }
            // etcd promotes who has caught up (`isLearnerReady` in `server/etcdserver/server.go`), and does
            // not ask whether it has published; the operator does.
            let has_published = membership.published & bit(added) != 0;
            if membership.learners & bit(added) != 0
                && (has_published || self.world.promotes_early)
                && self.member_on(state, node) == Some(added)
                && state.nodes[node].volume.log() == own.log()
            {
                self.agree(state, leader, Says::Promoted(added), |_| Action::Promotes(leader, node), found);
            }
            for gone in [founder, added] {
                if membership.lists(gone) && node_of(gone) != leader {
                    self.agree(state, leader, Says::Removed(gone), |_| Action::Removes(leader, gone), found);
                }
            }
        }
    }

    fn agree(
        &self,
        state: &State<N>,
        leader: usize,
        says: Says,
        action: impl Fn(u32) -> Action,
        found: &mut Successors<N>,
    ) {
        for set in self.followers(state, leader) {
            let mut next = *state;
            next.left.changes -= u8::from(!matches!(says, Says::Published(_)));
            let mut log = state.nodes[leader].volume;
            log.append(says);
            self.replicate(&mut next, leader, set, log);
            found.push(action(set), next);
        }
    }

    /// What a leader sends one follower: what is committed, the next entry that it lacks, or all instead of
    /// others that it has.
    fn follow(&self, state: &State<N>, leader: usize, membership: Membership, found: &mut Successors<N>) {
        let own = state.nodes[leader].volume;
        for node in (0..N).filter(|node| *node != leader) {
            let follows = self.member_on(state, node).is_some_and(|member| membership.lists(member));
            let theirs = state.nodes[node].volume;
            if !follows || theirs.term > own.term {
                continue;
            }
            let mut next = *state;
            let volume = &mut next.nodes[node].volume;
            let has_prefix = own.log().starts_with(theirs.log());
            let commit = own.commit.min(theirs.length);
            let action = if has_prefix && commit > theirs.commit {
                (volume.term, volume.commit) = (own.term, commit);
                Action::LearnsOfCommit(node, leader)
            } else if has_prefix && theirs.length < own.length {
                volume.take(&own, theirs.length + 1);
                Action::CatchesUp(node, leader)
            } else if has_prefix {
                volume.term = own.term;
                Action::CatchesUp(node, leader)
            } else {
                volume.take(&own, own.length);
                Action::CatchesUp(node, leader)
            };
            next.nodes[node].process = Process::Etcd { leads: false };
            if next != *state {
                found.push(action, next);
            }
        }
    }
}
