//! Processes that end by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{shell, start, supervisor, watch_until};
use crate::harness::isolation::isolated;
use model::config::{ProcessConfig, Readiness, RestartPolicy};
use nix::sys::signal::Signal;
use supervision::End;

/// A line of shell that appends a letter to a file and ends with a code after the third.
fn counting(directory: &tempfile::TempDir, end: &str) -> String {
    let file = directory.path().join("count");
    format!(
        "printf x >> {file}; [ $(wc -c < {file}) -lt 3 ] && {end}; exec sleep 1000",
        file = file.display()
    )
}

#[test]
fn a_process_is_restarted_after_pauses_that_double() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut supervisor, heard) = supervisor();
        let id = start(&mut supervisor, &shell("a", &counting(&directory, "exit 3")));
        watch_until(&mut supervisor, "two restarts", || heard.count("it is started again") == 2);
        watch_until(&mut supervisor, "a third start", || {
            std::fs::read(directory.path().join("count")).expect("a file").len() == 3
        });
        heard.expect("* a ended with exit code 3; it is started again in 20ms");
        heard.expect("* a ended with exit code 3; it is started again in 40ms");
        watch_until(&mut supervisor, "its readiness", || heard.count("* a is ready again") > 0);
        assert!(supervisor.is_ready(id));
    });
}

/// The first time its supervisor decides; later it is told, and goes on.
#[test]
fn a_process_that_is_not_ready_again_is_told_of() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let (mut supervisor, heard) = supervisor();
        let file = directory.path().join("file").display().to_string();
        let check = format!("[ -e {file} ]");
        let process = ProcessConfig {
            ready: Readiness::Exec(["/bin/sh", "-c", &check].map(str::to_owned).to_vec()),
            ready_timeout: Duration::from_secs(1),
            ..shell("a", "exec sleep 1000")
        };
        std::fs::write(&file, "").expect("a file");
        let id = start(&mut supervisor, &process);
        std::fs::remove_file(&file).expect("a file");
        supervisor.signal(id, Signal::SIGKILL);
        let late = "* a is not ready after 1s: the command ended with exit code 1";
        watch_until(&mut supervisor, "the message", || heard.count(late) == 1);
        assert!(!supervisor.is_ready(id));
        std::fs::write(&file, "").expect("a file");
        watch_until(&mut supervisor, "its readiness", || heard.count("* a is ready again") == 1);
        assert_eq!(heard.count("is not ready"), 1, "{heard}");
    });
}

#[test]
fn what_ended_is_restarted_by_its_policy_alone() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let rows = [
            ("no-0", RestartPolicy::No, "exit 0", false),
            ("no-1", RestartPolicy::No, "exit 1", false),
            ("success-0", RestartPolicy::OnSuccess, "exit 0", true),
            ("success-term", RestartPolicy::OnSuccess, "kill -TERM $$", true),
            ("success-1", RestartPolicy::OnSuccess, "exit 1", false),
            ("failure-0", RestartPolicy::OnFailure, "exit 0", false),
            ("failure-term", RestartPolicy::OnFailure, "kill -TERM $$", false),
            ("failure-kill", RestartPolicy::OnFailure, "kill -KILL $$", true),
            ("always-0", RestartPolicy::Always, "exit 0", true),
        ];
        for (name, restart, line, _) in rows {
            let process = ProcessConfig { restart, ..shell(name, line) };
            supervisor.start(&process, &BTreeMap::new()).expect("it starts");
        }
        let told = |name: &str, again: bool| {
            let words = if again { "it is started again in" } else { "it is not started again" };
            heard
                .all()
                .iter()
                .any(|line| line.starts_with(&format!("* {name} ended")) && line.contains(words))
        };
        watch_until(&mut supervisor, "all endings", || rows.iter().all(|row| told(row.0, row.3)));
        for (name, _, _, again) in rows {
            assert!(!told(name, !again), "{name}:\n{heard}");
        }
        heard.expect("* no-1 ended with exit code 1; restart = \"no\": it is not started again");
    });
}

/// It is no failure, whether that is waited for or not.
#[test]
fn work_that_is_done_once_is_ready() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        start(&mut supervisor, &ProcessConfig { restart: RestartPolicy::No, ..shell("once", "exit 3") });
        start(&mut supervisor, &shell("clean", "exit 0"));
        let waits = ProcessConfig { ready: Readiness::Notify, ..shell("waits", "exit 0") };
        let id = supervisor.start(&waits, &BTreeMap::new()).expect("it starts");
        let failure = supervisor.await_ready(id).expect_err("it never said that it is ready");
        assert_eq!(failure.exit as i32, 69);
        assert!(failure.to_string().starts_with("waits was not ready before it ended"), "{failure}");
        assert!(failure.to_string().contains("it ended with exit code 0"), "{failure}");
        heard.expect_none("it is started again");
    });
}

#[test]
fn a_process_is_restarted_on_request() {
    isolated(|| {
        let (mut supervisor, heard) = supervisor();
        let id = start(&mut supervisor, &shell("a", "echo begun; exec sleep 1000"));
        watch_until(&mut supervisor, "its line", || heard.count("a: begun") == 1);
        supervisor.restart(id).expect("it starts");
        assert!(supervisor.await_ready(id).expect("it is ready").is_continue());
        watch_until(&mut supervisor, "its line", || heard.count("a: begun") == 2);
        heard.expect_none("a ended");
    });
}

/// Refusals of `run`, and etcd that was removed. All else may be over the next time.
#[test]
fn a_member_is_not_restarted_where_that_would_fail_again() {
    isolated(|| {
        for code in [0, 64, 65, 66, 70, 73, 77, 78] {
            let (mut supervisor, heard) = supervisor();
            let user = start(&mut supervisor, &shell("user", "exec sleep 1000"));
            let line = format!("exit {code}");
            let command = ["/bin/sh", "-c", &line].map(str::to_owned).to_vec();
            let member = supervisor.start_member(command, &BTreeMap::new()).expect("it starts");
            assert_eq!(supervisor.watch().expect("an end"), End::MustNotRestart { code });
            assert!(supervisor.await_ready(member).expect("an end").is_break(), "{code}");
            let why = if code == 0 { "it is no member any more" } else { "the same start would fail again" };
            heard.expect(&format!("* etcd ended with exit code {code}; {why}: it is not started again"));
            assert!(supervisor.is_ready(user) && !supervisor.is_ready(member));
        }
        for line in ["exit 69", "exit 75", "exit 1", "exit 63", "exit 79", "kill -TERM $$", "kill -KILL $$"] {
            let (mut supervisor, heard) = supervisor();
            let command = ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
            supervisor.start_member(command, &BTreeMap::new()).expect("it starts");
            watch_until(&mut supervisor, "a pause", || heard.count("it is started again in 1s") == 1);
            assert_eq!(supervisor.watch_for(Duration::ZERO), None, "{line}");
        }
    });
}
