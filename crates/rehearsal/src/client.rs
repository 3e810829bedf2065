//! What the clients of a load share: when to stop, what was acknowledged, and the clock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connections::Connections;
use super::history::{FailedTry, GivenUp, Track};
use super::keys::Keys;

/// What all clients of a load have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) began: Instant,
    stopped: AtomicBool,
    /// The last write that was acknowledged, of whichever writer.
    last: Mutex<Option<(Keys, u64)>>,
}

pub(super) struct Client {
    pub(super) connections: Arc<Connections>,
    pub(super) shared: Arc<Shared>,
    /// Told at the first answer.
    steady: Mutex<Option<Sender<()>>>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), stopped: AtomicBool::new(false), last: Mutex::new(None) }
    }

    /// Lets every client end what it is at, and no more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

impl Client {
    pub(super) fn new(connections: Arc<Connections>, shared: Arc<Shared>, steady: Sender<()>) -> Arc<Self> {
        Arc::new(Self { connections, shared, steady: Mutex::new(Some(steady)) })
    }

    /// The time since the load began.
    pub(super) fn elapsed(&self) -> Duration {
        self.shared.began.elapsed()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Relaxed)
    }

    /// Tells, once, that this client was answered.
    pub(super) fn is_steady(&self) {
        if let Some(steady) = self.steady.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The receiver is gone if another client took too long.
            let _ = steady.send(());
        }
    }

    /// Lets the reader know what has to be there from now on.
    pub(super) fn acknowledged(&self, keys: &Keys, number: u64) {
        *self.shared.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((keys.clone(), number));
        self.is_steady();
    }

    pub(super) fn last_acknowledged(&self) -> Option<(Keys, u64)> {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Track {
    /// The track of a client that has done nothing yet.
    pub(super) fn named(client: &'static str) -> Self {
        Self { client, ..Self::default() }
    }

    /// Notes a try that failed just now.
    pub(super) fn failed(&mut self, client: &Client, index: usize, why: &str) {
        let node = client.connections.name(index).to_owned();
        self.failed_tries.push(FailedTry { at: client.elapsed(), node, why: why.to_owned() });
    }

    /// Notes a request that is tried no more.
    pub(super) fn gave_up(&mut self, client: &Client, number: u64) {
        self.given_up.push(GivenUp { number, at: client.elapsed() });
    }
}
