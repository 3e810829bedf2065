//! What commands print.

mod batches;
mod findings;
mod restored_zone;

pub use batches::BATCH;
pub use findings::{Report, counts, exit_code, render_all, render_wrong};
pub use restored_zone::RestoredZone;

use crate::cli::Format;
use model::error::{Exit, Failure, Result};
use model::report;
use operations::runbook::DryRun;

/// Hands data to standard output.
pub fn print(text: &str) -> Result<()> {
    report::data(text).map_err(|error| not_written(&error))
}

fn not_written(error: &std::io::Error) -> Failure {
    Failure::new(Exit::CannotCreate, "cannot write to standard output")
        .because(error)
        .next("run the command again with an output that takes it; what it has done stays done")
}

/// Tells what an operation would do, and ends as its gates say.
pub fn print_dry_run(dry_run: DryRun, format: Format) -> Result<()> {
    print(&match format {
        Format::Text => dry_run.text(),
        Format::Json => json(&dry_run)?,
    })?;
    dry_run.refusal.map_or(Ok(()), Err)
}

/// Text with verdicts, in colour on a terminal.
pub fn print_verdicts(text: &str) -> Result<()> {
    report::verdicts(text).map_err(|error| not_written(&error))
}

/// Lines whose parts look different.
pub fn print_styled(lines: &[Vec<report::Span>]) -> Result<()> {
    report::styled(lines).map_err(|error| not_written(&error))
}

/// A value as indented JSON with a last line break.
pub fn json(value: &impl serde::Serialize) -> Result<String> {
    report::json(value).map_err(|error| Failure::internal("cannot make JSON").because(&error))
}
