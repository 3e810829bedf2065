//! `status --watch` has the terminal, shows what changes, and gives it back.

use std::fs::{self, File};
use std::io::Write;
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::termios::{LocalModes, tcgetattr};

use crate::harness::TestZone;
use crate::harness::terminal::{Received, open_terminal, set_rows};

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

/// A terminal on which the command runs.
struct Watch {
    child: Child,
    terminal: File,
    keyboard: File,
    received: Received,
}

impl Watch {
    fn start(zone: &TestZone, rows: u16) -> Self {
        let (keyboard, terminal) = open_terminal();
        let side = || terminal.try_clone().expect("the same terminal");
        set_rows(&terminal, rows);
        let mut command = zone.command(&["status", "--watch", "1"]);
        command.env("TERM", "xterm").env_remove("COLUMNS").stdin(side()).stdout(side());
        let child = command.spawn().expect("it runs");
        let received = Received::of(&keyboard);
        Self { child, terminal, keyboard, received }
    }

    #[track_caller]
    fn expect(&mut self, wanted: &str) {
        self.received.expect(wanted);
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
    assert!(!watch.received.text.contains("\x1b[1m"), "{:?}", watch.received.text);
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
