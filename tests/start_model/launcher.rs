//! What starts do: they ask one another, decide, write one thing after the other, and become etcd.

use model::plan::LauncherShows;

use crate::cluster::{Membership, bit, member};
use crate::heard::{Heard, Listing};
use crate::model::Model;
use crate::real::Outcome;
use crate::state::{Node, Process, Stage, State};
use crate::types::{Known, Own};
use crate::world::{Action, Harm, Successors, Words};

impl<const N: usize> Model<N> {
    pub fn start_steps(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        match state.nodes[node].process {
            Process::Down => {
                let mut next = *state;
                next.nodes[node].process = Process::Start { never_ran: false };
                found.push(Action::Starts(node), next);
            }
            Process::Start { .. } => {
                self.asks(state, node, found);
                self.decides(state, node, found);
                self.words(state, node, found);
            }
            Process::Writes { list, done } => {
                let Some(change) = self.real.change(list, done) else { return };
                let mut next = *state;
                change.apply(&mut next.nodes[node]);
                self.go_on(&mut next.nodes[node], list, done + 1);
                found.push(Action::Writes(node, change.word()), next);
            }
            Process::BecomesEtcd(identity) => {
                let mut next = *state;
                let own = &mut next.nodes[node];
                if !own.volume.has_log() {
                    own.volume.identity = identity;
                }
                own.volume.files = false;
                own.ran |= self.world.budget.words > 0;
                own.process = Process::Etcd { leads: false };
                found.push(Action::Becomes(node), next);
            }
            Process::Etcd { .. } => {}
        }
    }

    /// What the start of a node observes.
    pub fn own(&self, node: usize, of: &Node<N>) -> Own {
        let membership = Membership::of(&self.world, &of.volume);
        let is_in =
            |mask: u16| member(node, of.volume.identity).is_some_and(|member| mask & bit(member) != 0);
        let mut used = [of.volume.nonce, of.copy.nonce, 0];
        if let Stage::Attempted(nonce) = of.record.stage {
            used[2] = nonce;
        }
        Own {
            record: of.record,
            nonce: of.volume.nonce,
            identity: of.volume.identity,
            files: of.volume.files,
            position: of.volume.position(),
            has_taken_part: is_in(membership.published),
            removed: is_in(membership.removed),
            fresh: (1..).find(|nonce| !used.contains(nonce)).unwrap_or_default(),
            never_ran: of.process == Process::Start { never_ran: true },
        }
    }

    /// What a node tells another; nothing if nobody is there.
    fn tells(&self, state: &State<N>, to: usize, node: usize) -> Heard {
        let of = &state.nodes[node];
        let cluster = || Heard::Cluster(Listing::told(to, Membership::of(&self.world, &of.volume)));
        match of.process {
            Process::Etcd { .. } => cluster(),
            _ if self.world.rule.is_of_before() => Heard::Silence,
            Process::Down => Heard::Nothing,
            _ => match self.real.shows(&self.own(node, of)) {
                LauncherShows::Log => cluster(),
                shows => Heard::Start(shows),
            },
        }
    }

    fn asks(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        // Whoever has its log goes on before it has heard anybody: that it may be refused later takes
        // behaviours away.
        if state.nodes[node].volume.has_log() && !self.world.logs_ask {
            return;
        }
        for other in (0..N).filter(|other| *other != node) {
            let (known, told) = (state.nodes[node].heard[other], self.tells(state, node, other));
            if told != Heard::Nothing && told != known && known != Heard::LeftOut {
                let mut next = *state;
                next.nodes[node].heard[other] = told;
                found.push(Action::Hears(node, other, told.word()), next);
            }
        }
    }

    fn decides(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        let own = &state.nodes[node];
        match self.real.outcome(&self.own(node, own), &self.known(state, node)) {
            Outcome::Waits => {}
            Outcome::Refused(why) => {
                // That others do not know of it yet is given time (`launch/start_protocol.rs`). Rows that are
                // alive ask whether it ends.
                if self.world.judges_refusals && !own.tampered && why != "NeverRanThere" {
                    found.harms(None, Harm::Refused(node, why));
                }
            }
            Outcome::Does(list) => {
                let mut next = *state;
                self.go_on(&mut next.nodes[node], list, 0);
                if self.real.becomes(list).is_some() {
                    next.nodes[node].forget();
                }
                found.push(Action::Decides(node, self.real.word(list)), next);
            }
        }
    }

    /// What a start knows of the others, from the first to the last.
    fn known(&self, state: &State<N>, node: usize) -> [Known; N] {
        let mut known = [Known::default(); N];
        for (place, other) in (0..N).filter(|other| *other != node).enumerate() {
            let heard = match state.nodes[node].heard[other] {
                Heard::Cluster(listing) => Heard::Cluster(Listing {
                    voters: seen_from::<N>(node, listing.voters),
                    learners: seen_from::<N>(node, listing.learners),
                    ..listing
                }),
                heard => heard,
            };
            let of = &state.nodes[other];
            // A connection to a start that has lost its data, or has a log, is not one on which it said that
            // it never ran.
            let shows = || self.real.shows(&self.own(other, of));
            let starts = of.process.is_start()
                && match heard {
                    Heard::Start(LauncherShows::Lost) | Heard::Cluster(_) => true,
                    Heard::Start(_) => !matches!(shows(), LauncherShows::Log | LauncherShows::Lost),
                    _ => false,
                };
            known[place] = Known { heard, starts };
        }
        known
    }

    /// Takes a start to the next write that changes anything, or beyond the last.
    fn go_on(&self, node: &mut Node<N>, list: u16, from: u8) {
        let mut done = from;
        while let Some(change) = self.real.change(list, done) {
            let mut changed = *node;
            change.apply(&mut changed);
            if changed != *node {
                node.process = Process::Writes { list, done };
                return;
            }
            done += 1;
        }
        node.process = match self.real.becomes(list) {
            Some(identity) => Process::BecomesEtcd(identity),
            None => Process::Start { never_ran: false },
        };
    }

    fn words(&self, state: &State<N>, node: usize, found: &mut Successors<N>) {
        let own = &state.nodes[node];
        if state.left.words == 0 || own.volume.has_log() {
            return;
        }
        let may_say = |of: usize| !state.nodes[of].ran || self.world.words == Words::AlsoFalse;
        let mut next = *state;
        next.left.words -= u8::from(self.world.words != Words::NeverRan);
        if may_say(node)
            && own.record.stage == Stage::Nothing
            && own.process == (Process::Start { never_ran: false })
        {
            let mut next = next;
            next.nodes[node].process = Process::Start { never_ran: true };
            found.push(Action::SaysNeverRan(node), next);
        }
        if self.world.words == Words::NeverRan {
            return;
        }
        for other in
            (0..N).filter(|other| *other != node && own.heard[*other] != Heard::LeftOut && may_say(*other))
        {
            let mut next = next;
            next.nodes[node].heard[other] = Heard::LeftOut;
            found.push(Action::SaysFoundWithout(node, other), next);
        }
    }
}

/// A mask of members with the node as the first, and the others in their order after it.
fn seen_from<const N: usize>(node: usize, mask: u16) -> u16 {
    let others = (0..N).filter(|other| *other != node);
    std::iter::once(node)
        .chain(others)
        .enumerate()
        .fold(0, |seen, (place, of)| seen | (mask >> (2 * of) & 3) << (2 * place))
}
