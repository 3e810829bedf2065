//! Standard error of a process that others depend on: a reader that stops to read keeps nothing waiting.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, sleep};
use std::time::{Duration, Instant};

use super::progress;

/// In texts. One is at most a line of a process, of 16 KiB: these are 4 MiB, and six times that if nothing in
/// them can be shown as it is.
const LENGTH: usize = 256;
/// How long the lines of a process wait for room, and the last ones at the end until they are written.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks for room.
const LOOK: Duration = Duration::from_millis(2);

static QUEUE: OnceLock<SyncSender<String>> = OnceLock::new();
/// Texts that are not written yet.
static WAITING: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);
/// Whether it was waited for room in vain, and nothing was written since.
static IS_STALLED: AtomicBool = AtomicBool::new(false);

/// From here on a thread of its own writes to standard error. What finds no room is dropped, and counted
/// there once it is read again.
///
/// # Errors
/// The thread cannot be started; messages are written as before.
pub fn never_wait_for_readers() -> io::Result<()> {
    let (sender, receiver) = sync_channel(LENGTH);
    Builder::new().name("messages".to_owned()).spawn(move || write_all(&receiver))?;
    // A second call changes nothing: the thread of the first one goes on.
    let _ = QUEUE.set(sender);
    Ok(())
}

/// Waits for a moment until all that was said is written. A process that ends takes the rest with it.
pub fn finish() {
    let until = Instant::now() + PATIENCE;
    while WAITING.load(Ordering::Acquire) > 0 && Instant::now() < until {
        sleep(LOOK);
    }
}

/// Puts a text into the queue, or drops it if there is no room. Returns false if there is no queue. With
/// `waits`, it waits for room before.
pub(super) fn take(text: &str, waits: bool) -> bool {
    let Some(queue) = QUEUE.get() else { return false };
    let until = Instant::now() + PATIENCE;
    let mut text = text.to_owned();
    WAITING.fetch_add(1, Ordering::AcqRel);
    loop {
        match queue.try_send(text) {
            Ok(()) => return true,
            Err(TrySendError::Full(same)) if waits && !IS_STALLED.load(Ordering::Relaxed) => {
                if Instant::now() >= until {
                    IS_STALLED.store(true, Ordering::Relaxed);
                }
                sleep(LOOK);
                text = same;
            }
            Err(_) => {
                // Who writes more than that has to slow down, though no one reads it.
                if waits {
                    sleep(LOOK);
                }
                WAITING.fetch_sub(1, Ordering::AcqRel);
                DROPPED.fetch_add(1, Ordering::Relaxed);
                return true;
            }
        }
    }
}

fn write_all(texts: &Receiver<String>) {
    for text in texts {
        // Where standard error is gone, a failure to write to it cannot be reported.
        let _ = progress::above(|| io::stderr().lock().write_all(text.as_bytes()));
        WAITING.fetch_sub(1, Ordering::AcqRel);
        IS_STALLED.store(false, Ordering::Relaxed);
        let dropped = DROPPED.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let _ =
                writeln!(io::stderr().lock(), "warning: {dropped} lines are lost: nothing read them in time");
        }
    }
}
