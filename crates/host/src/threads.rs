//! Threads, of which the system gives only so many: RLIMIT_NPROC of setrlimit(2), TasksMax= of
//! systemd.resource-control(5).

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use tracing::Span;

/// Work beside other work.
#[derive(Debug)]
pub enum Beside<'scope, T> {
    Thread(ScopedJoinHandle<'scope, Option<T>>),
    /// There was none to be had, so it was done at once.
    Done(Option<T>),
}

/// Begins work on a thread of its own, or does it where there is none to be had.
pub fn beside<'scope, T: Send + 'scope, W: FnOnce() -> T + Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: W,
) -> Beside<'scope, T> {
    // What could not be started is not given back.
    let kept = Arc::new(Mutex::new(Some(work)));
    let take = |kept: &Mutex<Option<W>>| kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (there, span) = (Arc::clone(&kept), Span::current());
    match Builder::new().spawn_scoped(scope, move || span.in_scope(|| take(&there).map(|work| work()))) {
        Ok(thread) => Beside::Thread(thread),
        Err(_) => Beside::Done(take(&kept).map(|work| work())),
    }
}

impl<T> Beside<'_, T> {
    /// What came of it; if it panicked, that goes on here.
    pub fn join(self) -> T {
        self.ended().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    pub fn ended(self) -> std::thread::Result<T> {
        let done = match self {
            Self::Thread(thread) => thread.join()?,
            Self::Done(done) => done,
        };
        Ok(done.unwrap_or_else(|| unreachable!("the work is taken by who does it")))
    }
}

/// Begins work that is not waited for.
///
/// # Errors
/// The system gives no more threads.
pub fn detached(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let span = Span::current();
    match Builder::new().spawn(move || span.in_scope(work)) {
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), format!("no thread is to be had: {error}"))),
    }
}
