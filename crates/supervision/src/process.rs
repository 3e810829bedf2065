//! One supervised process: started, asked to end, ended, to be started again.

use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::User;

use super::ending::Ending;
use super::launch::{Launcher, Running};
use super::notification::Notification;
use super::output::{Output, Source, read_lines};
use super::probe::Probe;
use super::restart::Backoff;
use model::config::Readiness;
use model::error::{Exit, Failure, Result};

/// The last lines of a process that has ended may still be on their way. One that it left behind may hold the
/// pipe for ever.
const LAST_LINES: Duration = Duration::from_secs(1);
/// Between two looks at what is left of a group, whose other processes are not children of this one.
const LOOK: Duration = Duration::from_millis(20);

/// What is killed and still there after this waits for a disk, maybe for ever.
const UNKILLABLE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Supervised {
    pub launcher: Launcher,
    /// Whether it is the etcd member, whose endings mean something.
    pub is_member: bool,
    /// Its place in the order of the first starts.
    pub place: usize,
    pub state: State,
    pub is_ready: bool,
    pub backoff: Backoff,
    /// Until when it has to be ready for the first time; none if it may take for ever.
    pub ready_by: Option<Instant>,
    /// Counts its starts, so that what belongs to an earlier one is known.
    pub starts: u64,
    /// Why it was not ready when it last ended.
    pub last_reason: Option<String>,
}

#[derive(Debug)]
pub(super) enum State {
    Runs(Run),
    /// It is started again then.
    Pauses(Instant),
    /// It is not started again.
    Ended(Option<Ending>),
}

/// One run of a process.
#[derive(Debug)]
pub(super) struct Run {
    probe: Probe,
    running: Running,
    since: Instant,
    /// Set once the group was asked to end: then it is killed.
    kill_at: Option<Instant>,
    /// Whether the supervisor wanted it to end.
    was_asked: bool,
    /// Whether it has ended, and others of its group have not.
    has_left_others: bool,
    /// Until when it is to be ready; none once it is told that it is not, or if it may take for ever.
    late_at: Option<Instant>,
    readers: Vec<Receiver<()>>,
}

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finished {
    pub ending: Ending,
    pub ran: Duration,
    pub was_asked: bool,
}

impl Supervised {
    pub fn name(&self) -> &str {
        &self.launcher.config.name
    }

    /// Who waits for it tells that it is late, and why.
    pub(super) fn leave_lateness_to_who_waits(&mut self) {
        if let State::Runs(run) = &mut self.state {
            run.late_at = None;
        }
    }

