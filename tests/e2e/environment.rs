//! What a member gets from the process that starts it: environment, open files, core dumps. And etcd without
//! us, which is told by its environment what `plan` says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::isolation::isolated;
use crate::harness::members::{
    assert_ids_as_planned, call, etcdctl, loopback_zone, plan, run_command, wait_until_serving,
};
use crate::harness::processes::Running;
use crate::harness::{TestZone, bundle};

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

/// What `plan --format env` prints, in a file.
#[track_caller]
fn settings(zone: &TestZone, node: &str) -> PathBuf {
    let settings = zone.run(&["plan", "--node", node, "--format", "env"]).expect_code(0).stdout;
    let file = zone.around().join(format!("{node}.env"));
    fs::write(&file, settings).expect("the settings");
    file
}

/// etcd, started by a shell that has read these settings, and nothing else.
#[track_caller]
fn start_by_hand(zone: &TestZone, node: &str, settings: &Path, flags: &[&str]) -> Running {
    let mut shell = Command::new("sh");
    shell.args(["-euc", "set -a; . \"$0\"; exec \"$@\""]).arg(settings);
    shell.arg(bundle("3.7.3").join("etcd")).args(flags);
    Running::start(&mut shell, zone.around(), node)
}

#[test]
fn etcd_takes_what_is_planned_from_its_environment() {
    isolated(|| {
        let zone = loopback_zone(3, "[etcd.flags]\nsnapshot-count = 20000\n");
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let planned = plan(&zone, "node1");
        // Before one runs: from then on `plan` refuses the others, which were not there.
        let nodes = ["node1", "node2", "node3"].map(|node| (node, settings(&zone, node)));
        let mut members = nodes.map(|(node, settings)| start_by_hand(&zone, node, &settings, &[]));
        wait_until_serving(&mut members);
        let client = etcdctl(&zone, "https://127.0.0.1:2399");
        assert_ids_as_planned(&client, &planned);
        call(&client, &["put", "key", "value"]).expect_code(0);
        assert!(members[0].stderr().contains("\"snapshot-count\":20000"), "a flag of zone.toml");
    });
}

/// Of a flag and a variable that say the same, etcd chooses neither.
#[test]
fn a_flag_beside_its_variable_ends_etcd() {
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        zone.run(&["pki", "issue", "--all"]).expect_code(0);
        let settings = settings(&zone, "node1");
        let ended = start_by_hand(&zone, "node1", &settings, &["--name=node1"]).outcome().expect_code(1);
        ended.expect_error_with(&["ETCD_NAME", "is shadowed by corresponding command-line flag"]);
    });
}
