//! The supervisor: what is to be done next with each process.

use std::collections::BTreeMap;
use std::ops::ControlFlow::{self, Break, Continue};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::ending::Ending;
use super::launch::{Launcher, Started};
use super::orphans;
use super::output::Output;
use super::process::{Finished, State, Supervised};
use super::restart::{Backoff, must_not_restart, should_restart};
use super::signals::{Asked, Listening, listen};
use model::config::{ProcessConfig, Readiness, RestartPolicy};
use model::error::{Exit, Failure, Result};

/// etcd hands its leadership on, and syncs and closes its files.
const MEMBER_STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// How processes are started, and where their output goes.
#[derive(Clone, Debug)]
pub struct Options {
    /// This program, as it can be executed, if it is not what this process executes.
    pub program: Option<PathBuf>,
    /// Where lines and messages go.
    pub output: Output,
}

impl Default for Options {
    fn default() -> Self {
        Self { program: None, output: Output::of_environment() }
    }
}

/// A process of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessId(usize);

/// Why supervision is over, or goes on with something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// SIGTERM or SIGINT. It is given at each call from then on.
    Stop,
    /// SIGHUP. It is given once.
    Reload,
    /// The member ended with a code that says that the same start would fail again, or with 0: it was
    /// removed. It is given at each call from then on.
    MustNotRestart {
        /// Its exit code, with which this process is to end as well.
        code: i32,
    },
}

/// What comes from the threads.
#[derive(Clone, Copy, Debug)]
enum Event {
    Signal(Asked),
    /// The start of this number, of the process at this place, is ready.
    Ready(usize, u64),
}

/// Processes in the order in which they were started. They are stopped when this is dropped.
#[derive(Debug)]
pub struct Supervisor {
    pub(super) program: PathBuf,
    output: Output,
    processes: Vec<Supervised>,
    pub(super) started: Started,
    sender: Sender<Event>,
    events: Receiver<Event>,
    /// How often SIGTERM or SIGINT came.
    stops: u32,
    reload: bool,
    /// The code with which the member ended for good.
    refusal: Option<i32>,
    is_stopping: bool,
    is_first_process: bool,
    _listening: Listening,
}