    /// Starts it. `ready` is told once it is ready.
    pub fn start(&mut self, output: &Output, ready: impl FnOnce(u64) + Send + 'static) -> Result<()> {
        let config = &self.launcher.config;
        let cannot = |error: std::io::Error| {
            Failure::new(Exit::TryAgain, format!("cannot start {}", config.name))
                .because(&error)
                .next("allow more processes and open files, and run the command again")
        };
        let mut command = self.launcher.command(&config.command);
        let notification = match config.ready {
            Readiness::Notify => Some(Notification::new(&config.name, self.user()).map_err(cannot)?),
            _ => None,
        };
        if let Some(notification) = &notification {
            command.env("NOTIFY_SOCKET", notification.variable());
        }
        if matches!(output, Output::Lines(_)) {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let mut running = self.launcher.started.spawn(&mut command).map_err(cannot)?;
        let mut readers = Vec::new();
        let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
        if let Some(stdout) = stdout {
            readers.push(self.read(stdout, output).map_err(cannot)?);
        }
        if let Some(stderr) = stderr {
            readers.push(self.read(stderr, output).map_err(cannot)?);
        }
        self.starts += 1;
        let start = self.starts;
        let probe = Probe::begin(&self.launcher, running.pid, notification, move || ready(start));
        let (probe, since) = (probe.map_err(cannot)?, Instant::now());
        let late_at = since.checked_add(config.ready_timeout);
        self.is_ready = false;
        self.state = State::Runs(Run {
            probe,
            running,
            since,
            kill_at: None,
            was_asked: false,
            has_left_others: false,
            late_at,
            readers,
        });
        Ok(())
    }

    /// Asks the whole group to end, if it runs and was not asked yet. A pause ends without another start.
    pub fn stop(&mut self) {
        let (signal, limit) = (self.launcher.config.stop_signal, self.launcher.config.stop_timeout);
        match &mut self.state {
            State::Runs(run) => {
                run.was_asked = true;
                run.ask_to_end(signal, limit);
            }
            State::Pauses(_) => self.state = State::Ended(None),
            State::Ended(_) => {}
        }
    }

    /// Ends the whole group at once.
    pub fn kill(&mut self) {
        self.stop();
        if let State::Runs(run) = &mut self.state {
            run.kill_at = Some(Instant::now());
            run.running.signal_group(Signal::SIGKILL);
        }
    }

    pub fn signal(&self, signal: Signal) {
        if let State::Runs(run) = &self.state {
            run.running.signal_group(signal);
        }
    }

    /// How its run ended, if it has ended with its whole group. What it leaves running of its group is asked
    /// to end as it would have been, and killed after the same time.
    pub fn look(&mut self, output: &Output) -> Option<Finished> {
        let config = &self.launcher.config;
        let State::Runs(run) = &mut self.state else { return None };
        let is_over = run.is_over();
        if is_over {
            run.running.signal_group(Signal::SIGKILL);
        }
        if !run.running.has_ended() {
            if run.late_at.is_some_and(|late_at| Instant::now() >= late_at) {
                run.late_at = None;
                if !self.is_ready && !run.was_asked {
                    let limit = humantime::format_duration(config.ready_timeout);
                    let reason = run.probe.reason();
                    output.message(&format!("{} is not ready after {limit}: {reason}", config.name));
                }
            }
            return None;
        }
        if !run.is_past(UNKILLABLE) && host::group_runs(run.running.pid) {
            if !run.has_left_others && !run.was_asked {
                output.message(&format!("{} ended and left processes behind; they are stopped", config.name));
            }
            run.has_left_others = true;
            run.ask_to_end(config.stop_signal, config.stop_timeout);
            return None;
        }
        let reason = run.probe.reason();
        let State::Runs(run) = std::mem::replace(&mut self.state, State::Ended(None)) else { return None };
        let finished = run.finish();
        if !self.is_ready {
            self.last_reason = Some(format!("{reason}; it ended {}", finished.ending));
        }
        self.state = State::Ended(Some(finished.ending));
        self.is_ready = false;
        Some(finished)
    }

    /// When it has to be looked at, if nothing is heard of it.
    pub fn next_look(&self) -> Option<Instant> {
        match &self.state {
            State::Runs(run) => run.next_look(),
            State::Pauses(until) => Some(*until),
            State::Ended(_) => None,
        }
    }

    /// Why it is not ready.
    pub fn reason(&self) -> String {
        match (&self.state, &self.last_reason) {
            (State::Runs(run), None) => run.probe.reason(),
            (_, Some(last)) => last.clone(),
            (_, None) => "it does not run".to_owned(),
        }
    }

    fn user(&self) -> Option<u32> {
        let name = self.launcher.config.user.as_ref()?;
        let by_name = User::from_name(name).ok().flatten().map(|user| user.uid.as_raw());
        by_name.or_else(|| name.parse().ok())
    }

    fn read(
        &self,
        stream: impl std::io::Read + Send + 'static,
        output: &Output,
    ) -> std::io::Result<Receiver<()>> {
        let (ended, end): (Sender<()>, _) = channel();
        let (output, name, place) = (output.clone(), self.name().to_owned(), self.place);
        host::detached(move || {
            read_lines(stream, |line| {
                if let Output::Lines(listener) = &output {
                    listener.line(Source { name: &name, place }, line);
                }
            });
            drop(ended);
        })?;
        Ok(end)
    }
}

impl Run {
    fn ask_to_end(&mut self, signal: Signal, limit: Duration) {
        if self.kill_at.is_none() {
            self.kill_at = Some(Instant::now() + limit);
            self.running.signal_group(signal);
        }
    }

    /// Whether it has had its time to end.
    fn is_over(&self) -> bool {
        self.is_past(Duration::ZERO)
    }

    /// Whether it had its time to end this long ago.
    fn is_past(&self, time: Duration) -> bool {
        self.kill_at.is_some_and(|kill_at| Instant::now() >= kill_at + time)
    }

    fn next_look(&self) -> Option<Instant> {
        match self.has_left_others || self.is_over() {
            true => Some(Instant::now() + LOOK),
            false => self.kill_at.into_iter().chain(self.late_at).min(),
        }
    }

    fn finish(self) -> Finished {
        let Self { probe, running, since, was_asked, readers, .. } = self;
        drop(probe);
        let ending = running.finish().map_or(Ending::Killed(Signal::SIGKILL as i32), Ending::from);
        let deadline = Instant::now() + LAST_LINES;
        for reader in readers {
            let _ = reader.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        Finished { ending, ran: since.elapsed(), was_asked }
    }
}
