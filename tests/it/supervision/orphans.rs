//! The first process of a PID namespace, as in a container.

use std::process::Command;
use std::time::Duration;

use super::{shell, start, supervisor, watch_until};
use crate::harness::isolation::isolated;
use crate::harness::processes::{processes_named, until};

/// The names of processes that have ended and are waited for by none.
fn zombies() -> Vec<String> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let stats = entries
        .filter_map(|entry| std::fs::read_to_string(entry.expect("an entry").path().join("stat")).ok());
    let name = |stat: &str| Some(stat.split_once('(')?.1.split_once(") Z ")?.0.to_owned());
    stats.filter_map(|stat| name(&stat)).collect()
}

#[test]
fn orphans_are_reaped_and_own_children_are_not() {
    isolated(|| {
        assert_eq!(std::process::id(), 1);
        let (mut supervisor, heard) = supervisor();
        // Started elsewhere in the program, and waited for there.
        let mut own = Command::new("true").spawn().expect("it starts");
        until("its end", || (!zombies().is_empty()).then_some(()));
        // A session of its own, whose parent ends at once: this process becomes the parent.
        let orphan = "(setsid sh -c 'sleep 0.2; echo ends; exit 7' &)";
        start(&mut supervisor, &shell("a", &format!("{orphan}; {orphan}; exec sleep 1000")));
        watch_until(&mut supervisor, "their lines", || heard.count("a: ends") == 2);
        watch_until(&mut supervisor, "the orphans' end", || processes_named("sh").is_empty());
        watch_until(&mut supervisor, "one zombie", || zombies() == ["true"]);
        assert!(own.wait().expect("its status is there").success());
        // Those that are supervised are told of with their own code.
        start(&mut supervisor, &shell("b", "sleep 0.1; exit 9"));
        watch_until(&mut supervisor, "its end", || heard.count("* b ended with exit code 9") > 0);
        assert_eq!(supervisor.watch_for(Duration::ZERO), None);
    });
}
