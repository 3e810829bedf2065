//! `nameservice`: the zone document, signed, verified and served.

mod serve;
mod sign;
mod verify;

use time::OffsetDateTime;

use crate::cli::NameserviceCommand;
use model::error::Result;

#[tracing::instrument(skip_all, name = "nameservice")]
pub(super) fn run(command: &NameserviceCommand, now: OffsetDateTime) -> Result<()> {
    match command {
        NameserviceCommand::Serve(arguments) => serve::run(arguments),
        NameserviceCommand::Sign(arguments) => sign::run(arguments, now),
        NameserviceCommand::Verify(arguments) => verify::run(arguments, now),
    }
}
