//! When a process that ended is started again, and how long that is put off.

use std::time::Duration;

use super::ending::Ending;
use model::config::RestartPolicy;
use model::error::Exit;

/// No pause is longer, unless it begins longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A process that ran this long is taken for one that runs well: its next pause is the first again.
const RAN_WELL: Duration = Duration::from_secs(600);

/// Whether a process that ended by itself is started again, by the table of `Restart=` in systemd.service(5).
pub fn should_restart(policy: RestartPolicy, ending: Ending) -> bool {
    match policy {
        RestartPolicy::No => false,
        RestartPolicy::OnSuccess => ending.is_clean(),
        RestartPolicy::OnFailure => !ending.is_clean(),
        RestartPolicy::Always => true,
    }
}

/// The code with which `run` tells that the same start would fail again, or etcd that it is no member any
/// more (it ends with 0 when it was removed). What else ends a member may be over the next time.
pub(super) fn must_not_restart(ending: Ending) -> Option<i32> {
    const MAY_WORK_LATER: [Exit; 2] = [Exit::Unavailable, Exit::TryAgain];
    let Ending::Exited(code) = ending else { return None };
    let is_refusal = (Exit::Usage as i32..=Exit::Configuration as i32).contains(&code)
        && MAY_WORK_LATER.into_iter().all(|exit| exit as i32 != code);
    (code == 0 || is_refusal).then_some(code)
}

/// Pauses before restarts: each twice the one before, up to a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    next: Duration,
}

impl Backoff {
    /// Begins with this pause.
    pub fn new(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// The pause after a process that `ran` this long.
    pub fn pause_after(&mut self, ran: Duration) -> Duration {
        if ran >= RAN_WELL {
            self.next = self.first;
        }
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(LONGEST_PAUSE.max(self.first));
        pause
    }
}
