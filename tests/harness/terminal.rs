//! A terminal of a test's own.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A terminal: the side of who types and reads, and the side of the program.
pub fn open_terminal() -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("UTF-8");
    let terminal = OpenOptions::new().read(true).write(true).open(name).expect("the terminal");
    (File::from(master), terminal)
}

/// Gives a terminal of 80 columns so many rows.
pub fn set_rows(terminal: &File, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).expect("a size");
}

/// What a terminal receives, as it comes.
pub struct Received {
    more: Receiver<Vec<u8>>,
    /// What was not looked for yet.
    pub text: String,
}

impl Received {
    /// Of the side of who reads.
    pub fn of(keyboard: &File) -> Self {
        let mut reader = keyboard.try_clone().expect("the terminal");
        let (sender, more) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // It ends with an error once the last program that has the terminal open is gone.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { more, text: String::new() }
    }

    /// Waits until the terminal has received `wanted` since the last call, and returns what it has received
    /// by then.
    #[track_caller]
    pub fn expect(&mut self, wanted: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.text.contains(wanted) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(more) = self.more.recv_timeout(left) else { panic!("no {wanted:?} in {:?}", self.text) };
            self.text.push_str(&String::from_utf8_lossy(&more));
        }
        let found = self.text.find(wanted).expect("it is there");
        self.text.drain(..found + wanted.len()).collect()
    }

    /// All that comes until no program has the terminal open.
    pub fn until_its_end(mut self) -> String {
        while let Ok(more) = self.more.recv() {
            self.text.push_str(&String::from_utf8_lossy(&more));
        }
        self.text
    }
}

/// What takes a line of progress away.
const CLEARED: &str = "\r\x1b[2K";

/// A command whose standard error is a terminal.
pub struct OnTerminal {
    pub child: Child,
    pub received: Received,
    /// The side of the command; it has no end while this is open.
    pub terminal: File,
}

impl OnTerminal {
    /// Starts it. A variable `TERM` of its own is left as it is.
    pub fn start(command: &mut Command) -> Self {
        let (keyboard, terminal) = open_terminal();
        set_rows(&terminal, 24);
        if !command.get_envs().any(|(name, value)| name == "TERM" && value.is_some()) {
            command.env("TERM", "xterm");
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(terminal.try_clone().expect("the terminal"))
            .spawn();
        // The command has the terminal open as well.
        command.stderr(Stdio::null());
        Self { child: child.expect("it runs"), received: Received::of(&keyboard), terminal }
    }

    /// All of the rest, and how it has ended.
    pub fn ended(mut self) -> (String, ExitStatus) {
        let status = self.child.wait().expect("it ends");
        drop(self.terminal);
        (self.received.until_its_end(), status)
    }
}

/// What stays on each line once all that was taken away is gone.
pub fn stays(text: &str) -> Vec<&str> {
    text.split('\n').map(|line| line.rsplit(CLEARED).next().expect("one")).collect()
}