impl Supervisor {
    /// Listens for signals from here on: SIGTERM, SIGINT and SIGHUP end this process no more by themselves,
    /// nor after the supervisor is gone.
    pub fn new(options: Options) -> Result<Self> {
        let program = options.program.map_or_else(std::env::current_exe, Ok);
        let program = program
            .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))?;
        let (sender, events) = channel();
        let tell = sender.clone();
        let listening = listen(move |asked| tell.send(Event::Signal(asked)).map_err(drop))
            .map_err(|error| Failure::internal("cannot listen for signals").because(&error))?;
        Ok(Self {
            program,
            output: options.output,
            processes: Vec::new(),
            started: Started::default(),
            sender,
            events,
            stops: 0,
            reload: false,
            refusal: None,
            is_stopping: false,
            is_first_process: std::process::id() == 1,
            _listening: listening,
        })
    }

    /// Starts a process, with these variables beside its own. Whether its program can be run shows when it is
    /// awaited.
    pub fn start(
        &mut self,
        process: &ProcessConfig,
        variables: &BTreeMap<String, String>,
    ) -> Result<ProcessId> {
        self.start_as(process.clone(), variables, false)
    }

    /// Starts the member: a command that ends in executing etcd, which tells by `READY=1` that it is ready.
    /// That may take as long as the others of the zone take, so it is not limited.
    pub fn start_member(
        &mut self,
        command: Vec<String>,
        variables: &BTreeMap<String, String>,
    ) -> Result<ProcessId> {
        let process = ProcessConfig {
            restart: RestartPolicy::Always,
            ready: Readiness::Notify,
            ready_timeout: Duration::MAX,
            stop_timeout: MEMBER_STOP_TIMEOUT,
            ..ProcessConfig::new("etcd", command)
        };
        self.start_as(process, variables, true)
    }

    fn start_as(
        &mut self,
        config: ProcessConfig,
        variables: &BTreeMap<String, String>,
        is_member: bool,
    ) -> Result<ProcessId> {
        let place = self.processes.len();
        let (ready_by, backoff) =
            (Instant::now().checked_add(config.ready_timeout), Backoff::new(config.backoff));
        let launcher = Launcher {
            program: self.program.clone(),
            config,
            variables: variables.clone(),
            started: self.started.clone(),
        };
        self.processes.push(Supervised {
            launcher,
            is_member,
            place,
            state: State::Ended(None),
            is_ready: false,
            backoff,
            ready_by,
            starts: 0,
            last_reason: None,
        });
        self.begin(place)?;
        Ok(ProcessId(place))
    }

    /// Waits until a process is ready. Meanwhile the others are looked after. A process without a sign of
    /// readiness that has done its work by now is ready as well.
    ///
    /// # Errors
    /// It is not ready in time, or has ended and is not started again.
    pub fn await_ready(&mut self, id: ProcessId) -> Result<ControlFlow<End>> {
        loop {
            if let Some(end) = self.lasting_end() {
                return Ok(Break(end));
            }
            let process = self.process(id)?;
            let (config, deadline) = (&process.launcher.config, process.ready_by);
            if process.is_ready {
                return Ok(Continue(()));
            }
            if let State::Ended(ending) = process.state {
                let has_done_its_work =
                    config.restart == RestartPolicy::No || ending.is_some_and(Ending::is_clean);
                if config.ready == Readiness::None && has_done_its_work {
                    return Ok(Continue(()));
                }
                return Err(not_ready(process, "was not ready before it ended".to_owned()));
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                let limit = humantime::format_duration(config.ready_timeout);
                return Err(not_ready(process, format!("was not ready within {limit}")));
            }
            process.leave_lateness_to_who_waits();
            self.step(deadline);
        }
    }

    /// Whether a process is ready now.
    pub fn is_ready(&self, id: ProcessId) -> bool {
        self.processes.get(id.0).is_some_and(|process| process.is_ready)
    }

    /// Looks after the processes until there is something for the caller to do.
    pub fn watch(&mut self) -> Result<End> {
        loop {
            if let Some(end) = self.end() {
                return Ok(end);
            }
            self.step(None);
        }
    }

    /// As [`Self::watch`], for this long at most.
    pub fn watch_for(&mut self, limit: Duration) -> Option<End> {
        let deadline = Instant::now().checked_add(limit);
        loop {
            if let Some(end) = self.end() {
                return Some(end);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
            self.step(deadline);
        }
    }

    /// Sends a signal to a process and its group, such as the one by which it reads its files again.
    pub fn signal(&self, id: ProcessId, signal: Signal) {
        if let Some(process) = self.processes.get(id.0) {
            process.signal(signal);
        }
    }

    /// Stops a process and starts it again. It is to be awaited as after its first start.
    pub fn restart(&mut self, id: ProcessId) -> Result<()> {
        self.process(id)?;
        self.stop_one(id.0);
        let process = self.process(id)?;
        let limit = process.launcher.config.ready_timeout;
        process.ready_by = Instant::now().checked_add(limit);
        process.last_reason = None;
        self.begin(id.0)
    }

    /// Stops all processes, the last one first, each once those that were started after it have ended. A
    /// second SIGTERM or SIGINT kills all that are left.
    pub fn stop_all(&mut self) {
        self.is_stopping = true;
        let pausing = self.processes.iter_mut().filter(|process| matches!(process.state, State::Pauses(_)));
        pausing.for_each(Supervised::stop);
        (0..self.processes.len()).rev().for_each(|place| self.stop_one(place));
    }

    /// Stops one process, and returns when it and its group have ended.
    fn stop_one(&mut self, place: usize) {
        self.processes[place].stop();
        while !matches!(self.processes[place].state, State::Ended(_)) {
            if self.stops > 1 {
                self.processes.iter_mut().for_each(Supervised::kill);
            }
            self.step(None);
        }
    }

    fn begin(&mut self, place: usize) -> Result<()> {
        let Self { processes, output, sender, .. } = self;
        let sender = sender.clone();
        // Where the supervisor is gone, it matters to none.
        processes[place].start(output, move |start| {
            let _ = sender.send(Event::Ready(place, start));
        })
    }

    fn process(&mut self, id: ProcessId) -> Result<&mut Supervised> {
        self.processes.get_mut(id.0).ok_or_else(|| Failure::internal("a process of another supervisor"))
    }

    fn end(&mut self) -> Option<End> {
        self.lasting_end().or_else(|| std::mem::take(&mut self.reload).then_some(End::Reload))
    }

    fn lasting_end(&self) -> Option<End> {
        let refused = self.refusal.map(|code| End::MustNotRestart { code });
        refused.or_else(|| (self.stops > 0).then_some(End::Stop))
    }

    /// Waits until something happens, or until then, and does what follows from it.
    fn step(&mut self, until: Option<Instant>) {
        let looks = self.processes.iter().filter_map(Supervised::next_look);
        let event = match looks.chain(until).min() {
            Some(next) => self.events.recv_timeout(next.saturating_duration_since(Instant::now())),
            // It holds a sender itself.
            None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        event.into_iter().for_each(|event| self.note(event));
        while let Ok(event) = self.events.try_recv() {
            self.note(event);
        }
        for place in 0..self.processes.len() {
            if let Some(finished) = self.processes[place].look(&self.output) {
                self.follow(place, finished);
            }
            if matches!(self.processes[place].state, State::Pauses(until) if Instant::now() >= until) {
                self.start_again(place);
            }
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Signal(Asked::Stop) => {
                self.stops += 1;
                if self.stops == 2 {
                    self.output.message("told to stop a second time: what still runs is killed");
                }
            }
            Event::Signal(Asked::Reload) => self.reload = true,
            Event::Signal(Asked::LookAtChildren) if self.is_first_process => orphans::reap(&self.started),
            Event::Signal(Asked::LookAtChildren) => {}
            Event::Ready(place, start) => {
                let process = &mut self.processes[place];
                if process.starts == start && matches!(process.state, State::Runs(_)) {
                    process.is_ready = true;
                    process.last_reason = None;
                    if start > 1 {
                        self.output.message(&format!("{} is ready again", process.name()));
                    }
                }
            }
        }
    }

    /// What follows from the end of a process.
    fn follow(&mut self, place: usize, Finished { ending, ran, was_asked }: Finished) {
        let is_stopping = self.is_stopping;
        let process = &mut self.processes[place];
        if was_asked || is_stopping {
            return;
        }
        let (name, policy) = (process.name().to_owned(), process.launcher.config.restart);
        let refusal = if process.is_member { must_not_restart(ending) } else { None };
        if let Some(code) = refusal {
            let why = if code == 0 { "it is no member any more" } else { "the same start would fail again" };
            self.output.message(&format!("{name} ended {ending}; {why}: it is not started again"));
            self.refusal = Some(code);
            return;
        }
        if !should_restart(policy, ending) {
            let policy = policy.as_str();
            self.output
                .message(&format!("{name} ended {ending}; restart = \"{policy}\": it is not started again"));
            return;
        }
        let pause = process.backoff.pause_after(ran);
        process.state = State::Pauses(Instant::now() + pause);
        let pause = humantime::format_duration(pause);
        self.output.message(&format!("{name} ended {ending}; it is started again in {pause}"));
    }

    fn start_again(&mut self, place: usize) {
        let Err(failure) = self.begin(place) else { return };
        let process = &mut self.processes[place];
        let pause = process.backoff.pause_after(Duration::ZERO);
        process.state = State::Pauses(Instant::now() + pause);
        let pause = humantime::format_duration(pause);
        self.output.message(&format!("{failure}; it is tried again in {pause}"));
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop_all();
    }
}

fn not_ready(process: &Supervised, what: String) -> Failure {
    let name = process.name();
    Failure::new(Exit::Unavailable, format!("{name} {what}"))
        .because(process.reason())
        .next(format!("see what {name} wrote above, and correct `command` or `ready` of this process"))
}
