//! Members under a supervisor, as a service manager would keep them: one that ends by SIGTERM is started
//! again; or each one whose exit code the systemd unit does not name as final.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::TestZone;
use super::members::{etcdctl, run_command, wait_for_quorum};
use super::processes::{Running, until};

/// Between two looks at a member.
const PAUSE: Duration = Duration::from_millis(2);
/// `RestartSec` of the systemd unit, in the time of a test.
const RESTART_PAUSE: Duration = Duration::from_millis(200);
const UNIT: &str = include_str!("../../packaging/systemd/zone-etcd.service");

/// Whether a member that has ended so is started again.
type StartsAgain = fn(ExitStatus) -> bool;

/// `restart` ends a member by this where no systemd runs it.
fn by_sigterm(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::SIGTERM as i32)
}

/// `Restart=on-failure`, without the codes of `RestartPreventExitStatus`.
fn by_unit(status: ExitStatus) -> bool {
    let refusals = UNIT.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus="));
    let refusals = refusals.expect("a setting of the unit");
    match status.code() {
        Some(0) => false,
        Some(code) => !refusals.split(' ').any(|refusal| refusal.parse() == Ok(code)),
        None => true,
    }
}

/// A member that is started again when it has ended by SIGTERM, until it is stopped or dropped.
pub struct Supervised {
    /// The node's name.
    pub name: String,
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    command: Command,
    directory: PathBuf,
    name: String,
    starts: usize,
    stopping: bool,
    starts_again: StartsAgain,
    running: Option<Running>,
    ended: Option<ExitStatus>,
}

impl Shared {
    /// Each start writes to files of its own: `NAME-1.err`, `NAME-2.err`, …
    fn start(&mut self) {
        self.starts += 1;
        let name = format!("{}-{}", self.name, self.starts);
        self.running = Some(Running::start(&mut self.command, &self.directory, &name));
    }

    /// Looks at the member, and starts it again if it is to run. Returns whether there is anything left to
    /// look after.
    fn look(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        if running.is_alive() {
            return true;
        }
        let status = running.end();
        if (self.starts_again)(status) && !self.stopping {
            if !by_sigterm(status) {
                sleep(RESTART_PAUSE);
            }
            self.start();
            return true;
        }
        self.ended = Some(status);
        false
    }
}

impl Supervised {
    /// Starts a command that becomes a member, with its output in `directory`.
    #[track_caller]
    pub fn start(command: Command, directory: PathBuf, name: &str) -> Self {
        Self::start_with(command, directory, name, by_sigterm)
    }

    /// The same, started again after whatever the systemd unit starts it again.
    #[track_caller]
    pub fn start_as_unit(command: Command, directory: PathBuf, name: &str) -> Self {
        Self::start_with(command, directory, name, by_unit)
    }

    #[track_caller]
    fn start_with(command: Command, directory: PathBuf, name: &str, starts_again: StartsAgain) -> Self {
        let shared = Shared {
            command,
            directory,
            name: name.to_owned(),
            starts: 0,
            stopping: false,
            starts_again,
            running: None,
            ended: None,
        };
        let mut supervised =
            Self { name: name.to_owned(), shared: Arc::new(Mutex::new(shared)), thread: None };
        supervised.start_again();
        supervised
    }

    /// The id of the process that runs, or was the last to run.
    pub fn pid(&self) -> u32 {
        lock(&self.shared).running.as_ref().expect("it was started").pid()
    }

    /// How often it was started.
    pub fn starts(&self) -> usize {
        lock(&self.shared).starts
    }

    /// Whether it has ended, and is not started again.
    pub fn has_ended(&self) -> bool {
        lock(&self.shared).ended.is_some()
    }

    /// What the start that is under way, or was the last, wrote to standard error.
    pub fn stderr(&self) -> String {
        lock(&self.shared).running.as_ref().expect("it was started").stderr()
    }

    /// Waits until a line of the start that is under way holds every text.
    #[track_caller]
    pub fn wait_for_line(&self, texts: &[&str]) -> String {
        until(&format!("a line of {} with {texts:?}", self.name), || {
            assert!(lock(&self.shared).ended.is_none(), "{} ended:\n{}", self.name, self.stderr());
            let log = self.stderr();
            log.lines().find(|line| texts.iter().all(|text| line.contains(text))).map(str::to_owned)
        })
    }

    /// What is started the next time.
    pub fn replace_command(&self, command: Command) {
        lock(&self.shared).command = command;
    }

    /// Sends a signal to the member, after which the supervisor does what it does.
    pub fn signal(&self, signal: Signal) {
        lock(&self.shared).running.as_ref().expect("it was started").signal(signal);
    }

    /// The same, unless the member has ended.
    pub fn signal_if_running(&self, signal: Signal) {
        let shared = lock(&self.shared);
        if let (Some(running), None) = (&shared.running, shared.ended) {
            running.signal(signal);
        }
    }

    /// How it has ended, if it has and is not started again.
    pub fn ended(&self) -> Option<ExitStatus> {
        lock(&self.shared).ended
    }

    /// Ends the member by a signal for good, and returns how it ended. It can be started once more with
    /// [`Self::start_again`].
    #[track_caller]
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        {
            let mut shared = lock(&self.shared);
            shared.stopping = true;
            if shared.ended.is_none() {
                shared.running.as_ref().expect("it was started").signal(signal);
            }
        }
        self.join();
        lock(&self.shared).ended.expect("it has ended")
    }

    /// Starts a member that has ended once more, under a new supervisor.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.join();
        {
            let mut shared = lock(&self.shared);
            (shared.stopping, shared.ended) = (false, None);
        }
        let supervisor = Arc::clone(&self.shared);
        let before = self.starts();
        // `run --end-with-parent` ends with the thread that started it, which therefore is always this one.
        self.thread = Some(spawn(move || {
            lock(&supervisor).start();
            while lock(&supervisor).look() {
                sleep(PAUSE);
            }
        }));
        until(&format!("a start of {}", self.name), || (self.starts() > before).then_some(()));
    }

    #[track_caller]
    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the supervisor ends");
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        {
            let mut shared = lock(&self.shared);
            shared.stopping = true;
            // Dropping it ends the member.
            shared.running = None;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the members of these nodes under supervisors, all at once. `place` puts the command where the node
/// is.
#[track_caller]
pub fn supervise_in_order(
    zone: &TestZone,
    nodes: &[&str],
    place: impl Fn(&str, Command) -> Command,
) -> Vec<Supervised> {
    let start = |node: &&str| {
        let command = place(node, run_command(zone, node, &[]));
        Supervised::start(command, zone.around().to_owned(), node)
    };
    nodes.iter().map(start).collect()
}

/// A zone on loopback under supervisors, whose members all take requests.
#[track_caller]
pub fn supervise_on_loopback(zone: &TestZone, nodes: &[&str]) -> Vec<Supervised> {
    let members = supervise_in_order(zone, nodes, |_, command| command);
    for (number, member) in members.iter().enumerate() {
        member.wait_for_line(&["\"serving client traffic securely\""]);
        wait_for_quorum(&etcdctl(zone, &format!("https://127.0.0.1:{}", 2379 + 10 * number)));
    }
    members
}
