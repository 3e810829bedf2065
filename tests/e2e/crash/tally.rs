//! How often a command was ended, and what the next one did: a row of the table of `scripts/crash`.

use std::collections::BTreeMap;

/// The kills of a command.
pub struct Tally {
    command: String,
    steps: usize,
    next: BTreeMap<String, usize>,
}

impl Tally {
    pub fn of(command: &str) -> Self {
        Self { command: command.to_owned(), steps: 0, next: BTreeMap::new() }
    }

    /// It has so many steps.
    pub fn found(&mut self, steps: usize) {
        self.steps += steps;
    }

    /// It was ended once more; the next one ended with this exit code, or did this.
    pub fn next(&mut self, did: impl ToString) {
        *self.next.entry(did.to_string()).or_default() += 1;
    }

    /// Prints the row, which `scripts/crash` reads.
    #[track_caller]
    pub fn tell(&self) {
        let kills: usize = self.next.values().sum();
        assert!(kills > 0, "{} was never ended", self.command);
        let next: Vec<String> = self.next.iter().map(|(did, times)| format!("{did}: {times}")).collect();
        println!("crash: {}: {kills} kills at {} steps, next {}", self.command, self.steps, next.join(", "));
    }
}
