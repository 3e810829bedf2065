//! etcd, as far as it matters: elections, and what a leader replicates.

use crate::cluster::{Membership, bit, member};
use crate::model::Model;
use crate::state::{Process, State};
use crate::volume::{Says, Volume};
use crate::world::{Action, Harm, Successors};
use crate::writes::note;

impl<const N: usize> Model<N> {
    pub fn etcd_steps(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        if !state.nodes[node].process.is_etcd() {
            return;
        }
        self.elections(state, node, found);
        self.notes(state, node, found);
        if state.nodes[node].process.leads() {
            self.acknowledges(state, node, found);
            self.appends_alone(state, node, found);
            self.sends(state, node, found);
            if self.world.entries_tell() {
                self.changes(state, node, found);
            } else {
                self.publishes(state, node, found);
            }
        }
    }

    /// The member that etcd is on a node.
    pub fn member_on(&self, state: &State<N>, node: usize) -> Option<u8> {
        let of = &state.nodes[node];
        of.process.is_etcd().then(|| member(node, of.volume.identity)).flatten()
    }

    /// Sets of nodes with this one, all of which run members that `may` take part, and most voters among
    /// them.
    pub fn majorities(
        &self,
        state: &State<N>,
        node: usize,
        membership: Membership,
        may: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = u32> {
        let mut able = 0;
        let mut members = [0; N];
        for (other, taking_part) in members.iter_mut().enumerate() {
            let Some(member) = self.member_on(state, other).filter(|member| membership.lists(*member)) else {
                continue;
            };
            *taking_part = bit(member);
            if other == node || may(other) {
                able |= 1 << other;
            }
        }
        (0u32..1 << N).filter(move |set| {
            let present =
                (0..N).filter(|other| set >> other & 1 == 1).fold(0, |all, other| all | members[other]);
            set & !able == 0 && set >> node & 1 == 1 && membership.is_majority(present)
        })
    }

    fn elections(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        let own = &state.nodes[node].volume;
        let membership = Membership::of(&self.world, own);
        let is_voter = self.member_on(state, node).is_some_and(|member| membership.voters & bit(member) != 0);
        if state.left.elections == 0 || own.is_full() || !is_voter {
            return;
        }
        let term = own.term + 1;
        let grants = |other: usize| {
            let theirs = &state.nodes[other].volume;
            let votes =
                self.member_on(state, other).is_some_and(|member| membership.voters & bit(member) != 0);
            votes && theirs.term < term && own.last() >= theirs.last()
        };
        for set in self.majorities(state, node, membership, grants) {
            let mut next = *state;
            next.left.elections -= 1;
            let mut log = *own;
            log.term = term;
            let founds = log.length == 0;
            next.foundings += u8::from(founds);
            log.append(Says::Elected(if founds { next.foundings } else { 0 }));
            if self.world.publishes_at_once {
                let runs = |other: &usize| state.nodes[*other].process.is_etcd();
                log.published |= (0..N).filter(runs).fold(0, |all, other| all | 1 << (2 * other));
            }
            let action = Action::IsElected(node, set);
            if self.world.elections_alone {
                for other in others::<N>(set, node) {
                    next.nodes[other].volume.term = term;
                    step_down(&mut next, other);
                }
                next.nodes[node].volume.copy_log(&log);
            } else {
                self.judge(state, node, founds, action, found);
                self.replicate(&mut next, node, set, log);
            }
            next.nodes[node].process = Process::Etcd { leads: true };
            found.push(action, next);
        }
    }

    /// An older log leads, or a new one, and a disk or a copy has what it lacks.
    fn judge(
        &self,
        state: &State<N>,
        leader: usize,
        founds: bool,
        action: Action,
        found: &mut Successors<N>,
    ) {
        let survives = |has: &dyn Fn(&Volume) -> bool| {
            state.nodes.iter().any(|node| has(&node.volume) || has(&node.copy))
        };
        let lost = (0..state.written).find(|write| {
            !state.nodes[leader].volume.holds(*write) && survives(&|volume| volume.holds(*write))
        });
        if let Some(write) = lost {
            found.harms(Some(action), Harm::LostWrite(write));
        } else if founds && survives(&|volume| volume.has_log() && volume.length > 0) {
            found.harms(Some(action), Harm::FoundedTwice);
        }
    }

    /// A log is on all of a set, and what is in it is committed. Followers learn that at once, unless members
    /// change.
    pub fn replicate(&self, next: &mut State<N>, leader: usize, set: u32, log: Volume) {
        let known = next.nodes[leader].volume.commit;
        for other in others::<N>(set, leader) {
            let kept = next.nodes[other].volume.commit;
            let volume = &mut next.nodes[other].volume;
            volume.copy_log(&log);
            volume.commit = if self.world.entries_tell() { known.max(kept) } else { log.length };
            step_down(next, other);
        }
        let volume = &mut next.nodes[leader].volume;
        volume.copy_log(&log);
        volume.commit = log.length;
    }

    /// Sets that take what this leader sends.
    pub fn followers(&self, state: &State<N>, node: usize) -> impl Iterator<Item = u32> {
        let own = &state.nodes[node].volume;
        let takes = |other: usize| state.nodes[other].volume.term <= own.term;
        self.majorities(state, node, Membership::of(&self.world, own), takes)
    }

    fn acknowledges(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        let own = &state.nodes[node].volume;
        if state.left.writes == 0 || own.is_full() {
            return;
        }
        for set in self.followers(state, node) {
            let mut next = *state;
            next.left.writes -= 1;
            next.written += 1;
            let mut log = *own;
            log.append(Says::Write(state.written));
            self.replicate(&mut next, node, set, log);
            let action = Action::Acknowledges(node, set);
            if self.world.elections_alone {
                self.judge(state, node, false, action, found);
            }
            found.push(action, next);
        }
    }

    fn publishes(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        for set in self.followers(state, node) {
            let mut next = *state;
            let mut log = state.nodes[node].volume;
            log.published |=
                (0..N).filter(|other| set >> other & 1 == 1).fold(0, |all, other| all | 1 << (2 * other));
            self.replicate(&mut next, node, set, log);
            if next != *state {
                found.push(Action::Publishes(node, set), next);
            }
        }
    }

    fn appends_alone(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        if state.left.appends > 0 && !state.nodes[node].volume.is_full() {
            let mut next = *state;
            next.left.appends -= 1;
            next.nodes[node].volume.append(Says::Unheard);
            found.push(Action::AppendsAlone(node), next);
        }
    }

    /// One follower gets what a leader has, and no majority needs to be there.
    fn sends(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        let own = state.nodes[node].volume;
        for other in (0..N).filter(|other| *other != node && state.nodes[*other].process.is_etcd()) {
            let theirs = state.nodes[other].volume;
            if state.left.sends > 0 && theirs.term <= own.term && theirs.log() != own.log() {
                let mut next = *state;
                next.left.sends -= 1;
                next.nodes[other].volume.take(&own, own.length);
                step_down(&mut next, other);
                found.push(Action::CatchesUp(other, node), next);
            }
        }
    }

    fn notes(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        if state.left.notes > 0 && !self.world.rule.is_of_before() {
            let mut next = *state;
            note(&mut next.nodes[node]);
            if next != *state {
                next.left.notes -= 1;
                found.push(Action::Notes(node), next);
            }
        }
    }
}

fn others<const N: usize>(set: u32, node: usize) -> impl Iterator<Item = usize> {
    (0..N).filter(move |other| *other != node && set >> other & 1 == 1)
}

fn step_down<const N: usize>(state: &mut State<N>, node: usize) {
    state.nodes[node].process = Process::Etcd { leads: false };
}
