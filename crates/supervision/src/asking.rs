//! Tries whether something answers, without a process that is supervised.

use std::time::{Duration, Instant};

use super::attempt::STILL_RUNS;
use super::launch::{Launcher, Started};
use super::probe::{PAUSES, attempt};
use model::config::{ProcessConfig, Readiness};
use model::error::{Exit, Failure, Result};

/// Waits until a port, a URL or a command says that a process is ready.
///
/// # Errors
/// It does not within the limit, with the reason of the last try; or nothing is to be asked.
pub fn await_answer(ready: &Readiness, limit: Duration) -> Result<()> {
    if matches!(ready, Readiness::None | Readiness::Notify) {
        let what = format!("`{ready}` is nothing that answers");
        return Err(Failure::new(Exit::Usage, what).next("name tcp:PORT, http://… or exec:…"));
    }
    let program = std::env::current_exe()
        .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))?;
    let config = ProcessConfig { ready: ready.clone(), ..ProcessConfig::new("ready", Vec::new()) };
    let launcher = Launcher { program, config, variables: Default::default(), started: Started::default() };
    let deadline = Instant::now().checked_add(limit);
    let is_over = |pause: Duration| {
        let left = deadline.map_or(pause, |deadline| deadline.saturating_duration_since(Instant::now()));
        std::thread::sleep(pause.min(left));
        left.is_zero()
    };
    let mut pause = PAUSES.0;
    let mut last = STILL_RUNS.to_owned();
    loop {
        let Err(reason) = attempt(&launcher, is_over) else { return Ok(()) };
        // One that is cut off says less than the one before.
        if reason != STILL_RUNS {
            last = reason;
        }
        if is_over(pause) {
            let limit = humantime::format_duration(limit);
            return Err(Failure::new(Exit::Unavailable, format!("{ready} was not ready within {limit}"))
                .because(last)
                .next("see what the process wrote, and correct `command` or `ready` of it"));
        }
        pause = (pause * 2).min(PAUSES.1);
    }
}
