//! `child`: becomes a supervised program.

use crate::cli::ChildArgs;
use model::error::Result;
use supervision::ChildOptions;

pub(super) fn run(arguments: ChildArgs) -> Result<()> {
    let ChildArgs { parent, user, directory, command } = arguments;
    Err(ChildOptions { parent, user, directory, command }.become_program())
}
