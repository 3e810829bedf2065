//! Processes that a test starts: ended when dropped, and waited for with a deadline.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Outcome;

/// What is awaited happens within a second on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The shortest and the longest time from one question to the next.
const BETWEEN_QUESTIONS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));
/// Lines of a process that are shown when the test fails.
pub(super) const LINES_SHOWN: usize = 30;

/// Asks until there is an answer, and panics if there is none in time. What takes long to ask, since it
/// starts a process, is asked less often: the processors are there for those who are waited for.
#[track_caller]
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let begun = Instant::now();
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep((begun.elapsed() * 2).clamp(BETWEEN_QUESTIONS.0, BETWEEN_QUESTIONS.1));
    }
}

/// A process whose output goes to files.
pub struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// Starts the command. Its output goes to `NAME.out` and `NAME.err` in `directory`, written again.
    #[track_caller]
    pub fn start(command: &mut Command, directory: &Path, name: &str) -> Self {
        let (stdout, stderr) = (directory.join(format!("{name}.out")), directory.join(format!("{name}.err")));
        let create = |path| File::create(path).expect("a file for the output");
        command.stdin(Stdio::null()).stdout(create(&stdout)).stderr(create(&stderr));
        Self { child: command.spawn().expect("the command starts"), stdout, stderr }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Standard output so far.
    pub fn stdout(&self) -> String {
        fs::read_to_string(&self.stdout).expect("the output is UTF-8")
    }

    /// Standard error so far.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).expect("the output is UTF-8")
    }

    /// Waits until a line of standard error holds every text, and returns it. Panics if the process ends
    /// before.
    #[track_caller]
    pub fn wait_for_line(&mut self, texts: &[&str]) -> String {
        until(&format!("a line with {texts:?} in\n{}", self.stderr.display()), || {
            let ended = self.child.try_wait().expect("the process can be waited for");
            let log = self.stderr();
            let line = log.lines().find(|line| texts.iter().all(|text| line.contains(text)));
            assert!(line.is_some() || ended.is_none(), "{ended:?} before a line with {texts:?}:\n{log}");
            line.map(str::to_owned)
        })
    }

    /// Sends a signal to the process itself.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the process takes the signal");
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("the process can be waited for").is_none()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let stderr = self.stderr.display().to_string();
        until(&format!("the end of the process that writes {stderr}"), || {
            self.child.try_wait().expect("the process can be waited for")
        })
    }

    /// Waits for its end, and returns what it wrote.
    #[track_caller]
    pub fn outcome(&mut self) -> Outcome {
        let status = self.end();
        Outcome { code: status.code().unwrap_or(-1), stdout: self.stdout(), stderr: self.stderr() }
    }

    /// Stops it as an init system does, and returns the signal by which it ended, if it did by one.
    #[track_caller]
    pub fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.end().signal()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the process has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let text = fs::read_to_string(&self.stderr).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let last = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n");
            eprintln!("--- the end of {}\n{last}", self.stderr.display());
        }
    }
}

/// The processes whose parent is `pid` and that have not ended, in ascending order.
pub fn children_of(pid: u32) -> Vec<u32> {
    processes()
        .filter(|(_, status)| field(status, "PPid").parse() == Ok(pid))
        .map(|(child, _)| child)
        .collect()
}

/// The processes of the test's namespace that run a program of this name.
pub fn processes_named(name: &str) -> Vec<u32> {
    processes().filter(|(_, status)| field(status, "Name") == name).map(|(pid, _)| pid).collect()
}

/// Processes with their `/proc/PID/status`, without those that have ended and wait to be reaped.
fn processes() -> impl Iterator<Item = (u32, String)> {
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    pids.into_iter()
        .filter_map(|pid| Some((pid, fs::read_to_string(format!("/proc/{pid}/status")).ok()?)))
        .filter(|(_, status)| !field(status, "State").starts_with('Z'))
}

fn field<'s>(status: &'s str, name: &str) -> &'s str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim()
}
