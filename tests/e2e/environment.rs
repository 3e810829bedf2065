//! What a member gets from the process that starts it: environment, open files, core dumps.

use std::fs;
use std::process::Command;

use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::members::{loopback_zone, run_command, wait_until_serving};
use crate::harness::processes::Running;

/// What changes etcd or its runtime from outside.
const FOREIGN: [(&str, &str); 12] = [
    ("ETCD_LOG_LEVEL", "debug"),
    ("GODEBUG", "madvdontneed=1"),
    ("GOGC", "50"),
    ("GOMAXPROCS", "1"),
    ("GOMEMLIMIT", "1GiB"),
    ("GOTRACEBACK", "crash"),
    ("SSL_CERT_FILE", "/nonexistent"),
    ("SSL_CERT_DIR", "/nonexistent"),
    ("LD_LIBRARY_PATH", "/nonexistent"),
    ("LISTEN_FDNAMES", "passphrase"),
    ("ALL_PROXY", "http://127.0.0.1:1"),
    ("https_proxy", "http://127.0.0.1:1"),
];
/// What is none of that, and what systemd tells a service.
const KEPT: [(&str, &str); 3] =
    [("UNRELATED", "stays"), ("NOTIFY_SOCKET", "/nonexistent"), ("CREDENTIALS_DIRECTORY", "/nonexistent")];

/// A member that is started by a shell with core dumps, a file that it has open by mistake, and settings for
/// other programs.
#[track_caller]
fn start(zone: &TestZone) -> Running {
    let run = run_command(zone, "node1", &[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\" 9</etc/hosts"]);
    shell.arg(run.get_program()).args(run.get_args()).envs(FOREIGN).envs(KEPT);
    let mut member = Running::start(&mut shell, zone.around(), "node1");
    wait_until_serving(std::slice::from_mut(&mut member));
    member
}

/// The names of the variables that are foreign and with the member all the same.
fn foreign_to(member: &Running) -> Vec<&'static str> {
    let environment = fs::read_to_string(format!("/proc/{}/environ", member.pid())).expect("the environment");
    let has = |setting: &(&str, &str)| {
        environment.split('\0').any(|line| line == format!("{}={}", setting.0, setting.1))
    };
    assert!(KEPT.iter().all(has), "{environment}");
    FOREIGN.into_iter().filter(|setting| has(setting)).map(|(name, _)| name).collect()
}

/// The soft and the hard limit of a core dump.
fn core_limits(pid: u32) -> (String, String) {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("the limits");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a line");
    let mut columns = line.split_whitespace().map(str::to_owned);
    (columns.next().expect("a soft limit"), columns.next().expect("a hard limit"))
}

/// What the member has open beyond standard input, output and error.
fn open_files(pid: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("the open files").flatten();
    let above =
        entries.filter(|entry| entry.file_name().to_str().and_then(|number| number.parse().ok()) > Some(2));
    above
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|file| file.display().to_string())
        .collect()
}

#[test]
fn nothing_foreign_reaches_a_member() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        let member = start(&zone);
        assert_eq!(foreign_to(&member), [""; 0]);
        let files = open_files(member.pid());
        assert!(!files.iter().any(|file| file == "/etc/hosts"), "{files:?}");
        let lock = zone.file("nodes/node1/lock").display().to_string();
        assert!(files.contains(&lock), "{files:?}");
        assert_eq!(core_limits(member.pid()), ("0".to_owned(), "0".to_owned()));
        // Whoever set these up is told, for they may be meant.
        let told = member.stderr();
        let line = told.lines().find(|line| line.contains("keep_environment")).expect("a warning");
        for name in ["GODEBUG", "GOGC", "GOMEMLIMIT", "GOTRACEBACK", "SSL_CERT_FILE"] {
            assert!(line.contains(name), "{line}");
        }
    });
}

#[test]
fn what_zone_toml_names_is_kept() {
    isolated(|| {
        let zone =
            loopback_zone(1, "[etcd]\nkeep_environment = [\"GOMEMLIMIT\", \"GOGC\"]\ncore_dumps = true\n");
        let member = start(&zone);
        assert_eq!(foreign_to(&member), ["GOGC", "GOMEMLIMIT"]);
        let (soft, hard) = core_limits(member.pid());
        assert_eq!(soft, hard);
        assert_eq!(hard, core_limits(std::process::id()).1);
    });
}
