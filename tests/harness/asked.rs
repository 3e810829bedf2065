//! A command that asks its operator.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use super::TestZone;
use super::processes::until;
use super::terminal::open_terminal;

/// A command whose standard input is a terminal.
pub struct Asked {
    child: Child,
    keyboard: File,
    stderr: PathBuf,
}

impl Asked {
    /// Starts it.
    #[track_caller]
    pub fn start(zone: &TestZone, arguments: &[&str]) -> Self {
        let (keyboard, terminal) = open_terminal();
        let stderr = zone.around().join("asked.err");
        let mut command = zone.command(arguments);
        command.stdin(terminal).stdout(Stdio::null()).stderr(File::create(&stderr).expect("a file"));
        Self { child: command.spawn().expect("it starts"), keyboard, stderr }
    }

    /// What it has written to standard error.
    pub fn told(&self) -> String {
        std::fs::read_to_string(&self.stderr).expect("UTF-8")
    }

    /// Waits until it asks.
    #[track_caller]
    pub fn asks(&mut self) {
        until("the question", || {
            let ended = self.child.try_wait().expect("it can be waited for");
            assert!(ended.is_none(), "{}", self.told());
            self.told().contains("type its name").then_some(())
        });
    }

    /// Types a line, and returns how the command ended.
    #[track_caller]
    pub fn answers(mut self, typed: &str) -> (Option<i32>, String) {
        self.keyboard.write_all(format!("{typed}\n").as_bytes()).expect("typed");
        let status = until("the end", || self.child.try_wait().expect("it can be waited for"));
        (status.code(), self.told())
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        // Both fail only if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
