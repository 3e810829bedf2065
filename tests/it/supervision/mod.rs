//! Supervised processes: described, started, awaited, started again, stopped.

mod description;
mod orphans;
mod output;
mod parent;
mod policies;
mod readiness;
mod restarts;
mod stopping;
mod units;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow::Continue;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::config::ProcessConfig;
use supervision::{Listener, Options, Output, ProcessId, Source, Supervisor};

use crate::harness::processes::until;
use crate::harness::program;

/// What a supervisor told.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }

    /// How often a line has this in it.
    fn count(&self, text: &str) -> usize {
        self.all().iter().filter(|line| line.contains(text)).count()
    }

    #[track_caller]
    fn expect(&self, text: &str) {
        assert!(self.count(text) > 0, "no line with {text:?}:\n{self}");
    }

    #[track_caller]
    fn expect_none(&self, text: &str) {
        assert_eq!(self.count(text), 0, "a line with {text:?}:\n{self}");
    }
}

impl Listener for Heard {
    fn line(&self, source: Source<'_>, line: &str) {
        self.0.lock().expect("no panic").push(format!("{}: {line}", source.name));
    }

    fn message(&self, text: &str) {
        self.0.lock().expect("no panic").push(format!("* {text}"));
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all().iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

/// A supervisor, and what it tells.
fn supervisor() -> (Supervisor, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let output = Output::Lines(Arc::clone(&heard) as Arc<dyn Listener>);
    let options = Options { program: Some(program()), output };
    (Supervisor::new(options).expect("a supervisor"), heard)
}

/// A process that is a line of shell, with short times.
fn shell(name: &str, line: &str) -> ProcessConfig {
    let command = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
    ProcessConfig { backoff: Duration::from_millis(20), ..ProcessConfig::new(name, command) }
}

/// Starts it and waits until it is ready.
#[track_caller]
fn start(supervisor: &mut Supervisor, process: &ProcessConfig) -> ProcessId {
    let id = supervisor.start(process, &BTreeMap::new()).expect("it starts");
    assert_eq!(supervisor.await_ready(id).expect("it is ready"), Continue(()));
    id
}

/// Looks after the processes until this is so.
#[track_caller]
fn watch_until(supervisor: &mut Supervisor, what: &str, mut is_so: impl FnMut() -> bool) {
    until(what, || {
        assert_eq!(supervisor.watch_for(Duration::from_millis(5)), None);
        is_so().then_some(())
    });
}
