//! The steps one after the other, and what happens afterwards.
//!
//! Each step is told when it is done, with how long it took. A failure or a signal ends what runs, in reverse
//! order, so that etcd goes after what uses it.

use std::ops::ControlFlow::{Break, Continue};
use std::sync::mpsc::{TryRecvError, channel};
use std::time::{Duration, Instant};

use host::{LockError, NodeLock, detached};
use model::config::{ProcessConfig, Reload};
use model::error::{Exit, Failure, Result};
use model::report;
use supervision::{End, Options as SupervisorOptions, ProcessId, Supervisor};

use super::members::Members;
use super::node::Node;
use super::{Options, Step, notification, quorum, service};

/// Between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(250);
/// How often is told what is waited for.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// How a start ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps that were asked for are done, and nothing runs.
    Done,
    /// By SIGTERM or SIGINT.
    Stopped,
    /// The member must not be started again: with its exit code.
    Refused(i32),
}

/// What keeps a step from being done.
enum Interruption {
    End(End),
    Failed(Failure),
}

impl From<Failure> for Interruption {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

type StepResult<T> = std::result::Result<T, Interruption>;

/// Starts a node, and looks after what runs on it until it is told to stop.
///
/// # Errors
/// A step fails. What was started is stopped again.
#[tracing::instrument(skip_all, name = "boot")]
pub fn boot(options: &Options) -> Result<Ended> {
    let begun = Instant::now();
    let node = Node::read(&options.config)?;
    let _lock = lock(&node)?;
    node.tell_warnings();
    let supervisor = Supervisor::new(SupervisorOptions::default())?;
    let mut sequence =
        Sequence { options, node, supervisor, nameservice: None, members: None, begun, is_to_reload: false };
    let ended = sequence.run();
    notification::stopping();
    if options.until >= Step::Etcd || sequence.nameservice.is_some() {
        report::message("stopping what runs here");
    }
    sequence.supervisor.stop_all();
    match ended {
        Ok(()) => Ok(Ended::Done),
        Err(Interruption::End(End::MustNotRestart { code: 0 })) => Err(removed(&sequence.node)),
        Err(Interruption::End(End::MustNotRestart { code })) => Ok(Ended::Refused(code)),
        Err(Interruption::End(End::Stop | End::Reload)) => Ok(Ended::Stopped),
        Err(Interruption::Failed(failure)) => Err(failure),
    }
}

/// etcd ends with 0 by itself, and that is no success of the node.
fn removed(node: &Node) -> Failure {
    Failure::new(Exit::Configuration, format!("etcd on {} has ended by itself", node.local.name))
        .because("it does so when its member was removed from the cluster")
        .next(format!(
            "see what a start would find: zone-etcd plan --config {}",
            report::shell_quoted_path(&node.file)
        ))
}

fn lock(node: &Node) -> Result<NodeLock> {
    let path = node.paths.boot_lock();
    NodeLock::take(&path).map_err(|error| match error {
        LockError::Held { holder, .. } => {
            let by = holder.map(|pid| format!(" by process {pid}")).unwrap_or_default();
            Failure::new(Exit::TryAgain, format!("{} is started already{by}", node.local.name))
                .next("stop that process first")
        }
        LockError::Io { source, .. } => Failure::write(&path, &source),
    })
}

struct Sequence<'o> {
    options: &'o Options,
    node: Node,
    supervisor: Supervisor,
    nameservice: Option<ProcessId>,
    members: Option<Members>,
    /// When the step began.
    begun: Instant,
    /// SIGHUP came during a step: what it asks for is done after the last one.
    is_to_reload: bool,
}

