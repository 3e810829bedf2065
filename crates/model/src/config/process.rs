//! `[[process]]`: a process that runs beside the member, and how it is looked after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::document::{At, Table};
use super::problem::{Problem, Problems};
use super::readiness::Readiness;
use super::settings::{Fault, duration};
use super::toml_document;

/// A process to supervise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// What it is called in messages, before its lines, and as a unit: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The program and its arguments. There is at least the program.
    pub command: Vec<String>,
    /// Environment variables beside those that all processes get.
    pub env: BTreeMap<String, String>,
    /// The user that it runs as, by name or number; otherwise that of its supervisor.
    pub user: Option<String>,
    /// The directory that it runs in, an absolute path; otherwise that of its supervisor.
    pub directory: Option<PathBuf>,
    /// When it is started again.
    pub restart: RestartPolicy,
    /// What tells that it is ready.
    pub ready: Readiness,
    /// How long it may take until it is ready.
    pub ready_timeout: Duration,
    /// What asks it to end. The whole process group gets it.
    pub stop_signal: Signal,
    /// How long it may take to end before it is killed.
    pub stop_timeout: Duration,
    /// The pause before the first restart, which later ones double.
    pub backoff: Duration,
}

/// When a process that has ended is started again, as `Restart=` in systemd.service(5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestartPolicy {
    /// Never.
    No,
    /// After exit code 0 and after the signals by which a process is asked to end.
    OnSuccess,
    /// After all that [`Self::OnSuccess`] leaves out.
    #[default]
    OnFailure,
    /// Always.
    Always,
}

impl ProcessConfig {
    /// A process of this name and command, with the defaults for all else.
    pub fn new(name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            name: name.into(),
            command,
            env: BTreeMap::new(),
            user: None,
            directory: None,
            restart: RestartPolicy::default(),
            ready: Readiness::default(),
            ready_timeout: Duration::from_secs(30),
            stop_signal: Signal::SIGTERM,
            stop_timeout: Duration::from_secs(10),
            backoff: Duration::from_secs(1),
        }
    }

    /// Reads a text that has `[[process]]` tables and nothing else. Either the processes in order, or every
    /// problem of the text.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, Vec<Problem>> {
        let mut problems = Problems::new(text);
        let document = toml_document::parse(text, &mut problems);
        let file = document.table();
        let processes = read_processes(&file, &mut problems);
        file.finish(&mut problems);
        if problems.has_errors() {
            return Err(problems.into_sorted());
        }
        Ok(processes.into_iter().map(|process| process.value).collect())
    }
}

impl RestartPolicy {
    const ALL: [Self; 4] = [Self::No, Self::OnSuccess, Self::OnFailure, Self::Always];

    /// How it is written, here and in a unit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::OnSuccess => "on-success",
            Self::OnFailure => "on-failure",
            Self::Always => "always",
        }
    }
}

/// Reads all `[[process]]` tables of a file, whose names have to differ.
pub(super) fn read_processes(file: &Table<'_>, problems: &mut Problems<'_>) -> Vec<At<ProcessConfig>> {
    let tables = file.tables("process", "[[process]]", problems);
    let processes: Vec<_> = tables.into_iter().filter_map(|table| read_process(table, problems)).collect();
    let mut names = BTreeSet::new();
    for At { value, span } in &processes {
        if !names.insert(&value.name) {
            let what = format!("two processes have the name `{}`", value.name);
            problems.error(span.clone(), what, "give each a name of its own");
        }
    }
    processes
}

