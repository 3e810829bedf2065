//! Two writers and a reader that go on, whatever is done to the zone, until they are told to stop.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::AbortHandle;

use super::client::{Client, Shared};
use super::connections::Connections;
use super::history::{History, TimedEvent, Track};
use super::keys::Keys;
use super::measurement::{Measurement, Subject};
use super::reader::{Read, read};
use super::target::Target;
use super::verification::read_back;
use super::writer::{Habit, write};
use model::error::{Exit, Failure, Result};
use operations::event::{Event, Watch};
use store::zone_directory::ZoneDirectory;

/// Clients that have not been answered by then will not be.
const STEADY_LIMIT: Duration = Duration::from_secs(15);

/// Clients at work on a zone, each in a thread of its own.
#[derive(Debug)]
pub struct Load {
    target: Target,
    subject: Subject,
    began_at: OffsetDateTime,
    shared: Arc<Shared>,
    steady: Duration,
    events: Arc<Mutex<Vec<TimedEvent>>>,
    writers: Vec<(Keys, JoinHandle<Option<Track>>)>,
    reader: Option<JoinHandle<Option<Read>>>,
}

/// Notes what happens, with the time.
#[derive(Clone, Debug)]
pub struct LoadWatch {
    shared: Arc<Shared>,
    events: Arc<Mutex<Vec<TimedEvent>>>,
}

impl Watch for LoadWatch {
    fn event(&mut self, event: Event) {
        let at = self.shared.began.elapsed();
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(TimedEvent { at, event });
    }
}

impl Load {
    /// Starts the clients, with the certificate of the zone's administrator, and waits until each was
    /// answered. They write below a prefix of their own, and leave what they wrote.
    pub fn start(zone: &ZoneDirectory) -> Result<Self> {
        let target = Target::of(&zone.config, &zone.paths);
        let began_at = OffsetDateTime::now_utc();
        let run = format!("{}-{}", began_at.unix_timestamp_nanos(), std::process::id());
        let shared = Arc::new(Shared::new());
        let (answered, steady) = channel();
        let mut load = Self {
            subject: Subject::of(&zone.config),
            began_at,
            steady: Duration::ZERO,
            events: Arc::default(),
            writers: Vec::new(),
            reader: None,
            target: target.clone(),
            shared: Arc::clone(&shared),
        };
        for habit in [Habit::RoundRobin, Habit::Pinned] {
            let keys = Keys::new(&run, habit.name().replace(' ', "-").as_str());
            let own = keys.clone();
            let work = move |client| write(client, habit, own);
            load.writers.push((keys, spawn(&target, &shared, answered.clone(), work)?));
        }
        load.reader = Some(spawn(&target, &shared, answered, read)?);
        load.wait_until_steady(&steady)?;
        Ok(load)
    }

    /// What is to be told of everything that happens to the zone.
    pub fn watch(&self) -> LoadWatch {
        LoadWatch { shared: Arc::clone(&self.shared), events: Arc::clone(&self.events) }
    }

    /// Ends the clients, each after the request that it is at, and reads back what was acknowledged.
    pub fn finish(mut self) -> Result<Measurement> {
        let ended = self.shared.began.elapsed();
        self.shared.stop();
        let mut history = History { steady: self.steady, ended, ..History::default() };
        let mut keys = Vec::new();
        for (own, writer) in std::mem::take(&mut self.writers) {
            history.writers.push(joined(writer)?);
            keys.push(own);
        }
        if let Some(reader) = self.reader.take() {
            (history.reader, history.stale_reads) = joined(reader)?;
        }
        history.events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        let found = read_back(&self.target, &keys)?;
        Ok(Measurement::new(self.subject.clone(), self.began_at, history, &found))
    }

    fn wait_until_steady(&mut self, answers: &Receiver<()>) -> Result<()> {
        for _ in 0..=self.writers.len() {
            let left = STEADY_LIMIT.saturating_sub(self.shared.began.elapsed());
            answers.recv_timeout(left).map_err(|_| {
                Failure::new(Exit::Unavailable, "the zone does not answer the clients of the rehearsal")
                    .next("see what is wrong with it: zone-etcd status")
            })?;
        }
        self.steady = self.shared.began.elapsed();
        Ok(())
    }
}

impl Drop for Load {
    /// A load that is not finished ends all the same, and is waited for: its threads hold the client's key.
    fn drop(&mut self) {
        self.shared.stop();
        for (_, writer) in std::mem::take(&mut self.writers) {
            let _ = writer.join();
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Runs a client in a thread with a runtime of its own, so that none waits for another.
fn spawn<T, F>(
    target: &Target,
    shared: &Arc<Shared>,
    steady: Sender<()>,
    work: impl FnOnce(Arc<Client>) -> F + Send + 'static,
) -> Result<JoinHandle<Option<T>>>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let credentials = target
        .credentials()
        .map_err(|error| Failure::new(Exit::for_io(&error), "the load has no certificate").because(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("cannot set up a client").because(&error))?;
    let (target, shared) = (target.clone(), Arc::clone(shared));
    let client = move || {
        runtime.block_on(async {
            let connections = Connections::new(target, credentials).ok()?;
            let following = Following(tokio::spawn(Arc::clone(&connections).follow()).abort_handle());
            let done = work(Client::new(connections, shared, steady)).await;
            drop(following);
            Some(done)
        })
    };
    Builder::new()
        .name("load".to_owned())
        .spawn(client)
        .map_err(|error| Failure::new(Exit::TryAgain, "cannot start a thread").because(&error))
}

/// Ends what looks for new certificates.
struct Following(AbortHandle);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn joined<T>(thread: JoinHandle<Option<T>>) -> Result<T> {
    thread.join().ok().flatten().ok_or_else(|| Failure::internal("a client of the load ended early"))
}
