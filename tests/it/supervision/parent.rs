//! A supervisor that is a process of its own: its signals, and its end.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::shell;
use crate::harness::isolation::isolated;
use crate::harness::processes::{PATIENCE, Running, children_of, processes_named, until};
use crate::harness::program;
use model::config::{ProcessConfig, Readiness, RestartPolicy};
use nix::sys::signal::Signal;
use supervision::{End, Options, Output, Supervisor};

/// Set for the process that is the supervisor.
const ROLE: &str = "ZONE_ETCD_TEST_SUPERVISOR";
const DEAF: &str = "trap '' TERM; echo begun; while :; do sleep 0.01; done";

/// The test binary once more, where it does what [`be_the_supervisor`] says.
fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test binary"));
    command.args(["--exact", "supervision::parent::be_the_supervisor", "--nocapture", "--test-threads", "1"]);
    command.env(ROLE, role).env("NO_COLOR", "1").env("NOTIFY_SOCKET", "/nonexistent");
    command
}

#[track_caller]
fn begin(directory: &Path, role: &str) -> Running {
    Running::start(&mut command(role), directory, role)
}

/// No test but in a process of the tests below.
#[test]
fn be_the_supervisor() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let options = Options { program: Some(program()), output: Output::of_environment() };
    let mut supervisor = Supervisor::new(options).expect("a supervisor");
    let mut start = |process: &ProcessConfig| {
        let id = supervisor.start(process, &BTreeMap::new()).expect("it starts");
        assert!(supervisor.await_ready(id).expect("it is ready").is_continue());
    };
    match role.as_str() {
        "journal" => {
            start(&shell("a", "echo '<4>as it is'; printf '\\377\\n' >&2; echo begun >&2; exec sleep 1000"));
        }
        "killed" => {
            start(&shell("a", "echo \"socket=$NOTIFY_SOCKET\"; exec sleep 1001"));
            let user = Some("1".to_owned());
            start(&ProcessConfig {
                user,
                ..shell("b", "printf 'x\\033[2Jy\\n'; echo begun >&2; exec sleep 1002")
            });
        }
        _ => {
            start(&ProcessConfig { stop_timeout: PATIENCE, ..shell("a", DEAF) });
            start(&ProcessConfig { stop_timeout: PATIENCE, ..shell("b", DEAF) });
        }
    }
    loop {
        let end = supervisor.watch().expect("an end");
        eprintln!("end: {end:?}");
        if end == End::Stop {
            assert_eq!(supervisor.watch_for(PATIENCE), Some(End::Stop), "it is told again");
            break supervisor.stop_all();
        }
    }
    eprintln!("all have ended");
}

#[test]
fn a_supervisor_that_is_killed_takes_its_processes_along() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let mut running = begin(directory.path(), "killed");
        running.wait_for_line(&["b | begun"]);
        // Its own readiness is not theirs; nothing that they write acts on a terminal.
        running.wait_for_line(&["a | socket="]);
        assert!(running.stderr().contains("a | socket=\n"), "{}", running.stderr());
        assert!(!running.stderr().contains('\x1b'), "{}", running.stderr());
        until("both programs", || (processes_named("sleep").len() == 2).then_some(()));
        running.signal(Signal::SIGKILL);
        let begun = Instant::now();
        until("their end", || processes_named("sleep").is_empty().then_some(()));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    });
}

/// It reads levels at the beginning of lines, and knows itself whose they are.
#[test]
fn lines_reach_the_journal_as_they_are() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("journal.err");
        let metadata = fs::File::create(&file).and_then(|file| file.metadata()).expect("a file");
        let stream = format!("{}:{}", metadata.dev(), metadata.ino());
        let mut command = command("journal");
        let running = Running::start(command.env("JOURNAL_STREAM", stream), directory.path(), "journal");
        let all = || fs::read(&file).expect("a file");
        until("its lines", || (all().windows(7).any(|part| part == b"\nbegun\n")).then_some(()));
        assert_eq!(all(), b"\xff\nbegun\n");
        assert!(running.stdout().contains("<4>as it is\n"), "{}", running.stdout());
        running.signal(Signal::SIGTERM);
        until("their end", || processes_named("sleep").is_empty().then_some(()));
    });
}

#[test]
fn sighup_is_told_once_and_a_second_sigterm_kills_all() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let mut running = begin(directory.path(), "deaf");
        ["a | begun", "b | begun"].iter().for_each(|line| drop(running.wait_for_line(&[line])));
        running.signal(Signal::SIGHUP);
        running.wait_for_line(&["end: Reload"]);
        running.signal(Signal::SIGTERM);
        running.wait_for_line(&["end: Stop"]);
        assert_eq!(running.stderr().matches("end: Reload").count(), 1);
        assert_eq!(children_of(running.pid()).len(), 2, "it waits for the last one");
        let begun = Instant::now();
        running.signal(Signal::SIGINT);
        assert!(running.end().success());
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert!(running.stderr().contains("told to stop a second time"), "{}", running.stderr());
        assert!(running.stderr().contains("all have ended"), "{}", running.stderr());
        assert_eq!(processes_named("sh"), [0_u32; 0]);
    });
}

/// It is not waited for longer than until it is told to stop.
#[test]
fn a_wait_for_readiness_ends_with_sigterm() {
    isolated(|| {
        let (mut supervisor, _heard) = super::supervisor();
        let process = ProcessConfig {
            ready: Readiness::Notify,
            restart: RestartPolicy::No,
            ..shell("a", "sleep 0.1; kill -TERM 1; exec sleep 1000")
        };
        let id = supervisor.start(&process, &BTreeMap::new()).expect("it starts");
        let begun = Instant::now();
        let awaited = supervisor.await_ready(id).expect("no failure");
        assert_eq!(awaited, std::ops::ControlFlow::Break(End::Stop));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        supervisor.stop_all();
    });
}

#[test]
fn a_program_is_not_begun_for_a_supervisor_that_has_ended() {
    let mut command = crate::harness::zone_etcd(["child", "--parent", "1", "--", "/bin/echo", "begun"]);
    let outcome = crate::harness::outcome(&mut command);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (69, ""), "{}", outcome.stderr);
}
