//! A command that asks its operator.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::TestZone;
use super::processes::until;

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
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("UTF-8");
        let terminal = OpenOptions::new().read(true).write(true).open(name).expect("the terminal");
        let stderr = zone.around().join("asked.err");
        let mut command = zone.command(arguments);
        command.stdin(terminal).stdout(Stdio::null()).stderr(File::create(&stderr).expect("a file"));
        Self { child: command.spawn().expect("it starts"), keyboard: File::from(master), stderr }
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
