//! `access`: how nodes are reached.

mod grants;
mod recipient;

use time::OffsetDateTime;

use crate::cli::AccessCommand;
use model::error::Result;

pub(super) fn run(command: &AccessCommand, now: OffsetDateTime) -> Result<()> {
    match command {
        AccessCommand::Grants(arguments) => grants::run(arguments, now),
        AccessCommand::Recipient(arguments) => recipient::run(arguments, now),
    }
}
