//! An explicit-state model of the start protocol, over the functions that decide it: `plan::shows`,
//! `plan::decide`, `plan::writes`, `LogPosition::is_older_than` and `Observation::shows_to_others`. A
//! breadth-first search visits every state that nodes, disks, faults and etcd's elections can lead to within
//! a budget, and looks for:
//!
//! - a leader that lacks an acknowledged write which a disk, or a copy of one, still has;
//! - a second founding while a disk, or a copy of one, has a log of the first;
//! - a node that is refused although no disk of it was touched;
//! - a state from which not all nodes can come to run any more (rows that end in `alive`).
//!
//! Then each rule is switched off, or replaced by a tempting one, and the shortest counterexample is shown;
//! and what the rules do not promise, so that a change of that is noticed.
//!
//! | module | what it holds |
//! |---|---|
//! | [`state`], [`volume`], [`heard`] | a state |
//! | [`world`] | what may happen, and what must not |
//! | [`real`], [`types`], [`writes`] | the functions under test, asked in their own types |
//! | [`launcher`], [`faults`], [`raft`] | the steps: starts, disks, etcd |
//! | [`changes`], [`cluster`] | the steps: changes of etcd's members |
//! | [`rules`], [`old_rules`] | rules that do harm |
//! | [`symmetry`], [`search`], [`walk`], [`follow`] | how states are visited |
//! | [`rows`], [`table`] | what is tried, and how it is told |
//!
//! What a start has heard is used at any later time and in any mixture; a crash comes between any two writes;
//! elections and writes take any majority that raft allows. Two and three members are visited to the end,
//! five by random walks.
//!
//! Not promised, and shown: false words of the operator; a member that is added with a vote, or promoted
//! before it has published its client URLs, and is wiped then; a crash between etcd's first file and its log,
//! after which the member counts as lost.
//!
//! Not in it: time limits, the start order, the handshake, snapshots, compaction, disks that lie about what
//! they have synced, a log that is damaged, `--move-data-aside`, `--data-is-current`, versions, and a start
//! that goes on between two of its steps for longer than its connections are looked at. A copy younger than
//! the last note is beyond what a note can tell.

#![allow(clippy::disallowed_methods, reason = "paths of tests are what the test made them")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first thing that goes wrong")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this test is a program that prints a table")]

mod changes;
mod cluster;
mod faults;
mod follow;
mod heard;
mod launcher;
mod model;
mod old_rules;
mod raft;
mod real;
mod rows;
mod rules;
mod search;
mod state;
mod symmetry;
mod table;
mod types;
mod volume;
mod walk;
mod world;
mod writes;

use std::process::ExitCode;
use std::time::Duration;

use table::Wanted;

/// `[--all] [--seconds N] [FILTER]`: the short rows, or all of them, each for so long at most. Other options
/// are those of the test harness of Rust, which `cargo test` hands to all tests alike.
fn main() -> ExitCode {
    let mut wanted = Wanted { all: false, limit: Duration::from_secs(600), filter: String::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--all" => wanted.all = true,
            "--seconds" => {
                let seconds = arguments.next().and_then(|seconds| seconds.parse().ok());
                wanted.limit = Duration::from_secs(seconds.expect("--seconds wants a number"));
            }
            "--test-threads" | "--skip" => drop(arguments.next()),
            option if option.starts_with('-') => {}
            filter => filter.clone_into(&mut wanted.filter),
        }
    }
    if table::print(&wanted) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
