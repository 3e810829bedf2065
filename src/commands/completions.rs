//! `completions`: the lines by which a shell asks this program what may come next.

use crate::cli::CompletionsArgs;
use crate::completion;
use crate::output::print;
use model::error::{Failure, Result};

pub(super) fn run(arguments: &CompletionsArgs) -> Result<()> {
    let script = completion::script(arguments.shell);
    print(&script.map_err(|error| Failure::internal("cannot make the completion script").because(&error))?)
}
