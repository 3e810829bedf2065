//! What a node said that was reached and could not do it, or what stood in the way to it.

use super::process::{Finished, ProcessError};
use model::error::{Exit, Failure};
use model::foreign_text;

/// ssh ends with this code if it does not get there; no `zone-etcd` does.
const NOT_REACHED: i32 = 255;
/// A shell ends with this code if there is no such program.
const NO_PROGRAM: i32 = 127;
/// More lines are no help.
const LINES_AT_MOST: usize = 40;

/// The node and the command line that leads to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'c> {
    /// The short name of the node.
    pub node: &'c str,
    /// What runs `zone-etcd` there, as a person can type it.
    pub reach: &'c str,
    /// What it was to do: `activate`.
    pub command: &'c str,
}

impl Called<'_> {
    /// The process has not come to an end of its own.
    pub fn not_run(&self, error: &ProcessError) -> Failure {
        let failure = self.not_reached().because(error);
        match error {
            ProcessError::Start { .. } => {
                failure.next("correct `command` of [access] in zone.toml, or install what it names")
            }
            ProcessError::Limit { stderr, .. } => {
                let failure = lines(stderr).into_iter().fold(failure, |failure, line| failure.because(line));
                failure.next(format!(
                    "see that this answers, and asks for no password: {} --version; or raise `limit` of \
                     [access]",
                    self.reach
                ))
            }
            ProcessError::System(_) => failure.next("run the command again"),
        }
    }

    /// It has ended with another code than 0.
    pub fn failed(&self, finished: &Finished) -> Failure {
        let said = lines(&finished.stderr);
        match finished.code {
            Some(NOT_REACHED) | None => {
                let failure =
                    said.into_iter().fold(self.not_reached(), |failure, line| failure.because(line));
                let failure = if finished.code.is_none() {
                    failure.because("a signal ended what runs it")
                } else {
                    failure
                };
                failure.next(format!("see that this works: {} --version", self.reach))
            }
            Some(NO_PROGRAM) => {
                let what = format!("zone-etcd is not run on {}", self.node);
                let failure = Failure::new(Exit::MissingInput, what);
                let failure = said.into_iter().fold(failure, |failure, line| failure.because(line));
                failure.next("install it there, or name it by its path in `command` of [access] in zone.toml")
            }
            Some(code) => self.refused(code, said),
        }
    }

    /// What an answer is that cannot be understood.
    pub fn no_answer(&self, why: &str, output: &[u8]) -> Failure {
        let failure = Failure::bad_input(format!(
            "{} has not answered as `zone-etcd {}` answers",
            self.node, self.command
        ))
        .because(why.to_owned());
        let failure = match lines(output).into_iter().next() {
            Some(line) => failure.because(format!("it begins with: {line}")),
            None => failure,
        };
        failure.next(format!("see that this prints its version and nothing else: {} --version", self.reach))
    }

    fn not_reached(&self) -> Failure {
        Failure::new(Exit::Unavailable, format!("{} is not reached", self.node))
    }

    /// Its own words, as far as they have the form of ours.
    fn refused(&self, code: i32, said: Vec<String>) -> Failure {
        let exit = Exit::of_code(code).unwrap_or(Exit::Unavailable);
        let stated = said.iter().find_map(|line| line.strip_prefix("error: "));
        let what = match stated {
            Some(stated) => format!("{}: {stated}", self.node),
            None => format!("{}: `zone-etcd {}` has ended with {code}", self.node, self.command),
        };
        let next = said.iter().find_map(|line| line.strip_prefix("next: "));
        let next = match next {
            // Its advice, and not ours: that node may be in other hands.
            Some(next) => format!("{} advises: {next}", self.node),
            None => format!("see what it says there: {} {}", self.reach, self.command),
        };
        let is_cause = |line: &&String| !line.starts_with("error: ") && !line.starts_with("next: ");
        let causes = said.iter().filter(is_cause);
        causes.fold(Failure::new(exit, what), |failure, line| failure.because(line.trim())).next(next)
    }
}

/// What came from elsewhere.
pub(super) fn lines(bytes: &[u8]) -> Vec<String> {
    foreign_text::lines(bytes, LINES_AT_MOST)
}
