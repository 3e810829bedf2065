//! `dev`: a throwaway zone around a command, or until it is stopped.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, children_of, processes_named, until};
use crate::harness::{Outcome, bundle, outcome, program, zone_etcd};

#[test]
fn the_code_of_the_command_is_passed_on() {
    isolated(|| {
        for (script, code) in
            [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 128 + 9), ("kill -TERM $$", 128 + 15)]
        {
            dev(&["--nodes", "1"], script).expect_code(code);
            assert_nothing_left();
        }
    });
}

/// Whatever reads the output of the command has to get it as it is.
#[test]
fn standard_output_is_the_commands_alone() {
    isolated(|| {
        let result = dev(&["--nodes", "1"], "printf 'one\\ntwo'; echo aside >&2").expect_code(0);
        assert_eq!(result.stdout, "one\ntwo");
        assert!(result.stderr.contains("is ready") && result.stderr.contains("aside"), "{}", result.stderr);
    });
}

#[test]
fn the_command_finds_the_zone_in_its_environment() {
    isolated(|| {
        let script = "env | grep ^ETCDCTL_; env | grep ^ZONE_ETCD_; command -v etcdctl; command -v \
                      zone-etcd; \
                      test -f $ZONE_ETCD_ZONE/zone.toml && etcdctl put key value";
        let result = dev(&["--nodes", "1"], script).expect_code(0);
        let setting = |name: &str| {
            let prefix = format!("{name}=");
            let value = result.stdout.lines().find_map(|line| line.strip_prefix(&prefix));
            value.unwrap_or_else(|| panic!("no {name} in:\n{}", result.stdout)).to_owned()
        };
        let zone = setting("ZONE_ETCD_ZONE");
        assert!(setting("ETCDCTL_ENDPOINTS").starts_with("https://127.0.0.1:"));
        for (name, file) in
            [("ETCDCTL_CACERT", "ca.crt"), ("ETCDCTL_CERT", "client.crt"), ("ETCDCTL_KEY", "client.key")]
        {
            assert_eq!(setting(name), format!("{zone}/clients/admin/current/{file}"));
        }
        let bundled = bundle("3.7.3").join("etcdctl");
        for path in [&bundled, &program()] {
            assert!(
                result.stdout.lines().any(|line| line == path.to_str().expect("UTF-8")),
                "{}",
                result.stdout
            );
        }
        assert!(result.stdout.ends_with("OK\n"), "{}", result.stdout);
        assert!(!Path::new(&zone).exists(), "the zone is gone with the command");
    });
}

#[test]
fn one_and_five_members_run() {
    isolated(|| {
        for count in ["1", "5"] {
            let result = dev(&["--nodes", count], "etcdctl member list; etcdctl endpoint health --cluster")
                .expect_code(0);
            assert_eq!(result.stdout.matches(", started, ").count().to_string(), count, "{}", result.stdout);
            assert_eq!(
                format!("{}{}", result.stdout, result.stderr).matches("is healthy").count().to_string(),
                count
            );
            assert_nothing_left();
        }
    });
}

#[test]
fn another_version_of_etcd_can_be_chosen() {
    isolated(|| {
        let result =
            dev(&["--etcd-version", "3.6.16"], "etcdctl version; etcdctl endpoint status").expect_code(0);
        assert!(result.stdout.contains("etcdctl version: 3.6.16"), "{}", result.stdout);
        assert_eq!(result.stdout.matches(", 3.6.16, ").count(), 3, "{}", result.stdout);
        dev(&["--etcd-version", "3.4.0"], "true").expect_code(64).expect_error_with(&["3.4.0"]);
    });
}

#[test]
fn a_directory_keeps_its_data() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let directory = around.path().join("kept");
        let directory = directory.to_str().expect("UTF-8");
        dev(&["--dir", directory], "etcdctl put kept 'from the first run'").expect_code(0);
        assert_nothing_left();
        let second = dev(&["--dir", directory], "etcdctl get kept --print-value-only").expect_code(0);
        assert_eq!(second.stdout, "from the first run\n");
    });
}

