//! The member list changed, and read again until it shows it: an error may mean that it happened.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::observer::run;
use crate::operation::Operation;
use live::{ANSWER_LIMIT, ChangeError, ListChange, LiveZone};
use model::error::{Exit, Failure, Result};
use model::report;

/// How long etcd may take to agree. Right after a start or a join its members have to be connected for five
/// seconds first (`HealthInterval` in `server/etcdserver/server.go`).
const LIMIT: Duration = Duration::from_secs(15);
/// How often an operator who waits is told for what.
const TOLD_EVERY: Duration = Duration::from_secs(3);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// Asks for a change until the list shows it, each time only if it may be asked for as the zone is then.
/// `what` says what is not done if it does not come to that.
///
/// # Errors
/// etcd refuses (exit 78), the certificate may not (exit 77), or time is over: exit 75, or 69 without a
/// quorum.
#[tracing::instrument(skip_all, name = "change member list")]
pub(super) fn change_list(
    operation: &Operation<'_>,
    change: &ListChange,
    what: &str,
    may_be_asked: impl Fn(&LiveZone) -> Result<()>,
    is_done: impl Fn(&LiveZone) -> bool,
) -> Result<LiveZone> {
    let (observer, begun) = (&operation.observer, Instant::now());
    let mut told = begun;
    loop {
        operation.still_held()?;
        let live = observer.observe()?;
        if live.list_is_confirmed && is_done(&live) {
            return Ok(live);
        }
        may_be_asked(&live)?;
        let credentials = observer.credentials()?;
        let error = run(live.change_list(change, &credentials, ANSWER_LIMIT))?.err();
        // Whatever it answered: the list tells.
        let live = observer.observe()?;
        if live.list_is_confirmed && is_done(&live) {
            return Ok(live);
        }
        let site = operation.site();
        let error = match error {
            Some(error @ ChangeError::Denied(_)) => {
                return Err(Failure::new(Exit::Permission, what).because(&error).next(
                    "with authentication on, the member list is the role root's to change: \
                     zone-etcd explain authentication",
                ));
            }
            Some(error @ ChangeError::Refused(_)) => {
                return Err(Failure::new(Exit::Configuration, what)
                    .because(&error)
                    .next(format!("see which members it has: {}", site.proposed("member list"))));
            }
            Some(error) => error.to_string(),
            None => "the member list does not show it yet".to_owned(),
        };
        if begun.elapsed() > LIMIT {
            let exit = if live.list_is_confirmed { Exit::TryAgain } else { Exit::Unavailable };
            return Err(Failure::new(exit, what).because(error).next(format!(
                "see how the members are, and run the command again: {}",
                site.proposed("status")
            )));
        }
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            report::message(&format!("waiting: {error}"));
        }
        sleep(PAUSE);
    }
}
