//! `member`: who the members are, and how they come and go.

mod add;
mod change;
mod list;
mod promote;
mod remove;
mod replace;
mod report;
mod update;

use time::OffsetDateTime;

use crate::cli::MemberCommand;
use model::error::Result;

pub(super) fn run(command: &MemberCommand, now: OffsetDateTime) -> Result<()> {
    match command {
        MemberCommand::List(arguments) => list::run(arguments),
        MemberCommand::Add(arguments) => add::run(arguments, now),
        MemberCommand::Promote(arguments) => promote::run(arguments, now),
        MemberCommand::Remove(arguments) => remove::run(arguments, now),
        MemberCommand::Replace(arguments) => replace::run(arguments, now),
        MemberCommand::Update(arguments) => update::run(arguments, now),
    }
}
