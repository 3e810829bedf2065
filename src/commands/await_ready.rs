//! `await-ready`: waits until a process answers, in a unit of systemd.

use crate::cli::AwaitReadyArgs;
use model::config::Readiness;
use model::error::{Exit, Failure, Result};
use supervision::await_answer;

pub(super) fn run(arguments: &AwaitReadyArgs) -> Result<()> {
    let ready = Readiness::parse(&arguments.ready)
        .map_err(|(what, instead)| Failure::new(Exit::Usage, what).next(instead))?;
    await_answer(&ready, arguments.timeout.into())
}
