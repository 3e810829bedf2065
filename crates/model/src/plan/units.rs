//! Units of systemd for processes that `boot` would supervise, for hosts where systemd is to do it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::config::{ProcessConfig, Readiness};

/// The unit of the member, as it is packaged.
pub const MEMBER_UNIT: &str = "zone-etcd.service";

/// A try whether a process is ready may go on for as long after it was given up.
const LAST_TRY: Duration = Duration::from_secs(10);

/// What the units of a node have in common.
#[derive(Clone, Copy, Debug)]
pub struct UnitSettings<'u> {
    /// This program, as an absolute path: it tries whether a process is ready.
    pub program: &'u Path,
    /// Units that run before the first process, such as [`MEMBER_UNIT`] on a node with a member.
    pub after: &'u [&'u str],
    /// Variables that all processes get.
    pub variables: &'u BTreeMap<String, String>,
}

/// The text of a unit, and the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFile {
    /// The name, such as `zone-etcd-process-panel.service`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A unit for each process. Each starts after the one before it is ready, and stops before that one does.
/// None is given up after a number of restarts, as `boot` gives up none.
pub fn process_units(processes: &[ProcessConfig], settings: UnitSettings<'_>) -> Vec<UnitFile> {
    let mut before: Vec<String> = settings.after.iter().map(|unit| (*unit).to_owned()).collect();
    let mut units = Vec::new();
    for process in processes {
        let name = process_unit_name(&process.name);
        units.push(UnitFile { name: name.clone(), text: unit(process, &before, settings) });
        before = vec![name];
    }
    units
}

/// The name of the unit of a process.
pub fn process_unit_name(process: &str) -> String {
    format!("zone-etcd-process-{process}.service")
}

/// A word of a command line of a unit.
pub fn unit_word(text: &str) -> String {
    quoted(text).replace('$', "$$")
}

fn unit(process: &ProcessConfig, before: &[String], settings: UnitSettings<'_>) -> String {
    let mut lines = vec!["[Unit]".to_owned(), format!("Description={} of this node", process.name)];
    if !before.is_empty() {
        lines.push(format!("After={}", before.join(" ")));
        // With Requires= it would be started again whenever one before it is.
        lines.push(format!("Wants={}", before.join(" ")));
    }
    lines.extend(["StartLimitIntervalSec=0", "", "[Service]"].map(str::to_owned));
    match process.ready {
        // From any process of the service: `boot` goes by the user.
        Readiness::Notify => lines.extend(["Type=notify", "NotifyAccess=all"].map(str::to_owned)),
        _ => lines.push("Type=exec".to_owned()),
    }
    let variables: BTreeMap<_, _> = settings.variables.iter().chain(&process.env).collect();
    for (name, value) in variables {
        lines.push(format!("Environment={}", quoted(&format!("{name}={value}"))));
    }
    if let Some(user) = &process.user {
        lines.push(format!("User={user}"));
    }
    if let Some(directory) = &process.directory {
        lines.push(format!("WorkingDirectory={}", path(directory)));
    }
    lines.push(format!("ExecStart={}", command(&process.command)));
    let mut start_limit = process.ready_timeout;
    if !matches!(process.ready, Readiness::None | Readiness::Notify) {
        // Before systemd ends it, it says why the process is not ready.
        start_limit += LAST_TRY;
        let timeout = time(process.ready_timeout);
        let ready = process.ready.to_string();
        let program = settings.program.to_string_lossy().into_owned();
        let words = [&program, "await-ready", "--timeout", &timeout, "--", &ready].map(str::to_owned);
        lines.push(format!("ExecStartPost={}", command(&words)));
    }
    lines.push(format!("TimeoutStartSec={}", time(start_limit)));
    lines.push(format!("Restart={}", process.restart.as_str()));
    lines.push(format!("RestartSec={}", time(process.backoff)));
    lines.push(format!("KillSignal={}", process.stop_signal));
    lines.push(format!("TimeoutStopSec={}", time(process.stop_timeout)));
    lines.extend(["", "[Install]", "WantedBy=multi-user.target", ""].map(str::to_owned));
    lines.join("\n")
}

/// A command line (systemd.service(5), "COMMAND LINES"). Variables are replaced in arguments, and not in the
/// path of the program, in which a dollar sign stands for itself.
fn command(words: &[String]) -> String {
    let (program, arguments) =
        words.split_first().map_or(("", words), |(first, rest)| (first.as_str(), rest));
    let mut line = String::new();
    // A path is absolute there, and some characters before it have a meaning.
    let is_taken = program.starts_with('/') || !program.contains('/');
    if is_taken && !program.starts_with(['@', '-', ':', '+', '!', '|']) {
        line.push_str(&quoted(program));
    } else {
        line.push_str("/usr/bin/env -- ");
        line.push_str(&quoted(program).replace('$', "$$"));
    }
    for argument in arguments {
        line.push(' ');
        line.push_str(&quoted(argument).replace('$', "$$"));
    }
    line
}

/// One word, in quotes if it is not plain (systemd.syntax(7), "QUOTING"). A percent sign would begin a
/// specifier.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => {
                // Writing to a string does not fail.
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A path that is the rest of its line, where quotes would be a part of it. Blanks at its end would be taken
/// away, and a backslash there would make the next line a part of it.
fn path(path: &Path) -> String {
    let text = path.to_string_lossy().replace('%', "%%");
    match text.ends_with(|last: char| last == '\\' || last.is_whitespace()) {
        true => text + "/.",
        false => text,
    }
}

fn time(time: Duration) -> String {
    match time.subsec_nanos() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    }
}
