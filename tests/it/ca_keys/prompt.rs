//! A person at a terminal: what is typed is not shown, a new passphrase is typed twice, and there are three
//! tries.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::termios::{LocalModes, tcgetattr};

use super::{RIGHT, locked_zone, passphrase_file, states, with_file};
use crate::harness::processes::{PATIENCE, until};
use crate::harness::terminal::open_terminal;
use crate::harness::{TestZone, outcome, zone_etcd};
use crate::support::{Tree, three_members};

/// A call of the program with a terminal of its own.
struct Session {
    child: Child,
    keyboard: File,
    terminal: File,
    chunks: Receiver<Vec<u8>>,
    screen: String,
}

impl Session {
    fn start(zone: &TestZone, arguments: &[&str]) -> Self {
        Self::of(&zone.command(arguments))
    }

    fn of(call: &Command) -> Self {
        let (keyboard, terminal) = open_terminal();
        let side = || Stdio::from(OwnedFd::from(terminal.try_clone().expect("the same terminal")));
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(call.get_program()).args(call.get_args());
        command.env_remove("CREDENTIALS_DIRECTORY").env("NO_COLOR", "1");
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().expect("setsid runs");
        let mut reader = keyboard.try_clone().expect("the same terminal");
        let (sender, chunks) = channel();
        // It ends with an error when the last one who has the terminal open is gone.
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, terminal, chunks, screen: String::new() }
    }

    /// Waits until the screen ends with this question and shows no more what is typed, and answers.
    #[track_caller]
    fn answer(&mut self, question: &str, typed: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.screen.ends_with(question) {
            self.look(deadline, question);
        }
        until("a terminal without an echo", || {
            let modes = tcgetattr(&self.terminal).expect("its modes").local_modes;
            (!modes.contains(LocalModes::ECHO)).then_some(())
        });
        self.screen.clear();
        self.keyboard.write_all(format!("{typed}\n").as_bytes()).expect("typed");
    }

    fn look(&mut self, deadline: Instant, what: &str) {
        let chunk = self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        let chunk = chunk.unwrap_or_else(|_| panic!("no `{what}` in {}", self.screen));
        self.screen += &String::from_utf8_lossy(&chunk);
        assert!(!self.screen.contains("horse"), "it was shown: {}", self.screen);
    }

    /// Waits for the end with this code and for these texts, and sees that the terminal shows again what is
    /// typed.
    #[track_caller]
    fn end(mut self, code: i32, texts: &[&str]) {
        let status = until("the end", || self.child.try_wait().expect("it can be waited for"));
        while let Ok(chunk) = self.chunks.recv_timeout(Duration::from_millis(100)) {
            self.screen += &String::from_utf8_lossy(&chunk);
        }
        assert_eq!(status.code(), Some(code), "{}", self.screen);
        for text in texts {
            assert!(self.screen.contains(text), "no `{text}` in {}", self.screen);
        }
        assert!(!self.screen.contains("horse"), "it was shown: {}", self.screen);
        let modes = tcgetattr(&self.terminal).expect("its modes").local_modes;
        assert!(modes.contains(LocalModes::ECHO), "the terminal was left without an echo");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Already at its end, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const OLD: &str = "passphrase of the CA keys: ";
const NEW: &str = "new passphrase for the CA keys: ";
const AGAIN: &str = "the same again: ";

#[test]
fn a_new_one_is_typed_twice() {
    let zone = three_members();
    let mut session = Session::start(&zone, &["ca", "lock"]);
    session.answer(NEW, "correct horse");
    session.answer(AGAIN, "correct hoarse horse");
    session.answer(NEW, RIGHT);
    session.answer(AGAIN, RIGHT);
    session.end(0, &["locked the keys root, peer, client"]);
    with_file(&zone, &["ca", "unlock"], &passphrase_file(&zone, "p", RIGHT)).expect_code(0);
}

#[test]
fn it_is_asked_for_once_in_a_call_and_three_times_at_most() {
    let (zone, _) = locked_zone(&[]);
    let mut session = Session::start(&zone, &["pki", "issue", "--all"]);
    session.answer(OLD, "a wrong horse");
    session.answer(OLD, RIGHT);
    session.end(0, &["issued 12 certificates"]);
    let before = Tree::of(&zone.path());
    let mut session = Session::start(&zone, &["pki", "issue", "--client", "one"]);
    for _ in 0..3 {
        session.answer(OLD, "a wrong horse");
    }
    session.end(77, &["was not opened", "the passphrase is wrong"]);
    Tree::of(&zone.path()).assert_same_as(&before, "three wrong answers");
}

/// That of a bundle as well: it is read from its beginning each time.
#[test]
fn the_passphrase_of_a_bundle_is_asked_for_three_times() {
    let zone = three_members();
    let passphrase = passphrase_file(&zone, "p", "correct horse battery");
    let out = zone.around().join("out");
    let mut bundle = zone.command(&["bundle", "node1"]);
    outcome(bundle.arg("--passphrase-file").arg(&passphrase).arg("--out").arg(&out)).expect_code(0);
    let question = "passphrase of the bundle: ";
    let session = || {
        let mut inspect = zone_etcd(["bundle", "inspect"]);
        Session::of(inspect.arg(out.join("node1.bundle")))
    };
    let mut first = session();
    first.answer(question, "a wrong horse");
    first.answer(question, "correct horse battery");
    first.end(0, &["sealed with a passphrase"]);
    let mut second = session();
    for _ in 0..3 {
        second.answer(question, "a wrong horse");
    }
    second.end(77, &["the passphrase is not the one", "run the command again with the right one"]);
}

#[test]
fn a_lock_of_what_is_locked_changes_the_passphrase() {
    let (zone, _) = locked_zone(&[]);
    let mut session = Session::start(&zone, &["ca", "lock"]);
    session.answer(OLD, RIGHT);
    session.answer(NEW, "another new horse");
    session.answer(AGAIN, "another new horse");
    session.end(0, &["gave the new passphrase to the keys root, peer, client"]);
    with_file(&zone, &["ca", "unlock"], &passphrase_file(&zone, "p", "another new horse")).expect_code(0);
    assert_eq!(states(&zone), "root clear, peer clear, client clear");
}
