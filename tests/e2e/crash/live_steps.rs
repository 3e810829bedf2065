//! The steps of a command that asks members that run.
//!
//! How often it asks depends on the time that others take, so a step is the Nth call of its name, and not
//! always the same one.

use std::path::Path;

use super::command::spread;
use super::strace::{Step, steps_in};
use super::tally::Tally;

/// The calls by which files change, and by which members are asked.
pub const LIVE_CALLS: &[&str] = &[
    "fsync",
    "fdatasync",
    "rename",
    "renameat2",
    "link",
    "linkat",
    "mkdir",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "flock",
    "sendto",
    "writev",
];
/// Questions to members are many, and most of them change nothing: about so many of them are taken.
const QUESTIONS: usize = 30;
/// A change takes seconds, so not every step is taken.
const MOST_KILLS: usize = 60;

/// Those that are taken of a command that was traced to its end.
#[track_caller]
pub fn live_steps(trace: &Path, tally: &mut Tally) -> Vec<Step> {
    let (asking, writing): (Vec<Step>, Vec<Step>) =
        steps_in(trace, LIVE_CALLS).into_iter().partition(Step::is_to_another_process);
    assert!(writing.len() > 4, "{writing:?}");
    tally.found(writing.len() + asking.len());
    let asking = asking.iter().step_by((asking.len() / QUESTIONS).max(1));
    let mut steps: Vec<Step> = writing.iter().chain(asking).cloned().collect();
    steps.sort_by_key(|step| step.place);
    spread(&steps, MOST_KILLS)
}
