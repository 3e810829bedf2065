//! Ends a command by SIGKILL when it enters a certain system call, by strace(1).

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::harness::Outcome;

/// The calls by which files change or become durable, locks are taken, and one program becomes another.
const CALLS: &[&str] = &[
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
    /// Its line in the trace.
    pub place: usize,
    /// The call as strace shows it.
    pub shown: String,
}

impl Step {
    /// Whether it asks another process.
    pub fn is_to_another_process(&self) -> bool {
        ["sendto", "writev"].contains(&&*self.name)
    }

    /// Whether it writes on where the step before has written.
    pub fn goes_on_from(&self, before: &Self) -> bool {
        self.name == "write" && before.name == "write"
    }
}

/// The steps of a command from the first file that it changes to the program that it becomes, or to its end.
/// It is run once for that, but does not become another program.
#[track_caller]
pub fn steps_of(command: &Command, directory: &Path) -> Vec<Step> {
    let trace = directory.join("trace");
    let mut strace = tracing(command, CALLS, &trace, &["--inject=execve:signal=KILL:when=1"]);
    let outcome = ended(&mut strace);
    assert!(outcome.code == 0 || outcome.code == -1, "{}", outcome.stderr);
    steps_in(&trace, CALLS)
}

/// The command, which leaves its calls of these names in a file.
pub fn tracing(command: &Command, calls: &[&str], trace: &Path, more: &[&str]) -> Command {
    // The start of the command is its first line. strace counts from there, so an execve is of the program
    // that it would become.
    let calls = format!("trace=execve,{}", calls.join(","));
    let options = ["-o", trace.to_str().expect("a path"), "-e", &calls];
    below_strace(command, &[&options[..], more].concat())
}

/// The steps of a command among the calls of these names that were traced.
pub fn steps_in(trace: &Path, calls: &[&str]) -> Vec<Step> {
    let text = std::fs::read_to_string(trace).expect("the trace");
    let mut steps: Vec<Step> = Vec::new();
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    // The first line is the start of the command.
    for (place, line) in text.lines().enumerate().skip(1) {
        let Some((name, arguments)) = line.split_once('(') else { continue };
        if !calls.contains(&name) {
            continue;
        }
        let ordinal = seen.entry(name).or_default();
        *ordinal += 1;
        if changes_something(name, arguments) {
            steps.push(Step {
                name: name.to_owned(),
                ordinal: *ordinal,
                place,
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

/// Runs the command and ends it instead of this step. Whether it was ended: false if it never came to the
/// step.
#[track_caller]
pub fn kill_at(command: &Command, step: &Step) -> bool {
    let outcome = ended(&mut killing(command, step));
    assert!(outcome.code == -1 || outcome.code == 0, "{step:?}: {outcome:?}");
    outcome.code == -1
}

/// The command, which is ended instead of this step.
pub fn killing(command: &Command, step: &Step) -> Command {
    let inject = format!("--inject={}:signal=KILL:when={}", step.name, step.ordinal);
    below_strace(command, &["-o", "/dev/null", "-e", &format!("trace={}", step.name), &inject])
}

/// strace ends by the signal that ended the command.
#[track_caller]
fn ended(strace: &mut Command) -> Outcome {
    let output = strace.output().expect("strace runs");
    assert!(matches!(output.status.signal(), None | Some(9)), "{:?}", output.status);
    Outcome::from(output)
}

fn below_strace(command: &Command, options: &[&str]) -> Command {
    let mut strace = Command::new("strace");
    strace.args(options).arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    strace
}