#[test]
fn a_directory_in_use_is_refused() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let directory = around.path().join("kept");
        let directory = directory.to_str().expect("UTF-8");
        let mut first = Running::start(
            &mut zone_etcd(["dev", "--nodes", "1", "--dir", directory]),
            around.path(),
            "first",
        );
        first.wait_for_line(&["is ready"]);
        let second =
            outcome(&mut zone_etcd(["dev", "--nodes", "1", "--dir", directory, "--", "echo", "reached"]));
        assert!(first.is_alive(), "the first goes on");
        assert_eq!(second.stdout, "", "the command of the second does not run against the first");
        assert_eq!(second.code, 75, "{}", second.stderr);
        let second = second.expect_error_with(&["in use", directory]);
        assert!(
            second.stderr.lines().count() < 12,
            "one message, not the log of a member:\n{}",
            second.stderr
        );
    });
}

#[test]
fn signals_end_it_with_all_that_it_started() {
    isolated(|| {
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let around = tempfile::tempdir().expect("a temporary directory");
            let mut dev = start(around.path());
            assert!(dev.stderr().contains("Ctrl-C stops it") && dev.stdout().is_empty(), "{}", dev.stderr());
            assert_eq!(children_of(dev.pid()).len(), 3);
            assert_eq!(fs::read_dir(around.path().join("temporary")).expect("a directory").count(), 1);
            dev.signal(signal);
            dev.outcome().expect_code(0);
            assert_nothing_left();
            assert_eq!(fs::read_dir(around.path().join("temporary")).expect("a directory").count(), 0);
        }
    });
}

#[test]
fn a_killed_supervisor_leaves_no_member() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let mut dev = start(around.path());
        let members = processes_named("etcd");
        assert_eq!(members.len(), 3);
        dev.signal(Signal::SIGKILL);
        dev.end();
        for member in members {
            // They are now children of the namespace's first process, which is this one. Members whose
            // standard error has gone would end by SIGPIPE too, but only once they have something to say.
            let member = Pid::from_raw(i32::try_from(member).expect("a process id"));
            let end = until("the end of a member", || match waitpid(member, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => None,
                other => Some(other.expect("the member can be waited for")),
            });
            assert!(matches!(end, WaitStatus::Signaled(_, Signal::SIGKILL, _)), "{end:?}");
        }
    });
}

#[test]
fn a_member_that_dies_ends_the_zone_and_is_named() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let mut dev = start(around.path());
        let members = children_of(dev.pid());
        let victim = members[1];
        let arguments = fs::read_to_string(format!("/proc/{victim}/cmdline")).expect("the member runs");
        assert!(arguments.contains("--name=node2"), "{arguments}");
        end(victim);
        let result = dev
            .outcome()
            .expect_code(69)
            .expect_error_with(&["node2 ended by SIGKILL", "the last lines of node2:"]);
        // Lines that etcd wrote, not only the heading.
        let after = result.stderr.split("the last lines of node2:").nth(1).expect("lines");
        assert!(
            after.lines().filter(|line| line.contains("info ") || line.contains("warn ")).count() >= 3,
            "{after}"
        );
        assert_nothing_left();
    });
}