impl Sequence<'_> {
    fn run(&mut self) -> StepResult<()> {
        for step in Step::ALL.into_iter().filter(|step| *step <= self.options.until) {
            let done = match step {
                Step::LocalConfig => self.node.source().to_owned(),
                Step::Nameservice => self.start_nameservice()?,
                Step::ZoneDocument => self.find_members()?,
                Step::Etcd => self.start_etcd()?,
                Step::Provider => self.tell_nameservice()?,
                Step::Processes => self.start_processes()?,
            };
            self.tell(step, &done);
        }
        if self.options.until < Step::Etcd && self.nameservice.is_none() {
            return Ok(());
        }
        notification::ready(&format!("{} runs", self.node.local.name));
        loop {
            if std::mem::take(&mut self.is_to_reload) {
                self.reload();
                continue;
            }
            match self.supervisor.watch()? {
                End::Reload => self.reload(),
                end => return Err(Interruption::End(end)),
            }
        }
    }

    fn tell(&mut self, step: Step, done: &str) {
        let text = format!("{step}: {done} ({:.3} s)", self.begun.elapsed().as_secs_f64());
        notification::status(&text);
        report::message(&text);
        self.begun = Instant::now();
    }

    /// With a list in the local config the nameservice is not needed before etcd, and starts in step 5.
    fn start_nameservice(&mut self) -> StepResult<String> {
        let Some(settings) = &self.node.boot.nameservice else {
            return Ok("there is no [nameservice]".to_owned());
        };
        let Some(process) = service::process(settings)? else {
            return Ok("[nameservice] has no `command`: it is not started here".to_owned());
        };
        if !self.node.looks_for_members() {
            return Ok("starts in step 5: the members are known".to_owned());
        }
        self.start_as_nameservice(&process)?;
        Ok(format!("started {}", process.command.join(" ")))
    }

    /// Starts a process, and waits until it is ready.
    fn start(&mut self, process: &ProcessConfig) -> StepResult<ProcessId> {
        let id = self.begin(process)?;
        self.await_ready(id)?;
        Ok(id)
    }

    /// It is the nameservice also while it is not ready: there are never two.
    fn start_as_nameservice(&mut self, process: &ProcessConfig) -> StepResult<()> {
        let id = self.begin(process)?;
        self.nameservice = Some(id);
        self.await_ready(id)
    }

    fn begin(&mut self, process: &ProcessConfig) -> Result<ProcessId> {
        let mut variables = self.members.as_ref().map(Members::variables).unwrap_or_default();
        variables.insert("ZONE_ETCD_CONFIG".to_owned(), self.node.file.to_string_lossy().into_owned());
        self.supervisor.start(process, &variables)
    }

    fn await_ready(&mut self, id: ProcessId) -> StepResult<()> {
        match self.supervisor.await_ready(id)? {
            Continue(()) => Ok(()),
            Break(end) => Err(Interruption::End(end)),
        }
    }

    fn find_members(&mut self) -> StepResult<String> {
        self.node.lay_down_certificates()?;
        if !self.node.looks_for_members() {
            self.members = Some(Members::written(&self.node)?);
            return Ok("not needed".to_owned());
        }
        if self.node.registers() {
            return Ok("the member registers, in step 4".to_owned());
        }
        let list = self.beside(|node| node.find_members(true))?;
        let members = Members::found(&self.node, &list);
        let here = if members.runs_here { "one of them here" } else { "none of them here" };
        let count = list.members.len();
        self.members = Some(members);
        Ok(format!("{count} members by {}, {here}", list.source))
    }

    /// Does what blocks on a thread of its own: what runs is looked after meanwhile, and told to stop.
    fn beside<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(Node) -> Result<T> + Send + 'static,
    ) -> StepResult<T> {
        let (sender, done) = channel();
        let file = self.node.file.clone();
        // It may be given up by then.
        detached(move || drop(sender.send(Node::read(&file).and_then(work))))
            .map_err(|error| Failure::no_thread(&error))?;
        loop {
            match done.try_recv() {
                Ok(done) => return Ok(done?),
                Err(TryRecvError::Empty) => self.look_after(Duration::from_millis(20))?,
                Err(TryRecvError::Disconnected) => {
                    return Err(Failure::internal("a step ended without a result").into());
                }
            }
        }
    }

    /// What runs is looked after for so long.
    fn look_after(&mut self, time: Duration) -> StepResult<()> {
        match self.supervisor.watch_for(time) {
            None => Ok(()),
            // A step may have read before the file was changed.
            Some(End::Reload) => {
                self.is_to_reload = true;
                Ok(())
            }
            Some(end) => Err(Interruption::End(end)),
        }
    }

    fn start_etcd(&mut self) -> StepResult<String> {
        let gateway = self.node.boot.gateway.clone().filter(|gateway| !gateway.command.is_empty());
        if let Some(gateway) = gateway {
            self.start(&service::gateway(gateway.command))?;
        }
        // Whether it registers for the first time, only the start that does it knows.
        if self.members.as_ref().is_none_or(|members| members.runs_here) {
            let command = self.run_command()?;
            let id = self.supervisor.start_member(command, &Default::default())?;
            self.await_ready(id)?;
        }
        let Some(members) = self.members.take().or_else(|| Members::known(&self.node)) else {
            return Err(Failure::internal("etcd runs, and its members are not known").into());
        };
        self.members = Some(members.clone());
        let mut told: Option<Instant> = None;
        while let Some(why) = quorum::missing(&members) {
            if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                report::message(&format!("waiting for the zone to take requests: {why}"));
                told = Some(Instant::now());
            }
            self.look_after(PAUSE)?;
        }
        let here = if members.runs_here { "the member runs, and" } else { "no member runs here;" };
        Ok(format!("{here} the zone takes requests"))
    }

    fn run_command(&self) -> Result<Vec<String>> {
        let own = std::env::current_exe()
            .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))?;
        let words = [own.to_string_lossy().into_owned(), "run".to_owned(), "--config".to_owned()];
        let config = [self.node.file.to_string_lossy().into_owned()];
        Ok(words.into_iter().chain(config).chain(self.options.run_arguments.iter().cloned()).collect())
    }

    fn tell_nameservice(&mut self) -> StepResult<String> {
        let (Some(settings), Some(members)) = (self.node.boot.nameservice.clone(), self.members.clone())
        else {
            return Ok("there is no [nameservice]".to_owned());
        };
        let mut done = vec![format!("wrote {}", service::write(&settings, &self.node, &members)?)];
        let published = members.clone();
        let published = self.beside(move |node| service::publish_kept(&node, &published))?;
        done.extend(published.map(|how| format!("document {how}")));
        match (self.nameservice, service::process(&settings)?) {
            (None, Some(process)) => {
                self.start_as_nameservice(&process)?;
                done.push("started".to_owned());
            }
            (running, _) => {
                done.push(self.reload_nameservice(&settings.reload, running)?.to_owned());
                if let Some(running) = running {
                    self.await_ready(running)?;
                }
            }
        }
        if self.nameservice.is_some()
            && let Some(files) = &members.files
        {
            let mut interruption = None;
            let answered = service::await_provider(&settings, &files.authority, || {
                interruption = self.look_after(PAUSE).err();
                interruption.is_none()
            })?;
            if let Some(interruption) = interruption {
                return Err(interruption);
            }
            done.extend(answered.map(str::to_owned));
        }
        Ok(done.join(", "))
    }

    fn reload_nameservice(&mut self, how: &Reload, running: Option<ProcessId>) -> StepResult<&'static str> {
        let Reload::Command(words) = how else {
            return Ok(service::reload(how, &mut self.supervisor, running)?);
        };
        let mut interruption = None;
        let ended = service::wait_for(self.supervisor.call(words), words, |pause| {
            interruption = self.look_after(pause).err();
            interruption.is_none()
        });
        match interruption {
            Some(interruption) => Err(interruption),
            None => Ok(ended.map(|()| "reloaded by its command")?),
        }
    }

    fn start_processes(&mut self) -> StepResult<String> {
        let processes = self.node.boot.processes.clone();
        for process in &processes {
            self.start(process)?;
        }
        let names: Vec<&str> = processes.iter().map(|process| process.name.as_str()).collect();
        Ok(match names.as_slice() {
            [] => "there is no [[process]]".to_owned(),
            names => format!("started {}", names.join(", ")),
        })
    }

    /// Steps 1, 3 and 5 once more. etcd and the processes stay as they are, and a failure is told: a zone
    /// that runs is worth more than a file that was changed.
    fn reload(&mut self) {
        report::message("SIGHUP: reads its files again");
        let read = Node::read(&self.options.config).map_err(Interruption::Failed);
        let done = read.and_then(|node| {
            self.node = node;
            self.node.tell_warnings();
            self.begun = Instant::now();
            let source = self.node.source().to_owned();
            self.tell(Step::LocalConfig, &source);
            let found = self.find_members()?;
            self.tell(Step::ZoneDocument, &found);
            let told = self.tell_nameservice()?;
            self.tell(Step::Provider, &told);
            Ok(())
        });
        if let Err(Interruption::Failed(failure)) = done {
            let why = [vec![failure.what], failure.causes].concat().join("; ");
            report::warning(&format!("goes on as before: {why}"));
        }
    }
}
