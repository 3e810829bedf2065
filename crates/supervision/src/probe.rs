//! A thread that tries whether a process is ready.

use std::fs::File;
use std::io::{self, Read};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::attempt;
use super::child::SUBCOMMAND;
use super::launch::Launcher;
use super::notification::{Notification, Waker, is_ready};
use model::config::Readiness;

/// The pause after the first try, and the longest one.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Tries until the process is ready, or this is dropped.
#[derive(Debug)]
pub(super) struct Probe {
    reason: Arc<Mutex<String>>,
    _until_dropped: Sender<()>,
    /// Dropped after the sender: who is woken sees that it is gone.
    _waker: Option<WakesWhenDropped>,
}

#[derive(Debug)]
struct WakesWhenDropped(Waker);

impl Drop for WakesWhenDropped {
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// What the thread has.
struct Trying {
    launcher: Launcher,
    pid: i32,
    reason: Arc<Mutex<String>>,
    dropped: Receiver<()>,
}

impl Probe {
    /// Begins. `tell` is called once it is ready.
    pub fn begin(
        launcher: &Launcher,
        pid: i32,
        notification: Option<Notification>,
        tell: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (until_dropped, dropped) = channel();
        let reason = Arc::new(Mutex::new("its program does not run yet".to_owned()));
        let waker = notification.as_ref().map(|notification| WakesWhenDropped(notification.waker()));
        let trying = Trying { launcher: launcher.clone(), pid, reason: Arc::clone(&reason), dropped };
        host::detached(move || match notification {
            Some(notification) => trying.listen(&notification, tell),
            None => trying.ask(tell),
        })?;
        Ok(Self { reason, _until_dropped: until_dropped, _waker: waker })
    }

    /// Why it was not ready the last time.
    pub fn reason(&self) -> String {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Trying {
    /// Reads on once the process is ready: one whose messages are not read would wait.
    fn listen(&self, notification: &Notification, tell: impl FnOnce()) {
        let mut tell = Some(tell);
        self.note("it has not sent READY=1".to_owned());
        while let Ok(message) = notification.receive() {
            if self.is_cancelled(Duration::ZERO) {
                return;
            }
            if is_ready(&message)
                && let Some(tell) = tell.take()
            {
                tell();
            }
        }
    }

    fn ask(&self, tell: impl FnOnce()) {
        let mut pause = PAUSES.0;
        loop {
            match self.attempt_once() {
                Ok(()) => return tell(),
                Err(reason) => self.note(reason),
            }
            if self.is_cancelled(pause) {
                return;
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn attempt_once(&self) -> Result<(), String> {
        // Another program may answer in its place before it runs.
        runs(self.pid)?;
        attempt(&self.launcher, |pause| self.is_cancelled(pause))
    }

    /// Waits this long, or less if what began this is gone, which is then so.
    fn is_cancelled(&self, pause: Duration) -> bool {
        self.dropped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout)
    }

    fn note(&self, reason: String) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}

/// One try whether the process of a launcher is ready. The error says why not. A command that runs for it is
/// over when `is_cancelled`, which waits.
pub(super) fn attempt(launcher: &Launcher, is_cancelled: impl Fn(Duration) -> bool) -> Result<(), String> {
    match &launcher.config.ready {
        Readiness::None | Readiness::Notify => Ok(()),
        Readiness::Tcp(address) => attempt::tcp(*address),
        Readiness::Http(probe) => attempt::http(probe),
        Readiness::Exec(words) => {
            let mut command = launcher.command(words);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let running = launcher.started.spawn(&mut command).map_err(|error| error.to_string())?;
            attempt::command(running, attempt::ATTEMPT_LIMIT, is_cancelled)
        }
    }
}

/// Whether the process is its own program by now, and not still this one.
fn runs(pid: i32) -> Result<(), String> {
    // Read at once: of one that ends between two reads only the beginning would be there, which is that of
    // another command.
    let mut buffer = [0; 8 << 10];
    let length = File::open(format!("/proc/{pid}/cmdline")).and_then(|mut file| file.read(&mut buffer));
    let words = &buffer[..length.unwrap_or_default()];
    if words.is_empty() {
        return Err("it has ended".to_owned());
    }
    let mut words = words.split(|byte| *byte == 0).skip(1);
    match words.next() == Some(SUBCOMMAND.as_bytes()) && words.next() == Some(b"--parent") {
        true => Err("its program does not run yet".to_owned()),
        false => Ok(()),
    }
}
