//! Nodes of one kind are interchangeable: of the states that differ only in who is who, one stands for all.
//! And fingerprints: two states of millions share one of 64 bits with a probability below 10^-5.

use std::hash::{Hash, Hasher};

use crate::heard::{Heard, Listing};
use crate::state::{Node, State};
use crate::volume::{Entry, Says, Volume};

/// Folds the product of 64 by 64 bits, as wyhash does.
#[derive(Clone, Copy, Default)]
pub struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        fold(self.0 ^ 0x9e37_79b9_7f4a_7c15, 0xe703_7ed1_a0b4_28db)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u8(*byte));
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = fold(self.0 ^ value ^ 0xa076_1d64_78bd_642f, self.0.rotate_left(29) ^ 0x8ebc_6af0_9c88_c6e3);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u64(value as u64);
    }
}

fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// The fingerprint of anything.
pub fn fingerprint(value: &impl Hash) -> u64 {
    let mut mixer = Mixer::default();
    value.hash(&mut mixer);
    mixer.finish()
}

/// The state that stands for all that differ from this one in who is who, and its fingerprint. The first
/// `founders` nodes are of one kind, the others of another.
pub fn canonical<const N: usize>(state: &State<N>, founders: usize) -> (State<N>, u64) {
    let mut order: [usize; N] = std::array::from_fn(|node| node);
    let keys: [(bool, u64); N] = std::array::from_fn(|node| (node >= founders, key(&state.nodes[node])));
    order.sort_by_key(|node| keys[*node]);
    let mut best: Option<(State<N>, u64)> = None;
    each_order_of_ties(&mut order, 0, &keys, &mut |order| {
        let renamed = renamed(state, order);
        let print = fingerprint(&renamed);
        if best.is_none_or(|(_, least)| print < least) {
            best = Some((renamed, print));
        }
    });
    best.unwrap_or((*state, fingerprint(state)))
}

/// What does not depend on who is who.
fn key<const N: usize>(node: &Node<N>) -> u64 {
    let mut mixer = Mixer::default();
    (node.record, node.process, node.ran, node.tampered).hash(&mut mixer);
    for volume in [&node.volume, &node.copy] {
        (volume.nonce, volume.identity, volume.term, volume.commit, volume.length).hash(&mut mixer);
        volume.published.count_ones().hash(&mut mixer);
        volume
            .log()
            .iter()
            .for_each(|entry| (entry.term, std::mem::discriminant(&entry.says())).hash(&mut mixer));
    }
    mixer.finish()
}

fn each_order_of_ties<const N: usize>(
    order: &mut [usize; N],
    from: usize,
    keys: &[(bool, u64); N],
    visit: &mut impl FnMut(&[usize; N]),
) {
    if from == N {
        return visit(order);
    }
    for place in from..N {
        if keys[order[place]] == keys[order[from]] {
            order.swap(from, place);
            each_order_of_ties(order, from + 1, keys, visit);
            order.swap(from, place);
        }
    }
}

/// `order[new]` is the old place of a node.
fn renamed<const N: usize>(state: &State<N>, order: &[usize; N]) -> State<N> {
    let mut places = [0; N];
    order.iter().enumerate().for_each(|(new, old)| places[*old] = new);
    let names = Names { places };
    let mut renamed = *state;
    for (new, old) in order.iter().enumerate() {
        let mut node = state.nodes[*old];
        names.in_volume(&mut node.volume);
        names.in_volume(&mut node.copy);
        let heard = node.heard;
        node.heard = std::array::from_fn(|place| names.in_heard(heard[order[place]]));
        renamed.nodes[new] = node;
    }
    renamed
}

/// Where each node goes.
struct Names<const N: usize> {
    places: [usize; N],
}

impl<const N: usize> Names<N> {
    fn in_volume(&self, volume: &mut Volume) {
        volume.published = self.in_mask(volume.published);
        for entry in &mut volume.entries[..usize::from(volume.length)] {
            let member = |old: u8| (2 * self.places[usize::from(old / 2)]) as u8 + old % 2;
            let says = match entry.says() {
                Says::Published(old) => Says::Published(member(old)),
                Says::AddedLearner(old) => Says::AddedLearner(member(old)),
                Says::AddedVoter(old) => Says::AddedVoter(member(old)),
                Says::Promoted(old) => Says::Promoted(member(old)),
                Says::Removed(old) => Says::Removed(member(old)),
                Says::Elected(_) | Says::Write(_) | Says::Unheard => continue,
            };
            *entry = Entry::new(entry.term, says);
        }
    }

    fn in_heard(&self, heard: Heard) -> Heard {
        match heard {
            Heard::Cluster(listing) => Heard::Cluster(Listing {
                voters: self.in_mask(listing.voters),
                learners: self.in_mask(listing.learners),
                ..listing
            }),
            other => other,
        }
    }

    fn in_mask(&self, mask: u16) -> u16 {
        self.places
            .iter()
            .enumerate()
            .fold(0, |renamed, (old, new)| renamed | (mask >> (2 * old) & 3) << (2 * new))
    }
}
