//! `bundle`: for each node, one file that brings its machine into the zone; and `bundle inspect`.

mod inspect;
mod listing;
mod make;
mod outcome;

use time::OffsetDateTime;

use crate::cli::{BundleArgs, BundleCommand};
use model::error::Result;

#[tracing::instrument(skip_all, name = "bundle")]
pub(super) fn run(arguments: &BundleArgs, now: OffsetDateTime) -> Result<()> {
    match &arguments.command {
        Some(BundleCommand::Inspect(arguments)) => inspect::run(arguments),
        None => make::run(&arguments.make, now),
    }
}
