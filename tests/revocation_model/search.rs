//! Sequences, drawn from a seed, and the shortest one that ends badly.

use std::process::ExitCode;
use std::time::Instant;

use crate::action::Action;
use crate::harness::draw::Draw;
use crate::world::World;

/// How much is tried.
pub struct Budget {
    pub sequences: u64,
    pub length: usize,
    pub seed: u64,
    /// The fix that is switched off: something has to be found.
    pub without: Option<String>,
}

pub fn run(budget: &Budget) -> ExitCode {
    let begun = Instant::now();
    let without = budget.without.as_deref();
    let mut actions = 0;
    for number in 0..budget.sequences {
        let mut draw = Draw::new(budget.seed.wrapping_add(number));
        let sequence: Vec<Action> = (0..budget.length).map(|_| draw.action()).collect();
        let Err((done, why)) = play(&sequence, without) else {
            actions += sequence.len();
            continue;
        };
        let (shortest, why) = shorten(sequence[..done].to_vec(), why, without);
        println!("{why}, after {} actions (seed {}, {number} sequences held):", shortest.len(), budget.seed);
        shortest.iter().for_each(|action| println!("  {action:?}"));
        return if without.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let took = begun.elapsed().as_secs();
    println!(
        "{} sequences, {actions} actions from seed {}: nothing found in {took} s",
        budget.sequences, budget.seed
    );
    if without.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs a sequence. The error is how many actions were done, and what was found after the last.
fn play(sequence: &[Action], without: Option<&str>) -> Result<(), (usize, String)> {
    let mut world = World::new(without);
    for (index, action) in sequence.iter().enumerate() {
        world.act(action).map_err(|why| (index + 1, why))?;
    }
    Ok(())
}

/// Leaves out whatever is not needed for anything to be found, until nothing more can be.
fn shorten(mut sequence: Vec<Action>, mut why: String, without: Option<&str>) -> (Vec<Action>, String) {
    'again: loop {
        for index in (0..sequence.len()).rev() {
            let mut shorter = sequence.clone();
            shorter.remove(index);
            if let Err((done, found)) = play(&shorter, without) {
                shorter.truncate(done);
                (sequence, why) = (shorter, found);
                continue 'again;
            }
        }
        return (sequence, why);
    }
}
