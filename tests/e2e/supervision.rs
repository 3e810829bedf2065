//! The member under the supervisor of `boot`: `run`, which becomes etcd.

use std::collections::BTreeMap;
use std::ops::ControlFlow::Continue;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, run_command};
use crate::harness::processes::{processes_named, until};
use crate::harness::program;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use supervision::{End, Listener, Options, Output, Source, Supervisor};

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn count(&self, text: &str) -> usize {
        self.0.lock().expect("no panic").iter().filter(|line| line.contains(text)).count()
    }
}

impl Listener for Heard {
    fn line(&self, source: Source<'_>, line: &str) {
        self.0.lock().expect("no panic").push(format!("{}: {line}", source.name));
    }

    fn message(&self, text: &str) {
        self.0.lock().expect("no panic").push(format!("* {text}"));
    }
}

fn supervisor() -> (Supervisor, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let output = Output::Lines(Arc::clone(&heard) as Arc<dyn Listener>);
    (Supervisor::new(Options { program: Some(program()), output }).expect("a supervisor"), heard)
}

fn words(command: &std::process::Command) -> Vec<String> {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| word.to_str().expect("UTF-8").to_owned()).collect()
}

/// It tells itself that it is ready, is started again where it was stopped by another, and ends with a code
/// where it would be refused again.
#[test]
fn a_member_is_supervised() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        let command = words(&run_command(&zone, "node1", &[]));
        let (mut supervisor, heard) = supervisor();
        let member = supervisor.start_member(command.clone(), &BTreeMap::new()).expect("it starts");
        assert_eq!(supervisor.await_ready(member).expect("it is ready"), Continue(()));
        let [etcd] = processes_named("etcd")[..] else { panic!("one etcd runs") };
        kill(Pid::from_raw(etcd.cast_signed()), Signal::SIGTERM).expect("it takes the signal");
        until("its restart", || {
            assert_eq!(supervisor.watch_for(Duration::from_millis(10)), None);
            (heard.count("* etcd is ready again") == 1).then_some(())
        });
        assert_eq!(heard.count("* etcd ended by SIGTERM; it is started again in 1s"), 1);
        assert!(supervisor.is_ready(member));
        supervisor.stop_all();
        assert_eq!(processes_named("etcd"), [0_u32; 0]);
        assert_eq!(heard.count("* "), 2, "it was stopped, and is no failure");

        // Its record is there, and its data is gone.
        std::fs::remove_dir_all(zone.file("nodes/node1/data/member")).expect("the data");
        let (mut supervisor, heard) = self::supervisor();
        let member = supervisor.start_member(command, &BTreeMap::new()).expect("it starts");
        assert!(supervisor.await_ready(member).expect("an end").is_break());
        let Some(End::MustNotRestart { code }) = supervisor.watch_for(Duration::ZERO) else {
            panic!("an end")
        };
        assert!((64..=78).contains(&code), "{code}");
        assert_eq!(heard.count("the same start would fail again: it is not started again"), 1);
    });
}
