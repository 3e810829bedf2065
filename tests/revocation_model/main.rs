//! Revocation and generations under random sequences of commands, with the real program on real zone
//! directories and node directories: issuing, bundles, activation, revocation, a rotation that is carried in
//! files, steps back, copies of a zone directory, one that is put back, and a clock that goes on. After each
//! command the files are looked at:
//!
//! - a holder that was revoked gets no certificate, unless a command names it with `--reinstate`;
//! - what was revoked is on the list of its plane, until it expires;
//! - lists and their numbers only grow: on the signing host, and on each node unless it was told otherwise;
//! - after a revocation every member whose files are here has the list, the holder's among them;
//! - no two CAs have one name;
//! - no bundle of a node has the number of another one that the node had.
//!
//! A sequence that ends in one of these is made as short as it gets. With `--without FIX`, in a build with
//! the feature `weakened`, one of the fixes is switched off, and something has to be found.
//!
//! | module | what it holds |
//! |---|---|
//! | [`action`] | what may happen, and how it is drawn |
//! | [`world`] | the directories, and each action on them |
//! | [`files`] | what the files say |
//! | [`oracle`] | what has to hold |
//! | [`search`] | sequences, and the shortest one that ends badly |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at the first thing that goes wrong"
)]
#![allow(clippy::disallowed_methods, reason = "paths of tests are what the test made them")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this test is a program that prints a table")]

mod action;
mod files;
#[path = "../harness/mod.rs"]
mod harness;
mod oracle;
mod search;
mod world;

use std::process::ExitCode;

use search::Budget;

/// `[--sequences N] [--length N] [--seed N] [--without FIX]`. Other options are those of the test harness of
/// Rust, which `cargo test` hands to all tests alike.
fn main() -> ExitCode {
    let mut budget = Budget { sequences: 40, length: 24, seed: 1, without: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|value| value.parse().ok());
        match argument.as_str() {
            "--sequences" => budget.sequences = number().expect("a number"),
            "--length" => budget.length = number().expect("a number") as usize,
            "--seed" => budget.seed = number().expect("a number"),
            "--without" => budget.without = arguments.next(),
            "--test-threads" | "--skip" | "--color" | "--format" => drop(arguments.next()),
            // A filter of `cargo test` that means other tests.
            filter if !filter.starts_with('-') && !"revocation_model".contains(filter) => {
                return ExitCode::SUCCESS;
            }
            _ => {}
        }
    }
    search::run(&budget)
}
