//! Ends a command by SIGKILL when it enters a certain system call, by strace(1).

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::harness::Outcome;

/// The calls by which files change or become durable, locks are taken, and one program becomes another.
const CALLS: [&str; 29] = [
    "openat",
    "creat",
    "write",
    "writev",
    "pwrite64",
    "fsync",
    "fdatasync",
    "syncfs",
    "sync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "truncate",
    "ftruncate",
    "chmod",
    "fchmod",
    "fchmodat",
    "flock",
    "fcntl",
    "execve",
];

/// A call of a command, by its number among the calls of the same name.
#[derive(Clone, Debug)]
pub struct Step {
    name: String,
    ordinal: usize,
    /// The call as strace shows it.
    pub shown: String,
}

impl Step {
    /// Whether it writes on where the step before has written.
    pub fn goes_on_from(&self, before: &Self) -> bool {
        self.name == "write" && before.name == "write"
    }
}

/// The steps of a command from the first file that it changes to the program that it becomes, or to its end. It is run once
/// for that, but does not become another program.
#[track_caller]
pub fn steps_of(command: &Command, directory: &Path) -> Vec<Step> {
    let trace = directory.join("trace");
    // strace counts from the first call of the command itself, so this is the program that it would become.
    let options = ["-o", trace.to_str().expect("a path"), "-e", &format!("trace={}", CALLS.join(","))];
    let outcome = traced(command, &[&options[..], &["--inject=execve:signal=KILL:when=1"]].concat());
    assert!(outcome.code == 0 || outcome.code == -1, "{}", outcome.stderr);
    let text = std::fs::read_to_string(trace).expect("the trace");
    let mut steps: Vec<Step> = Vec::new();
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    // The first line is the start of the command.
    for line in text.lines().skip(1) {
        let Some((name, arguments)) = line.split_once('(') else { continue };
        if !CALLS.contains(&name) {
            continue;
        }
        let ordinal = seen.entry(name).or_default();
        *ordinal += 1;
        if changes_something(name, arguments) {
            steps.push(Step {
                name: name.to_owned(),
                ordinal: *ordinal,
                shown: line.chars().take(160).collect(),
            });
        }
    }
    steps
}

fn changes_something(name: &str, arguments: &str) -> bool {
    match name {
        "openat" => ["O_CREAT", "O_WRONLY", "O_RDWR"].iter().any(|flag| arguments.contains(flag)),
        // What is said to the user changes nothing.
        "write" => !arguments.starts_with("1,") && !arguments.starts_with("2,"),
        "fcntl" => arguments.contains("F_SETFD"),
        _ => true,
    }
}

/// Runs the command and ends it instead of this step. Whether it was ended: false if it never came to the step.
#[track_caller]
pub fn kill_at(command: &Command, step: &Step) -> bool {
    let inject = format!("--inject={}:signal=KILL:when={}", step.name, step.ordinal);
    let trace = format!("trace={}", step.name);
    let outcome = traced(command, &["-o", "/dev/null", "-e", &trace, &inject]);
    assert!(outcome.code == -1 || outcome.code == 0, "{step:?}: {outcome:?}");
    outcome.code == -1
}

/// strace ends by the signal that ended the command.
#[track_caller]
fn traced(command: &Command, options: &[&str]) -> Outcome {
    let mut strace = Command::new("strace");
    strace.args(options).arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    let output = strace.output().expect("strace runs");
    assert!(matches!(output.status.signal(), None | Some(9)), "{:?}", output.status);
    Outcome::from(output)
}
