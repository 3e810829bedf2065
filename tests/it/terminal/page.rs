//! `status --watch` has the terminal, shows what changes, and gives it back.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::harness::TestZone;
use crate::harness::terminal::open_terminal;

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

/// A terminal on which the command runs.
struct Watch {
    child: Child,
    terminal: File,
    keyboard: File,
    received: Receiver<Vec<u8>>,
    text: String,
}

impl Watch {
    fn start(zone: &TestZone, rows: u16) -> Self {
        let (keyboard, terminal) = open_terminal();
        let side = || terminal.try_clone().expect("the same terminal");
        set_rows(&terminal, rows);
        let mut command = zone.command(&["status", "--watch", "1"]);
        command.env("TERM", "xterm").env_remove("COLUMNS").stdin(side()).stdout(side());
        let child = command.spawn().expect("it runs");
        let mut reader = keyboard.try_clone().expect("the terminal");
        let (sender, received) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, terminal, keyboard, received, text: String::new() }
    }

    /// Waits until the terminal has received `wanted` since the last call.
    #[track_caller]
    fn expect(&mut self, wanted: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.text.contains(wanted) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(more) = self.received.recv_timeout(left) else {
                panic!("no {wanted:?} in {:?}", self.text)
            };
            self.text.push_str(&String::from_utf8_lossy(&more));
        }
        let found = self.text.find(wanted).expect("it is there");
        self.text.drain(..found + wanted.len());
    }

    fn has_line_mode(&self) -> bool {
        let modes = tcgetattr(&self.terminal).expect("a terminal").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    #[track_caller]
    fn is_given_back(&mut self) {
        self.expect(LEAVE);
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(69), "no member runs");
        assert!(self.has_line_mode());
    }
}

fn set_rows(terminal: &File, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).expect("a size");
}

fn zone() -> TestZone {
    let zone = TestZone::init("example.zone", &["node1=127.0.7.5"]);
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone
}

#[test]
fn the_terminal_is_given_back_by_q_and_by_a_signal() {
    let zone = zone();
    let mut watch = Watch::start(&zone, 40);
    watch.expect(ENTER);
    watch.expect("q or Ctrl-C ends");
    assert!(!watch.has_line_mode(), "keys are read as they are typed");
    watch.keyboard.write_all(b"xq").expect("typed");
    watch.is_given_back();

    let mut watch = Watch::start(&zone, 40);
    watch.expect("q or Ctrl-C ends");
    // What the terminal makes of Ctrl-C.
    kill(Pid::from_raw(watch.child.id() as i32), Signal::SIGINT).expect("it is there");
    watch.is_given_back();
}

#[test]
fn what_changed_stands_out() {
    let zone = zone();
    let mut watch = Watch::start(&zone, 40);
    watch.expect("q or Ctrl-C ends");
    watch.expect("q or Ctrl-C ends");
    assert!(!watch.text.contains("\x1b[1m"), "{:?}", watch.text);
    let description = zone.path().join("zone.toml");
    let text = fs::read_to_string(&description).expect("the description");
    let other = "\n[[node]]\nname = \"node2\"\naddress = \"127.0.7.6\"\n";
    fs::write(&description, text + other).expect("written");
    watch.expect("\x1b[1m  node2");
    watch.expect("q or Ctrl-C ends");
    // At the next look it is there already.
    watch.expect("  node2");
    watch.keyboard.write_all(b"q").expect("typed");
    watch.is_given_back();
}

#[test]
fn another_size_is_followed() {
    let zone = zone();
    let mut watch = Watch::start(&zone, 5);
    watch.expect("more lines: enlarge the terminal");
    watch.expect("q or Ctrl-C ends");
    set_rows(&watch.terminal, 60);
    kill(Pid::from_raw(watch.child.id() as i32), Signal::SIGWINCH).expect("it is there");
    watch.expect("certificates, days left");
    watch.keyboard.write_all(b"q").expect("typed");
    watch.is_given_back();
}
