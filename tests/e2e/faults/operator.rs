//! One command of the operator, until it has come to its end: again under faults, and then without any.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::machines::NODES;
use super::tally::{ENDING, STUCK};
use super::{Run, lock};
use crate::harness::processes::Running;
use crate::harness::{Outcome, next_step};

/// A command that takes longer hangs: each of its waits has a limit below.
const LONGEST: Duration = Duration::from_secs(150);
/// How long it may take without faults, all tries together.
const WITHOUT_FAULTS: Duration = Duration::from_secs(120);
/// Refusals that an operator may have to do with: docs of each command.
const DOCUMENTED: [i32; 6] = [65, 66, 69, 73, 75, 78];
/// What a command says that was carried out before and whose end was not seen.
const DONE_BEFORE: [&str; 3] = ["its member answers", "is no learner", "there is nothing to roll back"];

/// An operation is a command, and the one that finishes it if it is another.
pub struct Step<'s> {
    pub operation: &'static str,
    pub command: Vec<&'s str>,
    pub finish: Option<Vec<&'s str>>,
}

impl<'s> Step<'s> {
    pub fn new(operation: &'static str, command: &[&'s str]) -> Self {
        Self { operation, command: command.to_vec(), finish: None }
    }

    pub fn finished_by(mut self, finish: &[&'s str]) -> Self {
        self.finish = Some(finish.to_vec());
        self
    }
}

impl Run {
    /// Carries out a step. Returns whether it has come to its end.
    pub fn carry_out(&self, step: &Step<'_>) -> bool {
        let mut tries = 0;
        let mut calm_until: Option<Instant> = None;
        let is_done = loop {
            tries += 1;
            let command =
                if tries > 1 { step.finish.as_ref().unwrap_or(&step.command) } else { &step.command };
            let told = self.once(step.operation, command);
            let is_documented = told.code == -1 || DOCUMENTED.contains(&told.code);
            if told.code == 0 || (is_documented && DONE_BEFORE.iter().any(|text| told.stderr.contains(text)))
            {
                break true;
            }
            if !is_documented {
                self.found(ENDING, &format!("{command:?} ended with {}:\n{}", told.code, told.stderr));
                break false;
            }
            match calm_until {
                None if tries >= 2 => {
                    self.calm.ask();
                    self.machines.start_refused();
                    calm_until = Some(Instant::now() + WITHOUT_FAULTS);
                }
                Some(until) if Instant::now() > until => {
                    self.found(STUCK, &format!("{command:?} ends with {}:\n{}", told.code, told.stderr));
                    break false;
                }
                _ => {}
            }
            std::thread::sleep(Duration::from_millis(300));
        };
        if is_done {
            self.tally().done(step.operation);
        }
        if calm_until.is_some() {
            self.calm.end();
        }
        is_done
    }

    /// Runs a command once, and starts the members that it asks for.
    pub fn once(&self, operation: &'static str, arguments: &[&str]) -> Outcome {
        let mut command = self.machines.zone.command(arguments);
        let number = self.number();
        let begun = Instant::now();
        self.note(&format!("{number}: zone-etcd {}", arguments.join(" ")));
        let running = Running::start(&mut command, self.machines.zone.around(), &format!("command-{number}"));
        *lock(&self.operation) = Some((running, false));
        let mut asked = 0;
        let (told, was_killed) = loop {
            let mut operation = lock(&self.operation);
            let (running, was_killed) = operation.as_mut().expect("it runs");
            let ended = !running.is_alive();
            if ended {
                let was_killed = *was_killed;
                break (operation.take().expect("it ran").0.outcome(), was_killed);
            }
            if begun.elapsed() > LONGEST && !*was_killed {
                running.signal(Signal::SIGABRT);
                *was_killed = true;
                self.found(STUCK, &format!("{arguments:?} does not end:\n{}", running.stderr()));
            }
            let stderr = running.stderr();
            drop(operation);
            asked = self.start_what_is_asked_for(&stderr, asked);
            std::thread::sleep(Duration::from_millis(20));
        };
        let ending = match (told.code, was_killed) {
            (-1, true) => "killed".to_owned(),
            (code, _) => code.to_string(),
        };
        self.note(&format!("{number}: ended, {ending}, after {} ms", begun.elapsed().as_millis()));
        if told.code != 0 && told.code != -1 {
            next_step::check(&command, &told.stdout, &told.stderr);
        }
        self.tally().ended(operation, ending);
        told
    }

    /// The members that lines from this one on say have to be started. Returns how many lines there are.
    fn start_what_is_asked_for(&self, stderr: &str, from: usize) -> usize {
        let asks =
            |line: &&str| ["has to be started", "next: start it"].iter().any(|text| line.contains(text));
        for line in stderr.lines().skip(from).filter(asks) {
            let mut words = line.split(|character: char| !character.is_alphanumeric());
            let named = words.find_map(|word| NODES.iter().position(|node| *node == word));
            if let Some(node) = named.filter(|node| self.machines.has_ended(*node)) {
                self.note(&format!("{} is started, as asked for", NODES[node]));
                // As it says there, or as the start before was told.
                let refused = self.machines.member(node, |member| member.stderr()).unwrap_or_default();
                let is_said = |flag: &&str| line.contains(flag) || refused.contains(flag);
                let flags: Vec<&str> = ["--move-data-aside"].into_iter().filter(is_said).collect();
                self.machines.start_member(node, &flags);
            }
        }
        stderr.lines().count()
    }

    /// SIGKILL for the command that runs, if one does.
    pub fn kill_operation(&self) -> Option<String> {
        let mut operation = lock(&self.operation);
        let (running, was_killed) = operation.as_mut()?;
        if !running.is_alive() {
            return None;
        }
        running.signal(Signal::SIGKILL);
        *was_killed = true;
        Some("the command that runs".to_owned())
    }
}
