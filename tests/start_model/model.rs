//! All that can follow a state.

use crate::real::Real;
use crate::state::{Identity, Process, Record, Stage, State};
use crate::world::{Successors, World};

/// A world of `N` nodes and the functions that decide in it.
pub struct Model<const N: usize> {
    pub world: World,
    pub real: Real<N>,
}

impl<const N: usize> Model<N> {
    pub fn new(world: World) -> Self {
        Self { world, real: Real::new(world.rule, world.founders < N) }
    }

    /// Nothing has happened; or, if members change, the founders run, and the first of them leads.
    pub fn initial(&self) -> State<N> {
        let mut state = State::new(self.world.budget);
        if self.world.members_change {
            state.foundings = 1;
            for (place, node) in state.nodes.iter_mut().take(self.world.founders).enumerate() {
                let volume = &mut node.volume;
                (volume.identity, volume.term, volume.commit) = (Identity::Founder, 1, 1);
                volume.published = self.world.founders();
                volume.append(crate::volume::Says::Elected(1));
                let note = Some(volume.position());
                node.record = Record { stage: Stage::Ran, identity: Identity::Founder, joins: false, note };
                node.process = Process::Etcd { leads: place == 0 };
            }
        }
        state
    }

    pub fn successors(&self, state: &State<N>, found: &mut Successors<N>) {
        found.clear();
        for node in 0..N {
            self.start_steps(state, node, found);
            self.faults(state, node, found);
            self.etcd_steps(state, node, found);
        }
    }
}
