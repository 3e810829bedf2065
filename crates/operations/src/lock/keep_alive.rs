//! A lease kept alive by a thread of its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::any_member::Members;
use host::since_boot;
use live::on_runtime;
use model::error::{Failure, Result};

/// Between two signs of life: several fit into the time of the lease, since the member that is asked may be
/// the one that is being restarted.
const BEAT: Duration = Duration::from_secs(2);

/// Keeps a lease alive until it is dropped, and then ends it.
#[derive(Debug)]
pub(super) struct KeepAlive {
    state: Arc<Mutex<State>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is known of the lease. A machine that was suspended has lost it, so its time is counted as well.
#[derive(Clone, Copy, Debug)]
enum State {
    /// It lives until then at least.
    Until(Duration),
    /// etcd knows it no more.
    Gone,
}

impl KeepAlive {
    /// Keeps a lease alive that was just made, for so many seconds.
    pub(super) fn start(members: Members, lease: i64, seconds: i64) -> Result<Self> {
        let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        let state = Arc::new(Mutex::new(State::Until(since_boot() + lasts)));
        let (stop, stopped) = channel();
        let known = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || beat(&members, lease, lasts, &known, &stopped))
            .map_err(|error| Failure::internal("cannot start a thread").because(&error))?;
        Ok(Self { state, stop: Some(stop), thread: Some(thread) })
    }

    /// Whether the lease lives. The error says why not.
    pub(super) fn still_alive(&self) -> std::result::Result<(), &'static str> {
        match *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Until(end) if since_boot() < end => Ok(()),
            State::Until(_) => Err("no member took a sign of life in time"),
            State::Gone => Err("its lease has ended"),
        }
    }
}

impl Drop for KeepAlive {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It asks for two seconds at most, twice. One that ended by a fault of ours has left the lease to
            // end by itself.
            let _ = thread.join();
        }
    }
}

fn beat(members: &Members, lease: i64, lasts: Duration, state: &Mutex<State>, stopped: &Receiver<()>) {
    while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
        let asked = since_boot();
        // A set-up that fails now may work at the next beat.
        let Ok(Some(lives)) = on_runtime(keep_alive(members, lease)) else { continue };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = if lives { State::Until(asked + lasts) } else { State::Gone };
        if !lives {
            return;
        }
    }
    // If no member is reached it ends by itself.
    let _ = on_runtime(revoke(members, lease));
}

/// Whether the lease lives, by the first member that can tell.
async fn keep_alive(members: &Members, lease: i64) -> Option<bool> {
    members.first(move |client| async move { client.lease_keep_alive(lease).await.ok() }).await.ok()?
}

async fn revoke(members: &Members, lease: i64) {
    // One that another member has ended meanwhile is an error, and as good.
    let _ = members.first(move |client| async move { client.lease_revoke(lease).await.ok() }).await;
}
