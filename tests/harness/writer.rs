//! A client that writes all the time, with a key of its own for each write, and remembers what was acknowledged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use zone_etcd::etcd::client::MemberClient;
use zone_etcd::etcd::key_values::Page;
use zone_etcd::live::{Credentials, on_runtime};

use super::TestZone;

/// How long one write may take before another member is asked: a leader that hands over drops what followers pass on, and they
/// say nothing.
const ANSWER_LIMIT: Duration = Duration::from_millis(250);
/// How long a client goes on with one write.
const PATIENCE: Duration = Duration::from_secs(30);
/// From an answer to the next write: a member that is waited for needs the processors as well.
const PAUSE: Duration = Duration::from_millis(2);
const PREFIX: &str = "written/";

/// A writer that is at work.
pub struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Written>,
    endpoints: Vec<String>,
    credentials: Credentials,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Written {
    /// How many writes were acknowledged.
    pub acknowledged: usize,
    /// How many of them are not to be found afterwards.
    pub lost: usize,
    /// How many tries went to another member.
    pub retried: usize,
    /// How many writes failed for good.
    pub failed: usize,
    /// The longest time between two that were acknowledged.
    pub longest_gap: Duration,
}

impl Writer {
    /// Begins to write by way of these endpoints, as the administrator.
    #[track_caller]
    pub fn start(zone: &TestZone, endpoints: &[String]) -> Self {
        let credentials =
            Credentials::load(&zone.file("clients/admin/current")).expect("the administrator's");
        let stop = Arc::new(AtomicBool::new(false));
        let (asked_to, known, with) = (Arc::clone(&stop), endpoints.to_vec(), credentials.clone());
        let thread = spawn(move || on_runtime(write(&known, &with, &asked_to)).expect("a runtime"));
        Self { stop, thread, endpoints: endpoints.to_vec(), credentials }
    }

    /// Stops writing, and looks for all that was acknowledged.
    #[track_caller]
    pub fn stop(self) -> Written {
        self.stop.store(true, Ordering::Relaxed);
        let mut written = self.thread.join().expect("the writer ends");
        let present = on_runtime(read(&self.endpoints, &self.credentials)).expect("a runtime");
        written.lost = (0..written.acknowledged).filter(|number| !present.contains(&key(*number))).count();
        written
    }
}

fn key(number: usize) -> String {
    format!("{PREFIX}{number:08}")
}

fn clients(endpoints: &[String], credentials: &Credentials) -> Vec<MemberClient> {
    endpoints
        .iter()
        .map(|endpoint| credentials.connect(endpoint, ANSWER_LIMIT).expect("an endpoint"))
        .collect()
}

async fn write(endpoints: &[String], credentials: &Credentials, stop: &AtomicBool) -> Written {
    let clients = clients(endpoints, credentials);
    let (mut written, mut place, mut last) = (Written::default(), 0, Instant::now());
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        while clients[place % clients.len()].put(key(number).as_bytes(), b"value").await.is_err() {
            if begun.elapsed() > PATIENCE {
                written.failed += 1;
                return written;
            }
            written.retried += 1;
            place += 1;
        }
        written.acknowledged += 1;
        written.longest_gap = written.longest_gap.max(last.elapsed());
        last = Instant::now();
        tokio::time::sleep(PAUSE).await;
    }
    written
}

async fn read(endpoints: &[String], credentials: &Credentials) -> BTreeSet<String> {
    let clients = clients(endpoints, credentials);
    let (mut found, mut from) = (BTreeSet::new(), PREFIX.as_bytes().to_vec());
    loop {
        let Page { pairs, more } =
            clients[0].range(&from, b"written0", 5000).await.expect("a member takes reads");
        found.extend(pairs.iter().map(|pair| String::from_utf8_lossy(&pair.key).into_owned()));
        match pairs.last() {
            Some(last) if more => from = [last.key.as_slice(), b"\0"].concat(),
            _ => return found,
        }
    }
}
