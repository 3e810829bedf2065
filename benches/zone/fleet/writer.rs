//! Another client of the zone, which writes all the time and measures how long each write takes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use etcd::client::{ClientCredentials, MemberClient};

use super::zone::{Zone, on_runtime};
use crate::Result;
use crate::statistics::Samples;

/// Between the ends of two writes.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a member may take, before another one is asked.
const CALL_LIMIT: Duration = Duration::from_secs(2);

/// It ends with its owner.
pub struct Writer {
    taken: Arc<Mutex<Samples>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Begins to write.
    pub fn start(zone: &Zone) -> Result<Self> {
        let (taken, is_over) = (Arc::<Mutex<Samples>>::default(), Arc::<AtomicBool>::default());
        let (urls, admin) =
            (zone.config()?.client_urls(), zone.directory().join("clients").join("admin").join("current"));
        let (samples, over) = (Arc::clone(&taken), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            if let Err(error) = on_runtime(write(&urls, &admin, &samples, &over)) {
                eprintln!("bench: error: the client has stopped: {error}");
            }
        });
        Ok(Self { taken, is_over, thread: Some(thread) })
    }

    /// How long the writes took since the last call.
    pub fn taken(&self) -> Samples {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same while `work` is done.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> (Samples, T) {
        drop(self.taken());
        let done = work();
        (self.taken(), done)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A write whose member does not answer is tried at the next, and counts from its beginning.
async fn write(urls: &[String], admin: &Path, taken: &Mutex<Samples>, is_over: &AtomicBool) -> Result<()> {
    let connect = |turn: usize| -> Result<MemberClient> {
        let credentials = ClientCredentials::load(admin)?;
        Ok(MemberClient::new(&urls[turn % urls.len()], "127.0.0.1", &credentials, CALL_LIMIT)?)
    };
    let (mut turn, mut number) = (0, 0_u64);
    let mut client = connect(turn)?;
    while !is_over.load(Ordering::SeqCst) {
        let begun = Instant::now();
        number += 1;
        while client.put(b"/bench/writer", &number.to_be_bytes()).await.is_err() {
            if is_over.load(Ordering::SeqCst) {
                return Ok(());
            }
            turn += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
            client = connect(turn)?;
        }
        taken.lock().unwrap_or_else(PoisonError::into_inner).add(begun.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
