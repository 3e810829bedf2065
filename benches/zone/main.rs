//! What the program costs, against what it could cost: ratios, each measured in one run against something
//! else.
//!
//! `cargo bench --bench zone -- [--short] [SUBJECT ...]`; `scripts/bench` builds what it needs
//! and calls it.
//!
//! Absolute figures belong to a machine and to what else it does. So every subject runs alternately with what
//! it is compared to, and the goals are ratios, or differences that leave a wide margin.

#![allow(clippy::disallowed_methods, reason = "files and paths are the bench's own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is this program's output")]

mod arguments;
mod bundles;
mod development;
mod diagnosis;
mod disk_alone;
mod fleet;
mod in_memory;
mod launch;
mod members;
mod membership;
mod on_disk;
mod other_tools;
mod peak_memory;
mod plot;
mod raw_rcgen;
mod recovery;
mod report;
mod rotation;
mod running_zone;
mod scratch;
mod start;
mod statistics;
mod zone_files;

use std::error::Error;
use std::process::ExitCode;
use std::sync::OnceLock;

use arguments::{Arguments, Subject};
use report::Report;
use scratch::Scratch;

/// Any failure ends the measurement with its message.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The program that is measured, if it is not the one that cargo has built with this one.
static GIVEN: OnceLock<String> = OnceLock::new();

/// The program that is measured.
fn zone_etcd() -> &'static str {
    GIVEN.get().map_or(env!("CARGO_BIN_EXE_zone-etcd"), String::as_str)
}

fn main() -> ExitCode {
    if launch::is_stand_in() {
        return ExitCode::SUCCESS;
    }
    if let Some(command) = peak_memory::asked_for() {
        return match peak_memory::tell(command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&*error),
        };
    }
    if let Some((zone, keys)) = fleet::asked_for() {
        return match fleet::run(&zone, &keys) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&*error),
        };
    }
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("bench: error: {message}\n{}", arguments::USAGE);
            return ExitCode::from(64);
        }
    };
    if let Some(program) = &arguments.program {
        GIVEN.get_or_init(|| program.clone());
    }
    match measure(&arguments) {
        Ok(report) if report.missed() == 0 => ExitCode::SUCCESS,
        Ok(report) => {
            let count = report.missed();
            println!("\n{count} {} missed", if count == 1 { "goal was" } else { "goals were" });
            ExitCode::FAILURE
        }
        Err(error) => failed(&*error),
    }
}

fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("bench: error: {error}");
    ExitCode::from(70)
}

fn measure(arguments: &Arguments) -> Result<Report> {
    let scratch = Scratch::new()?;
    let mut report = Report::new(!arguments.short);
    for subject in &arguments.subjects {
        match subject {
            Subject::Issue => {
                report.print(in_memory::measure(arguments)?);
                report.print(on_disk::measure(arguments, &scratch)?);
                report.print(peak_memory::measure(&scratch)?);
            }
            Subject::Bundle => report.print(bundles::measure(arguments, &scratch)?),
            Subject::Launch => report.print(launch::measure(arguments, &scratch)?),
            Subject::Start => report.print(start::measure(arguments, &scratch)?),
            Subject::Members => report.print(membership::measure(arguments, &scratch)?),
            Subject::Rotation => report.print(rotation::measure(arguments, &scratch)?),
            Subject::Recover => report.print(recovery::measure(arguments, &scratch)?),
            Subject::Doctor => report.print(diagnosis::measure(arguments, &scratch)?),
            Subject::Fleet => fleet::measure(arguments, &scratch, &mut report)?,
            Subject::Dev => report.print(development::measure(arguments, &scratch)?),
        }
    }
    if arguments.all {
        report.print_goals();
    }
    if let Some(path) = &arguments.plot {
        std::fs::write(path, plot::svg(report.goals()))?;
    }
    Ok(report)
}
