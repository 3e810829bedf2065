//! When a process is started again, and after which pause.

use std::time::Duration;

use model::config::RestartPolicy::{Always, No, OnFailure, OnSuccess};
use nix::sys::signal::Signal;
use supervision::{Backoff, Ending, should_restart};

/// The rows of the table of `Restart=` in systemd.service(5) that are about a process which ends by itself.
#[test]
fn a_process_is_restarted_by_the_table_of_systemd() {
    let clean = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGPIPE];
    let mut rows = 0;
    let mut expect = |ending: Ending, is_clean: bool| {
        rows += 1;
        for (policy, expected) in [(No, false), (OnSuccess, is_clean), (OnFailure, !is_clean), (Always, true)]
        {
            assert_eq!(should_restart(policy, ending), expected, "{policy:?}, {ending:?}");
        }
    };
    (0..=255).for_each(|code| expect(Ending::Exited(code), code == 0));
    Signal::iterator().for_each(|signal| expect(Ending::Killed(signal as i32), clean.contains(&signal)));
    // A real-time signal, which has no name.
    expect(Ending::Killed(40), false);
    assert!(rows > 256 + 25, "{rows}");
}

#[test]
fn an_ending_is_told_in_words() {
    assert_eq!(Ending::Exited(3).to_string(), "with exit code 3");
    assert_eq!(Ending::Killed(Signal::SIGSEGV as i32).to_string(), "by SIGSEGV");
    assert_eq!(Ending::Killed(40).to_string(), "by signal 40");
}

#[test]
fn pauses_double_up_to_a_minute_and_begin_again_after_a_good_run() {
    let mut backoff = Backoff::new(Duration::from_secs(1));
    let mut pause = |ran| backoff.pause_after(Duration::from_secs(ran)).as_secs();
    assert_eq!([0, 0, 599, 0, 0, 0, 0, 0].map(&mut pause), [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!([600, 0, 0].map(&mut pause), [1, 2, 4]);
    let mut long = Backoff::new(Duration::from_secs(90));
    assert_eq!([0, 0].map(|ran| long.pause_after(Duration::from_secs(ran)).as_secs()), [90, 90]);
}
