//! `access`: how nodes are reached.

mod grants;

use time::OffsetDateTime;

use crate::cli::AccessCommand;
use model::error::Result;

pub(super) fn run(command: &AccessCommand, now: OffsetDateTime) -> Result<()> {
    match command {
        AccessCommand::Grants(arguments) => grants::run(arguments, now),
    }
}
