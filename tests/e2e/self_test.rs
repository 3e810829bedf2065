//! `self-test`: passes on a machine that can run a zone, and says of another what is wrong with it.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, processes_named, until};
use crate::harness::programs::write_program;
use crate::harness::{outcome, zone_etcd};

const STEPS: [&str; 7] = ["issue", "start", "write", "rotate", "revoke", "snapshot", "restore"];

/// Where it makes its zone.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self) -> PathBuf {
        let path = self.0.path().join("tmp");
        fs::create_dir_all(&path).expect("a directory");
        path
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = zone_etcd([&["self-test"], arguments].concat());
        command.env("TMPDIR", self.path());
        command
    }

    fn start(&self) -> Running {
        Running::start(&mut self.command(&[]), self.0.path(), "self-test")
    }

    /// A disk of this size, which is full of nothing yet.
    fn mounted(size: &str) -> Self {
        let place = Self::new();
        let options = format!("size={size},mode=700");
        mount(Some("tmpfs"), &place.path(), Some("tmpfs"), MsFlags::empty(), Some(options.as_str()))
            .expect("a disk");
        place
    }

    #[track_caller]
    fn assert_nothing_left(&self) {
        until("the end of every member", || processes_named("etcd").is_empty().then_some(()));
        let left: Vec<_> = fs::read_dir(self.path()).expect("a directory").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = nix::mount::umount(&self.path());
    }
}

fn wait_for_step(running: &Running, line: &str) {
    until(line, || running.stdout().lines().any(|found| found.starts_with(line)).then_some(()));
}

#[test]
fn a_machine_that_can_run_a_zone_passes_every_step_and_keeps_what_is_asked_for() {
    isolated(|| {
        let place = Place::new();
        let told = outcome(&mut place.command(&["--format", "json", "--keep"])).expect_code(0);
        let report: Value = serde_json::from_str(&told.stdout).expect("JSON");
        let steps = report["steps"].as_array().expect("steps");
        assert_eq!(
            steps.iter().map(|step| step["step"].as_str().expect("a name")).collect::<Vec<_>>(),
            STEPS
        );
        assert!(steps.iter().all(|step| step["passed"] == true), "{report:#}");
        assert_eq!((&report["passed"], &report["etcd"]), (&true.into(), &"3.7.3".into()));
        let kept = Path::new(report["directory"].as_str().expect("a directory"));
        assert!(told.stderr.contains(&format!("the zone is in {}", kept.display())), "{}", told.stderr);
        // It is the cluster of after the restore.
        let restored = fs::read_to_string(kept.join("ca/restored.json")).expect("a record");
        assert!(restored.contains("completed_at"), "{restored}");
        assert!(processes_named("etcd").is_empty());
        fs::remove_dir_all(kept).expect("it is there");
        place.assert_nothing_left();
    });
}

#[test]
fn an_etcd_that_does_not_start_fails_the_step_start() {
    isolated(|| {
        let place = Place::new();
        let etcd = place.0.path().join("etcd");
        let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'etcd Version: 3.7.3' && exit\n\
                      echo 'illegal instruction' >&2; exit 132\n";
        write_program(&etcd, script);
        let etcd = etcd.to_str().expect("UTF-8");
        let told = outcome(&mut place.command(&["--etcd", etcd])).expect_code(69);
        assert!(told.stdout.contains("passed  issue"), "{}", told.stdout);
        assert!(told.stdout.contains("failed  start") && told.stdout.contains("etcd does not run here"));
        told.expect_error_with(&["failed at `start`", "ended with exit code 132", "illegal instruction"]);
        place.assert_nothing_left();
    });
}

#[test]
fn a_disk_without_room_is_named_before_anything_is_made() {
    isolated(|| {
        let place = Place::mounted("64m");
        let told = outcome(&mut place.command(&[])).expect_code(73);
        assert!(told.stdout.contains("failed  issue") && told.stdout.contains("no room"), "{}", told.stdout);
        told.expect_error_with(&["MiB are free", "TMPDIR"]);
        place.assert_nothing_left();
    });
}

#[test]
fn a_disk_that_fills_up_is_named_as_the_reason() {
    isolated(|| {
        let place = Place::mounted("1g");
        let mut running = place.start();
        wait_for_step(&running, "passed  write");
        let filling = place.path().join("filling");
        let mut file = fs::File::create(&filling).expect("a file");
        while file.write_all(&[0; 1 << 20]).is_ok() {}
        let told = running.outcome().expect_code(73);
        // Which step is the first that needs more than there is, is up to etcd.
        let failed = told.stdout.lines().find(|line| line.starts_with("failed  "));
        assert!(failed.is_some_and(|line| line.contains("no room")), "{}", told.stdout);
        told.expect_error_with(&["MiB are left in", "free space there"]);
        fs::remove_file(filling).expect("the filling");
        place.assert_nothing_left();
    });
}

#[test]
fn taken_ports_fail_the_step_issue() {
    isolated(|| {
        let place = Place::new();
        setrlimit(Resource::RLIMIT_NOFILE, 4096, 4096).expect("more files");
        // Ports for members are below those of outgoing connections.
        fs::write("/proc/sys/net/ipv4/ip_local_port_range", "11241 60999").expect("the range");
        let taken: Vec<TcpListener> =
            (10240..11241).filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()).collect();
        let told = outcome(&mut place.command(&[])).expect_code(75);
        assert!(told.stdout.contains("failed  issue"), "{}", told.stdout);
        told.expect_error_with(&["cannot find free ports", "stop something that listens on 127.0.0.1"]);
        assert_eq!(taken.len(), 1001);
        place.assert_nothing_left();
    });
}

#[test]
fn nothing_is_left_of_a_self_test_that_is_stopped() {
    isolated(|| {
        for (signal, code, step) in
            [(Signal::SIGINT, 130, "passed  write"), (Signal::SIGTERM, 143, "passed  issue")]
        {
            let place = Place::new();
            let mut running = place.start();
            wait_for_step(&running, step);
            running.signal(signal);
            assert_eq!(running.end().code(), Some(code), "{}", running.stderr());
            assert!(running.stderr().contains("the self-test was stopped"), "{}", running.stderr());
            place.assert_nothing_left();
        }
    });
}

#[test]
fn no_process_is_left_of_a_self_test_that_is_killed() {
    isolated(|| {
        let place = Place::new();
        let mut running = place.start();
        wait_for_step(&running, "passed  write");
        until("the rotation", || (processes_named("zone-etcd").len() > 1).then_some(()));
        running.signal(Signal::SIGKILL);
        running.end();
        until("the end of every member", || processes_named("etcd").is_empty().then_some(()));
        until("the end of the rotation", || processes_named("zone-etcd").is_empty().then_some(()));
    });
}
