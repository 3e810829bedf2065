//! Many clients that write at the same time, each write once, and what was acknowledged to them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use live::{Credentials, on_runtime};

use crate::harness::TestZone;

/// No member is asked again: what is not answered by then was not acknowledged.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

pub struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Load {
    #[track_caller]
    pub fn start(zone: &TestZone, endpoint: &str, clients: usize) -> Self {
        let credentials =
            Credentials::load(&zone.file("clients/admin/current")).expect("the administrator's");
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (asked_to, told, endpoint) = (Arc::clone(&stop), Arc::clone(&acknowledged), endpoint.to_owned());
        let work = async move {
            let number = AtomicUsize::new(0);
            let write = async || {
                let client = credentials.connect(&endpoint, ANSWER_LIMIT).expect("an endpoint");
                while !asked_to.load(Ordering::Relaxed) {
                    let key = format!("load/{:08}", number.fetch_add(1, Ordering::Relaxed));
                    match client.put(key.as_bytes(), b"value").await {
                        Ok(_) => told.lock().expect("no panic").push(key),
                        Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                    }
                }
            };
            let mut running = Vec::new();
            for _ in 0..clients {
                running.push(Box::pin(write()));
            }
            join_all(running).await;
        };
        let thread = spawn(move || on_runtime(work).expect("a runtime"));
        Self { stop, acknowledged, thread }
    }

    pub fn count(&self) -> usize {
        self.acknowledged.lock().expect("no panic").len()
    }

    /// Stops writing, and returns the keys of all that was acknowledged.
    #[track_caller]
    pub fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the clients end");
        std::mem::take(&mut self.acknowledged.lock().expect("no panic"))
    }
}

/// All of them at the same time, on one thread.
async fn join_all<F: Future<Output = ()> + Unpin>(mut futures: Vec<F>) {
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| std::pin::Pin::new(future).poll(context).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}