/// As a service manager restarts a unit; any other end is still the end of the zone.
#[test]
fn a_member_that_is_asked_to_end_is_started_again() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let mut dev = start(around.path());
        let told = dev.stderr().lines().count();
        for place in [1, 0] {
            let before = children_of(dev.pid());
            let victim = Pid::from_raw(i32::try_from(before[place]).expect("a process id"));
            kill(victim, Signal::SIGTERM).expect("the member takes the signal");
            let after = until("another process in its place", || {
                let after = children_of(dev.pid());
                (after.len() == 3 && !after.contains(&before[place])).then_some(after)
            });
            assert_eq!(after.iter().filter(|pid| before.contains(pid)).count(), 2, "{before:?} {after:?}");
            until("three members", || (processes_named("etcd").len() == 3).then_some(()));
        }
        // That the machine is busy is not about the restart.
        let is_meant = |line: &&str| !line.contains("overloaded") && !line.contains("took too long");
        let lines: Vec<String> =
            dev.stderr().lines().skip(told).filter(is_meant).map(str::to_owned).collect();
        assert!(lines.len() < 5, "it goes on about a restart that somebody wanted:\n{}", lines.join("\n"));
        end(children_of(dev.pid())[2]);
        dev.outcome().expect_code(69).expect_error_with(&["ended by SIGKILL"]);
        assert_nothing_left();
    });
}

#[test]
fn a_member_that_dies_ends_the_command() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let mut command = zone_etcd(["dev", "--nodes", "1", "--", "sleep", "1000"]);
        let mut dev = Running::start(&mut command, around.path(), "dev");
        let running = until("the command", || processes_named("sleep").first().copied());
        assert_eq!(children_of(dev.pid()).len(), 2);
        let [member] = processes_named("etcd")[..] else { panic!("not one member") };
        end(member);
        dev.outcome().expect_code(69).expect_error_with(&["node1 ended by SIGKILL"]);
        assert_nothing_left();
        until("the end of the command", || (!processes_named("sleep").contains(&running)).then_some(()));
    });
}

/// What a supervisor sends reaches `dev` alone, and the command may have something to put in order.
#[test]
fn the_command_is_told_of_sigterm() {
    isolated(|| {
        let around = tempfile::tempdir().expect("a temporary directory");
        let script = "trap 'echo told; exit 3' TERM; echo begun; while :; do sleep 0.02; done";
        let mut command = zone_etcd(["dev", "--nodes", "1", "--", "sh", "-c", script]);
        let mut dev = Running::start(&mut command, around.path(), "dev");
        until("the command", || dev.stdout().contains("begun").then_some(()));
        dev.signal(Signal::SIGTERM);
        assert_eq!(dev.outcome().expect_code(128 + 15).stdout, "begun\ntold\n");
        assert_nothing_left();
    });
}

/// What the command leaves running would keep a temporary zone's certificates, and its terminal.
#[test]
fn what_the_command_started_ends_with_it() {
    isolated(|| {
        let script = "sleep 300 & echo $!";
        let result = dev(&["--nodes", "1"], script).expect_code(0);
        let pid: i32 = result.stdout.trim().parse().expect("the id of what was started");
        until("its end", || {
            (!Path::new(&format!("/proc/{pid}/cmdline")).exists() || is_zombie(pid)).then_some(())
        });
    });
}

/// Ended, but not yet waited for by the process that it was left to.
fn is_zombie(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// Runs a script in a zone.
#[track_caller]
fn dev(options: &[&str], script: &str) -> Outcome {
    let arguments = [&["dev"], options, &["--", "sh", "-c", script]].concat();
    outcome(&mut zone_etcd(arguments))
}

/// Three members without a command, ready. What is temporary goes to `temporary/`.
#[track_caller]
fn start(around: &Path) -> Running {
    let temporary = around.join("temporary");
    fs::create_dir(&temporary).expect("a directory");
    let command: &mut Command = &mut zone_etcd(["dev"]);
    let mut dev = Running::start(command.env("TMPDIR", temporary), around, "dev");
    dev.wait_for_line(&["Ctrl-C stops it"]);
    dev
}

/// Ends a member as the kernel does when memory is short.
#[track_caller]
fn end(pid: u32) {
    kill(Pid::from_raw(i32::try_from(pid).expect("a process id")), Signal::SIGKILL)
        .expect("the member is killed");
}

#[track_caller]
fn assert_nothing_left() {
    assert_eq!(processes_named("etcd"), Vec::<u32>::new(), "members are left");
}
