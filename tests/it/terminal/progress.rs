//! Long work tells on a terminal how far it is, and leaves nothing of that.

use std::os::unix::process::ExitStatusExt;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use rustix::termios::{Action, tcflow};

use crate::harness::TestZone;
use crate::harness::processes::until;
use crate::harness::terminal::{OnTerminal, stays};

/// Nodes to which certificates are issued for some seconds.
const MANY: usize = 5000;

fn zone_of_many() -> TestZone {
    let nodes: Vec<String> =
        (0..MANY).map(|i| format!("node{i}=10.{}.{}.{}", i / 62500, i / 250 % 250, i % 250 + 1)).collect();
    let description = nodes.iter().map(|node| node.split_once('=').expect("both"));
    let others = description.map(|(name, address)| {
        format!("[[node]]\nname = \"{name}\"\naddress = \"{address}\"\nmember = false\n")
    });
    let zone = TestZone::init("example.zone", &["infra1=127.0.7.7"]);
    let path = zone.path().join("zone.toml");
    let text = std::fs::read_to_string(&path).expect("the description");
    std::fs::write(&path, text + "\n" + &others.collect::<String>()).expect("written");
    zone
}

#[test]
fn long_work_estimates_its_end_and_the_line_is_gone_then() {
    let zone = zone_of_many();
    let mut long = OnTerminal::start(&mut zone.command(&["pki", "issue", "--all"]));
    long.received.expect("issuing");
    long.received.expect(&format!("of {} holders, about ", MANY + 3));
    long.received.expect(" left");
    let (rest, status) = long.ended();
    assert_eq!(status.code(), Some(0), "{rest:?}");
    assert_eq!(stays(&rest).last(), Some(&""), "{rest:?}");
    let told = stays(&rest).into_iter().filter(|line| line.contains("issu")).collect::<Vec<_>>();
    assert_eq!(told, [format!("issued {} certificates\r", MANY + 4)], "{rest:?}");
}

/// Ctrl-S on the terminal.
#[test]
fn a_terminal_that_was_stopped_holds_up_no_work() {
    let zone = zone_of_many();
    let mut long = OnTerminal::start(&mut zone.command(&["pki", "issue", "--all"]));
    long.received.expect(" left");
    tcflow(&long.terminal, Action::OOff).expect("stopped");
    until("every certificate", || {
        let issued = std::fs::read_to_string(zone.file("issued.jsonl")).expect("the log");
        (issued.lines().count() > MANY).then_some(())
    });
    tcflow(&long.terminal, Action::OOn).expect("goes on");
    assert_eq!(long.ended().1.code(), Some(0));
}

#[test]
fn an_interrupt_ends_the_command_as_ever() {
    let zone = zone_of_many();
    let mut long = OnTerminal::start(&mut zone.command(&["pki", "issue", "--all"]));
    long.received.expect(" left");
    kill(Pid::from_raw(long.child.id() as i32), Signal::SIGINT).expect("it is there");
    let (rest, status) = long.ended();
    assert_eq!(status.signal(), Some(Signal::SIGINT as i32), "{rest:?}");
}

#[test]
fn a_terminal_that_only_prints_and_a_pipe_get_no_line() {
    let zone = zone_of_many();
    let (told, status) =
        OnTerminal::start(zone.command(&["pki", "issue", "--all"]).env("TERM", "dumb")).ended();
    assert_eq!(status.code(), Some(0), "{told:?}");
    assert_eq!(told, format!("issued {} certificates\r\n", MANY + 4));
    let bundles = zone.around().join("bundles");
    let arguments = ["bundle", "--no-encryption", "--out", bundles.to_str().expect("UTF-8"), "-o", "json"];
    let piped = zone.run(&arguments).expect_code(0);
    assert!(!piped.stderr.contains('\x1b') && !piped.stderr.contains(" left"), "{}", piped.stderr);
}

#[test]
fn no_colour_is_written_where_none_is_wanted() {
    let zone = zone_of_many();
    let (told, _) = OnTerminal::start(zone.command(&["pki", "issue", "--all"]).env("NO_COLOR", "1")).ended();
    assert!(told.contains(" left") && !told.contains("m\x1b") && !told.contains("\x1b[3"), "{told:?}");
}
