//! The same again and again: as soon as a bundle comes, each hour, and whenever the member that tells of
//! changes is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, timeout_at};

use super::{NodeSync, Synced, Telling, fetch, node_of};
use crate::observer::{Observer, run};
use etcd::watch::Watch;
use model::error::{Exit, Failure, Result};
use model::plan::DeliveryKeys;

/// After this time at most the node tells again that it is there, whatever has happened.
pub const WATCH_HEARTBEAT: Duration = Duration::from_secs(60 * 60);
/// The first pause after a failure, at most. Each that follows may take twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// When another operation was under way for too long, the next try is not an hour away.
const TURN_PAUSE: Duration = Duration::from_secs(30);
/// Between a change and its look: any client may write again and again.
const SETTLED_AFTER: Duration = Duration::from_millis(200);
/// What is under way when a signal comes may end by itself within this time. Nothing is lost if it does not:
/// each of its steps stands a loss of power.
const GRACE: Duration = Duration::from_millis(700);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// What came of one time.
#[derive(Debug)]
pub enum Heard<'h> {
    /// It was done, with or without a fault.
    Synced(&'h Synced),
    /// Nothing could be fetched; it is tried again.
    Failed(&'h Failure),
}

/// Does it until SIGTERM or SIGINT, after which it ends within a second.
///
/// # Errors
/// The node directory is not one, or the system gives no thread. What fails later is told and tried again.
pub fn watch(sync: NodeSync, mut heard: impl FnMut(Heard<'_>) + Send + 'static) -> Result<()> {
    NodeSync::open(&sync.config)?;
    let working = Arc::new(AtomicBool::new(true));
    let works = Arc::clone(&working);
    let no_signals = |error| Failure::internal("cannot listen for signals").because(&error);
    run(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        // It is left where it is when a signal comes.
        host::detached(move || work(&sync, &works, &mut heard))
            .map_err(|error| Failure::no_thread(&error))?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let end = Instant::now() + GRACE;
        while working.load(Ordering::Acquire) && Instant::now() < end {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    })?
}

fn work(sync: &NodeSync, working: &AtomicBool, heard: &mut dyn FnMut(Heard<'_>)) {
    let mut pause = FIRST_PAUSE;
    let mut turn = 0_usize;
    // What was told last is true until then. At the start whatever is there is replaced.
    let mut due = OffsetDateTime::now_utc();
    loop {
        working.store(true, Ordering::Release);
        let now = OffsetDateTime::now_utc();
        let planned = now + before(WATCH_HEARTBEAT);
        let telling = if now < due { Telling::Changes } else { Telling::Always };
        let done = sync.once_telling(telling, Some(planned));
        match &done {
            Ok(synced) => heard(Heard::Synced(synced)),
            Err(failure) => heard(Heard::Failed(failure)),
        }
        working.store(false, Ordering::Release);
        let begun = Instant::now();
        let woken = match &done {
            Ok(synced) => {
                if synced.answered_at.is_some() {
                    due = planned;
                }
                let left = (due - OffsetDateTime::now_utc()).max(time::Duration::ZERO).unsigned_abs();
                let wait = match synced.failure.as_ref().map(|failure| failure.exit) {
                    Some(Exit::TryAgain | Exit::Unavailable) => left.min(before(TURN_PAUSE)),
                    _ => left,
                };
                turn += 1;
                wait_for_change(sync, synced.revision, turn, wait)
            }
            Err(_) => Woken::Lost,
        };
        match woken {
            Woken::Changed => sleep(SETTLED_AFTER),
            Woken::Late => {}
            Woken::Lost => {
                // Those that lost the same member do not all come to the next one at once.
                sleep(pause.mul_f64(share()));
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        if begun.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
    }
}

/// Why it goes on.
enum Woken {
    /// A bundle came, or may have come.
    Changed,
    /// It is time.
    Late,
    /// The member that would tell is not there any more.
    Lost,
}

/// Waits until a bundle comes after `revision`, as one of the members tells: another one each `turn`.
fn wait_for_change(sync: &NodeSync, revision: i64, turn: usize, wait: Duration) -> Woken {
    let waited = || -> Result<Woken> {
        let site = NodeSync::open(&sync.config)?;
        let head = DeliveryKeys::of(&node_of(&site)?.name).head();
        let credentials = Observer::new(&site).credentials()?;
        let mut urls = site.config().client_urls();
        if !urls.is_empty() {
            let first = (turn + usize::from(model::random::bytes::<1>()?[0])) % urls.len();
            urls.rotate_left(first);
        }
        run(async {
            let end = Instant::now() + wait;
            let mut found: Option<Watch> = None;
            for url in &urls {
                let Ok(client) = credentials.connect(url, fetch::LIMIT) else { continue };
                // Written with each bundle, and small: the bundle itself travels once.
                let mut after = head.clone().into_bytes();
                after.push(0);
                if let Ok(watch) = client.watch(head.as_bytes(), &after, revision.saturating_add(1)).await {
                    found = Some(watch);
                    break;
                }
            }
            let Some(mut watch) = found else { return Woken::Lost };
            loop {
                match timeout_at(end, watch.next()).await {
                    Err(_) => return Woken::Late,
                    Ok(Ok(told)) if told.changes.is_empty() => {}
                    Ok(Ok(_)) => return Woken::Changed,
                    Ok(Err(_)) => return Woken::Lost,
                }
            }
        })
    };
    // What is wrong with the node directory is told by the next try.
    waited().unwrap_or(Woken::Lost)
}

/// Between three quarters of a time and all of it: nodes that were started together do not ask together.
fn before(time: Duration) -> Duration {
    time.mul_f64(0.75 + 0.25 * share())
}

/// A number from 0 to 1.
fn share() -> f64 {
    let drawn = model::random::bytes::<2>().map_or(0, u16::from_be_bytes);
    f64::from(drawn) / f64::from(u16::MAX)
}
