//! The members of a throwaway zone, looked after by a thread of their own while the operation has the main
//! one.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::foreground::Foreground;
use super::programs::Programs;
use super::room::explained_by_room;
use crate::development::{DevelopmentOptions, DevelopmentZone, Ended, Progress};
use host::temporary_directory;
use model::error::{Exit, Failure, Result};
use model::report;
use store::zone_directory::ZoneDirectory;
use zone_pki::ShowPath;

/// How long what was ended may go on writing to the directory that is removed.
const REMOVAL_LIMIT: Duration = Duration::from_secs(3);
/// Between two attempts to remove it.
const REMOVAL_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Supervision {
    home: PathBuf,
    /// Gets a word once all members take requests.
    ready: Receiver<()>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<()>>>,
}

/// What a throwaway zone is for.
#[derive(Clone, Debug)]
pub(super) struct Purpose {
    /// As messages and the directory name it.
    pub name: &'static str,
    /// Whether the directory stays.
    pub is_kept: bool,
    /// The command of the main thread, which ends before the directory is removed.
    pub foreground: Foreground,
}

impl Purpose {
    pub(super) fn rehearsal() -> Self {
        Self { name: "rehearsal", is_kept: false, foreground: Foreground::default() }
    }
}

enum Why {
    Told,
    /// A member ended without being stopped.
    Member(Ended),
    /// A signal asked this process to end.
    Signal(SignalKind),
}

impl Supervision {
    /// Makes a zone in a directory that goes with it, starts the members, and waits until all take requests.
    pub(super) fn start(
        programs: &Programs,
        make: impl FnOnce(&Path) -> Result<ZoneDirectory> + Send + 'static,
    ) -> Result<Self> {
        let mut supervision = Self::begin(programs, Purpose::rehearsal(), make)?;
        supervision.wait_until_ready()?;
        Ok(supervision)
    }

    /// Makes a zone in a directory that goes with it, and begins to start the members.
    pub(super) fn begin(
        programs: &Programs,
        purpose: Purpose,
        make: impl FnOnce(&Path) -> Result<ZoneDirectory> + Send + 'static,
    ) -> Result<Self> {
        let options = programs.options();
        let (made, is_made) = channel();
        let (ready, is_ready) = channel();
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            // From here on a signal ends nothing before what was made is taken away.
            let runtime = runtime()?;
            let signal = runtime.block_on(async { first_signal() })?;
            let mut home = tempfile::Builder::new()
                .prefix(&format!("zone-etcd-{}-", purpose.name))
                .tempdir_in(temporary_directory())
                .map_err(|error| Failure::write(&temporary_directory(), &error))?;
            home.disable_cleanup(purpose.is_kept);
            let zone = make(home.path())?;
            drop(made.send(home.path().to_owned()));
            // It is waited for, or the self-test has ended.
            let ready = || ready.send(()).unwrap_or_default();
            match runtime.block_on(supervise(&zone, &options, signal, stopped, ready))? {
                Why::Told => Ok(()),
                Why::Member(ended) => {
                    // It may wait long for a member that is no more.
                    drop(purpose.foreground.end());
                    Err(explained_by_room(member_failure(&ended, purpose.name), home.path()))
                }
                Why::Signal(kind) => end_process(home, kind, &purpose),
            }
        };
        let thread = Builder::new()
            .name("supervision".to_owned())
            .spawn(work)
            .map_err(|error| Failure::new(Exit::TryAgain, "cannot start a thread").because(&error))?;
        let home = PathBuf::new();
        let mut supervision = Self { home, ready: is_ready, stop: Some(stop), thread: Some(thread) };
        match is_made.recv() {
            Ok(home) => supervision.home = home,
            // It has ended, and says why.
            Err(_) => supervision.stop_and_wait()?,
        }
        Ok(supervision)
    }

    /// Waits until all members take requests.
    pub(super) fn wait_until_ready(&mut self) -> Result<()> {
        match self.ready.recv() {
            Ok(()) => Ok(()),
            // As above.
            Err(_) => self.stop_and_wait(),
        }
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Stops the members. A member that ended by itself is why the operation failed, if it did.
    pub(super) fn end<T>(mut self, outcome: Result<T>) -> Result<T> {
        match (self.stop_and_wait(), outcome) {
            (Ok(()), outcome) => outcome,
            (Err(why), Ok(_)) => Err(why),
            (Err(why), Err(failure)) => Err(why.because(failure.to_string())),
        }
    }

    fn stop_and_wait(&mut self) -> Result<()> {
        if let Some(stop) = self.stop.take() {
            // If the receiver is gone, it has ended already.
            let _ = stop.send(());
        }
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(Failure::internal("the supervision ended early")))
    }
}

impl Drop for Supervision {
    fn drop(&mut self) {
        let _ = self.stop_and_wait();
    }
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("cannot set up the supervisor").because(&error))
}

async fn supervise(
    zone: &ZoneDirectory,
    options: &DevelopmentOptions,
    signal: impl Future<Output = SignalKind>,
    mut stopped: oneshot::Receiver<()>,
    ready: impl FnOnce(),
) -> Result<Why> {
    let mut running = DevelopmentZone::start(zone, options).await?;
    let why = tokio::select! {
        kind = signal => Ok(Why::Signal(kind)),
        _ = &mut stopped => Ok(Why::Told),
        ended = run(&mut running, ready) => ended.map(Why::Member),
    };
    running.stop(true).await;
    why
}

async fn run(running: &mut DevelopmentZone<'_>, ready: impl FnOnce()) -> Result<Ended> {
    if let Progress::Ended(ended) = running.wait_until_ready().await? {
        return Ok(ended);
    }
    ready();
    running.supervise().await
}

/// Ctrl-C, and what a supervisor or a closed terminal sends.
fn first_signal() -> Result<impl Future<Output = SignalKind>> {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::internal("cannot listen for signals").because(&error));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => SignalKind::interrupt(),
            _ = terminate.recv() => SignalKind::terminate(),
            _ = hangup.recv() => SignalKind::hangup(),
        }
    })
}

/// The operation on the main thread may wait long for a zone that is no more, so the process ends here.
#[expect(clippy::exit, reason = "the main thread cannot be told to return")]
fn end_process(home: TempDir, kind: SignalKind, purpose: &Purpose) -> Result<()> {
    let name = purpose.name;
    // Held until the end: the main thread starts no other command.
    let _ended = purpose.foreground.end();
    let path = home.keep();
    if purpose.is_kept {
        report::message(&format!("\nthe {name} was stopped; its zone is in {}", path.shown()));
    } else {
        report::message(&format!("\nthe {name} was stopped; nothing of it is left"));
        remove(&path);
    }
    std::process::exit(128 + kind.as_raw_value())
}

/// The operation, or what it started, may be writing there just now.
fn remove(path: &Path) {
    let deadline = Instant::now() + REMOVAL_LIMIT;
    while std::fs::remove_dir_all(path).is_err() && path.exists() && Instant::now() < deadline {
        sleep(REMOVAL_PAUSE);
    }
}

fn member_failure(ended: &Ended, purpose: &str) -> Failure {
    let mut failure = Failure::new(
        Exit::Unavailable,
        format!("{} of the {purpose}'s zone ended {}", ended.name, ended.status),
    );
    failure.causes.push(format!("the last lines of {}:", ended.name));
    failure.causes.extend(ended.last_lines.iter().map(|line| format!("  {line}")));
    failure
}
