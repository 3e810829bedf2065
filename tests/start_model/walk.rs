//! Random walks, where there are too many states to visit them all.

use std::time::{Duration, Instant};

use crate::model::Model;
use crate::search::Counterexample;
use crate::state::{Budget, State};
use crate::symmetry::fingerprint;
use crate::world::Successors;

/// Steps of a walk, at most.
const STEPS: usize = 400;
/// A fault, or an election, that is drawn happens so often: otherwise walks would be over before anything had
/// begun.
const ONE_IN: u64 = 8;

/// What walks came to.
#[derive(Debug)]
pub struct Walked {
    pub walks: usize,
    pub steps: usize,
    /// Walks in which a write was acknowledged.
    pub with_a_write: usize,
    pub harm: Option<Counterexample>,
    pub took: Duration,
}

/// Walks until a harm is found, or so many walks or so much time is over. The same numbers are drawn every
/// time.
pub fn walk<const N: usize>(model: &Model<N>, walks: usize, time: Duration) -> Walked {
    let begun = Instant::now();
    let mut walked = Walked { walks: 0, steps: 0, with_a_write: 0, harm: None, took: Duration::ZERO };
    let mut seed = 0;
    while walked.walks < walks && begun.elapsed() < time && walked.harm.is_none() {
        walked.walks += 1;
        walk_once(model, &mut seed, &mut walked);
    }
    walked.took = begun.elapsed();
    walked
}

fn walk_once<const N: usize>(model: &Model<N>, seed: &mut u64, walked: &mut Walked) {
    let mut state = model.initial();
    let mut steps = Vec::new();
    let mut successors = Successors::new();
    for _ in 0..STEPS {
        model.successors(&state, &mut successors);
        if let Some((action, harm)) = successors.harm {
            let steps = steps.iter().copied().chain(action).collect();
            walked.harm = Some(Counterexample { steps, harm });
            return;
        }
        let Some((action, next)) = drawn(&successors, &state, seed) else { break };
        steps.push(action);
        state = next;
        walked.steps += 1;
    }
    walked.with_a_write += usize::from(state.written > 0);
}

fn drawn<const N: usize>(
    successors: &Successors<N>,
    state: &State<N>,
    seed: &mut u64,
) -> Option<(crate::world::Action, State<N>)> {
    let rare = |left: Budget| Budget { writes: 0, notes: 0, ..left };
    let count = successors.next.len();
    if count == 0 {
        return None;
    }
    loop {
        *seed += 1;
        let number = fingerprint(seed);
        let (action, next) = successors.next[(number >> 8) as usize % count];
        if count == 1 || rare(next.left) == rare(state.left) || number.is_multiple_of(ONE_IN) {
            return Some((action, next));
        }
    }
}
