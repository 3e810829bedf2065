//! Processes that are stopped, with all that they started.

use std::time::{Duration, Instant};

use super::{shell, start, supervisor, watch_until};
use crate::harness::isolation::isolated;
use crate::harness::processes::{processes_named, until};
use model::config::ProcessConfig;
use nix::sys::signal::Signal;

/// A line of shell that tells when it is asked to end.
const TELLS: &str = "trap 'echo asked; sleep 0.05; echo ends; exit 0' TERM; sleep 1000 & echo begun; wait";

/// dash tells of the `sleep` that got the signal as well.
fn is_noise(line: &str) -> bool {
    line.ends_with(": begun") || line.ends_with(": Terminated") || line.ends_with(": ")
}

#[test]
fn processes_are_stopped_one_after_the_other_in_reverse_order() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        for name in ["first", "second", "third"] {
            start(&mut supervisor, &shell(name, TELLS));
            watch_until(&mut supervisor, "its trap", || heard.count(&format!("{name}: begun")) == 1);
        }
        supervisor.stop_all();
        let lines = heard.all();
        let ends: Vec<&str> = lines.iter().filter(|line| !is_noise(line)).map(String::as_str).collect();
        let expected = ["third: asked", "third: ends", "second: asked", "second: ends", "first: asked"];
        assert_eq!(ends[..5], expected, "{heard}");
        // It is no failure, and nothing is started again.
        heard.expect_none("* ");
    });
}

#[test]
fn what_does_not_end_in_time_is_killed() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let process = ProcessConfig {
            stop_timeout: Duration::from_millis(300),
            ..shell("deaf", "trap '' TERM; echo begun; while :; do sleep 0.01; done")
        };
        start(&mut supervisor, &process);
        watch_until(&mut supervisor, "its trap", || heard.count("deaf: begun") == 1);
        let begun = Instant::now();
        supervisor.stop_all();
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(5), "{took:?}");
        assert_eq!(processes_named("sh"), [0_u32; 0]);
    });
}

#[test]
fn a_process_is_stopped_by_its_own_signal() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        // A shell may miss the signal between its line and its `wait`.
        let line = "exec perl -e '$SIG{TERM} = \"IGNORE\"; $SIG{QUIT} = sub { print \"quits\\n\"; exit 0 }; \
                    $| = 1; print \"begun\\n\"; select(undef, undef, undef, 0.05) while 1'";
        let process = ProcessConfig { stop_signal: Signal::SIGQUIT, ..shell("a", line) };
        start(&mut supervisor, &process);
        watch_until(&mut supervisor, "its traps", || heard.count("a: begun") == 1);
        supervisor.stop_all();
        heard.expect("a: quits");
    });
}

/// What a shell started is no child of the supervisor, and in its group all the same.
#[test]
fn what_a_process_started_ends_with_it() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let id = start(&mut supervisor, &shell("a", "sleep 1001 & sleep 1002 & echo begun; wait"));
        watch_until(&mut supervisor, "its line", || heard.count("a: begun") == 1);
        until("both", || (processes_named("sleep").len() == 2).then_some(()));
        supervisor.stop_all();
        assert_eq!(processes_named("sleep"), [0_u32; 0], "{heard}");
        assert!(!supervisor.is_ready(id));
    });
}

#[test]
fn what_a_process_left_behind_is_stopped_before_it_is_restarted() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let line = "sleep 1001 & (trap '' TERM; exec sleep 1002) & sleep 0.1; exit 5";
        let process = ProcessConfig {
            stop_timeout: Duration::from_millis(200),
            backoff: Duration::from_secs(1000),
            ..shell("a", line)
        };
        start(&mut supervisor, &process);
        watch_until(&mut supervisor, "its end", || heard.count("a ended with exit code 5; it is st") == 1);
        heard.expect("* a ended and left processes behind; they are stopped");
        until("the end of the others", || processes_named("sleep").is_empty().then_some(()));
    });
}

/// A command that returns early by `?` leaves nothing behind.
#[test]
fn a_supervisor_that_is_dropped_stops_its_processes() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        start(&mut supervisor, &shell("a", TELLS));
        watch_until(&mut supervisor, "its trap", || heard.count("a: begun") == 1);
        drop(supervisor);
        heard.expect("a: ends");
        assert_eq!(processes_named("sh"), [0_u32; 0]);
    });
}
