//! `bundle`: for each node, one file that brings its machine into the zone; and `bundle inspect`.

mod identity;
mod inspect;
mod listing;
mod make;
pub(super) mod opening;
mod outcome;
mod passphrase;
pub(super) mod seal_choice;

use time::OffsetDateTime;

use crate::cli::{BundleArgs, BundleCommand};
use crate::error::Result;

pub(super) fn run(arguments: &BundleArgs, now: OffsetDateTime) -> Result<()> {
    match &arguments.command {
        Some(BundleCommand::Inspect(arguments)) => inspect::run(arguments),
        None => make::run(&arguments.make, now),
    }
}