/// Reads one `[[process]]`. Without a name and a command there is nothing to return.
pub(super) fn read_process(table: Table<'_>, problems: &mut Problems<'_>) -> Option<At<ProcessConfig>> {
    let span = table.span();
    table.require("name", "write name = \"control-panel\"", problems);
    table.require("command", "write command = \"/usr/bin/control-panel\", the program alone", problems);
    let name = table.parse("name", problems, process_name);
    let program = table.parse("command", problems, program);
    let mut args = Vec::new();
    for At { value, span } in table.strings("args", problems) {
        match value.contains('\0') {
            true => problems.error(span, "an argument has a NUL character", "leave it out"),
            false => args.push(value),
        }
    }
    let mut env = BTreeMap::new();
    if let Some(variables) = table.table("env", "[process.env]", problems) {
        for (name, value) in variables.scalars(problems) {
            match variable(&name.value, &value.value) {
                Ok(()) => drop(env.insert(name.value, value.value)),
                Err((what, instead)) => problems.error(name.span, what, instead),
            }
        }
    }
    let user = table.parse("user", problems, user);
    let directory = table.parse("dir", problems, directory);
    let restart = table.parse("restart", problems, restart_policy);
    let ready = table.parse("ready", problems, Readiness::parse);
    let ready_timeout =
        table.parse("ready_timeout", problems, |text| duration("ready_timeout", text, 1, 86_400_000));
    let stop_signal = table.parse("stop_signal", problems, stop_signal);
    let stop_timeout =
        table.parse("stop_timeout", problems, |text| duration("stop_timeout", text, 1, 3_600_000));
    let backoff = table.parse("backoff", problems, |text| duration("backoff", text, 1, 3_600_000));
    table.finish(problems);
    let default = ProcessConfig::new(name?.value, [vec![program?.value], args].concat());
    let value = ProcessConfig {
        env,
        user: user.map(|at| at.value),
        directory: directory.map(|at| at.value),
        restart: restart.map_or(default.restart, |at| at.value),
        ready: ready.map_or_else(|| default.ready.clone(), |at| at.value),
        ready_timeout: ready_timeout.map_or(default.ready_timeout, |at| at.value),
        stop_signal: stop_signal.map_or(default.stop_signal, |at| at.value),
        stop_timeout: stop_timeout.map_or(default.stop_timeout, |at| at.value),
        backoff: backoff.map_or(default.backoff, |at| at.value),
        ..default
    };
    Some(At { value, span })
}

/// A name is a part of messages and of the name of a unit, whose characters systemd.unit(5) lists.
fn process_name(text: &str) -> Result<String, Fault> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && text.len() <= 64 && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err((
        format!("`name` = \"{text}\" is not a valid name of a process"),
        "write at most 64 letters, digits, hyphens, underscores and dots, a letter or digit first".to_owned(),
    ))
}

fn program(text: &str) -> Result<String, Fault> {
    let example = "write the program alone, and its arguments into args = [\"…\"]".to_owned();
    match text {
        "" => Err(("`command` names no program".to_owned(), example)),
        _ if text.chars().any(char::is_control) => {
            Err(("`command` has a control character".to_owned(), example))
        }
        _ => Ok(text.to_owned()),
    }
}

fn variable(name: &str, value: &str) -> Result<(), Fault> {
    let is_name = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    if name.is_empty() || !name.bytes().all(is_name) || name.starts_with(|first: char| first.is_ascii_digit())
    {
        return Err((
            format!("`{name}` is not a valid name of an environment variable"),
            "write letters, digits and underscores, such as RUST_LOG = \"info\"".to_owned(),
        ));
    }
    if name == "NOTIFY_SOCKET" {
        let what = "`NOTIFY_SOCKET` is set for each process".to_owned();
        return Err((what, "leave it out, and write ready = \"notify\"".to_owned()));
    }
    match value.contains('\0') {
        true => Err((format!("the value of `{name}` has a NUL character"), "leave it out".to_owned())),
        false => Ok(()),
    }
}

/// The characters that useradd(8) takes, of which a number is one case.
fn user(text: &str) -> Result<String, Fault> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.$".contains(c);
    if !text.is_empty() && text.len() <= 256 && !text.starts_with('-') && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    let what = format!("`user` = \"{text}\" is not a valid name of a user");
    Err((what, "write the name of a user, or its number in quotes".to_owned()))
}

fn directory(text: &str) -> Result<PathBuf, Fault> {
    if text.starts_with('/') && !text.chars().any(char::is_control) {
        return Ok(PathBuf::from(text));
    }
    let what = format!("`dir` = \"{text}\" is no absolute path of a directory");
    Err((what, "write a path such as \"/srv/control-panel\"".to_owned()))
}

fn restart_policy(text: &str) -> Result<RestartPolicy, Fault> {
    RestartPolicy::ALL.into_iter().find(|policy| policy.as_str() == text).ok_or_else(|| {
        let what = format!("`restart` = \"{text}\" is not offered");
        (what, "write \"no\", \"on-success\", \"on-failure\" or \"always\"".to_owned())
    })
}

/// A process that was stopped as by Ctrl-Z would never end.
fn stop_signal(text: &str) -> Result<Signal, Fault> {
    const PAUSES: [Signal; 5] =
        [Signal::SIGSTOP, Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU, Signal::SIGCONT];
    let example = "write the name of a signal, such as \"SIGTERM\", \"SIGINT\" or \"SIGQUIT\"".to_owned();
    match text.parse::<Signal>() {
        Ok(signal) if PAUSES.contains(&signal) => {
            Err((format!("`stop_signal` = \"{text}\" ends no process"), example))
        }
        Ok(signal) => Ok(signal),
        Err(_) => Err((format!("`stop_signal` = \"{text}\" is no signal"), example)),
    }
}
