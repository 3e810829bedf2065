//! The unit files as systemd reads them, and whether what they forbid is really not needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::one_member;
use super::service::{prepare, receive};
use super::unit::{Unit, packaged};
use crate::harness::isolation::isolated;
use crate::harness::processes::{Running, children_of, until};
use crate::harness::{outcome, program};
use model::config::ProcessConfig;
use model::plan::{MEMBER_UNIT, UnitFile, UnitSettings, process_units};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What `systemd-analyze security` may say at most, in tenths; 100 is a service without any restriction.
const EXPOSURE: &str = "15";

const SERVICES: [&str; 8] = [
    "zone-etcd@.service",
    "zone-etcd-check@.service",
    "zone-etcd.service",
    "zone-etcd-check.service",
    "zone-etcd-renew.service",
    "zone-etcd-snapshot.service",
    "zone-etcd-snapshot-drill.service",
    "zone-etcd-sync.service",
];

const TIMERS: [&str; 6] = [
    "zone-etcd-check@.timer",
    "zone-etcd-check.timer",
    "zone-etcd-renew.timer",
    "zone-etcd-snapshot.timer",
    "zone-etcd-snapshot-drill.timer",
    "zone-etcd-sync.timer",
];

#[test]
fn systemd_understands_every_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut units = Vec::new();
    for name in SERVICES.iter().chain(&TIMERS) {
        let text = fs::read_to_string(packaged(name)).expect("the unit file");
        // systemd looks for the program as well.
        let text = text.replace("/usr/local/bin/zone-etcd", program().to_str().expect("a path in UTF-8"));
        fs::write(directory.path().join(name), text).expect("a copy");
        units.push(directory.path().join(name.replace('@', "@node1")));
    }
    // The drop-in for nodes with a member is read with its unit.
    let drop_in = directory.path().join("zone-etcd-sync.service.d");
    fs::create_dir(&drop_in).expect("a directory");
    fs::copy(packaged("zone-etcd-sync-member.conf"), drop_in.join("member.conf")).expect("a copy");
    let verified =
        outcome(Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units)).expect_code(0);
    let complaints: Vec<&str> = verified.stderr.lines().filter(|line| line.contains("zone-etcd")).collect();
    assert_eq!(complaints, Vec::<&str>::new());
}

/// The units of processes, from a description with what has to be escaped, beside the unit of the member.
#[test]
fn systemd_understands_the_units_of_processes() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = r#"
        [[process]]
        name = "first"
        command = "/bin/sh"
        args = ["-c", "exec sleep $T", "%n", "\\", "\"", "\n", ";", "", "ü"]
        env = { T = "9 %i", E = "" }
        user = "daemon"
        dir = "/usr/share"
        ready = "exec:/bin/test -e '/a b%c$D'"
        [[process]]
        name = "second"
        command = "sleep"
        args = ["infinity"]
        ready = "notify"
        restart = "always"
        stop_signal = "SIGWINCH"
        stop_timeout = "1500ms"
        [[process]]
        name = "third"
        command = "bin/sleep"
        dir = "/usr"
        restart = "no"
    "#;
    let processes = ProcessConfig::parse_all(text).expect("it is valid");
    let (program, variables) = (program(), [("ZONE_NAME".to_owned(), "example.zone".to_owned())].into());
    let settings = UnitSettings { program: &program, after: &[MEMBER_UNIT], variables: &variables };
    let member = fs::read_to_string(packaged(MEMBER_UNIT)).expect("the unit file");
    let member = member.replace("/usr/local/bin/zone-etcd", program.to_str().expect("a path in UTF-8"));
    fs::write(directory.path().join(MEMBER_UNIT), member).expect("a copy");
    let mut units = Vec::new();
    for UnitFile { name, text } in process_units(&processes, settings) {
        units.push(directory.path().join(&name));
        fs::write(directory.path().join(name), text).expect("a unit");
    }
    let verified =
        outcome(Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units)).expect_code(0);
    let complaints: Vec<&str> = verified.stderr.lines().filter(|line| line.contains("zone-etcd")).collect();
    assert_eq!((units.len(), complaints), (3, Vec::<&str>::new()));
}

/// The units of an activated node are those of a node of a zone directory, but for where the node is.
#[test]
fn an_activated_node_has_the_same_units() {
    for (of_zone, of_node) in SERVICES[..2].iter().zip(&SERVICES[2..4]) {
        let lines = |name: &str| -> BTreeSet<String> {
            let text = fs::read_to_string(packaged(name)).expect("the unit file");
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        let (of_zone, of_node) = (lines(of_zone), lines(of_node));
        let differing: Vec<&String> = of_node.difference(&of_zone).collect();
        let expected = [
            "Description=",
            "Environment=ZONE_ETCD_CONFIG=/var/lib/zone-etcd/node.json",
            "EnvironmentFile=",
            "ExecStart=",
        ];
        for line in &differing {
            assert!(expected.iter().any(|start| line.starts_with(start)), "{line}");
        }
        assert_eq!(of_zone.difference(&of_node).count(), differing.len(), "each stands for another");
        assert!(
            differing.iter().all(|line| !line.contains("%i") && !line.contains("--node")),
            "{differing:?}"
        );
    }
}

#[test]
fn little_is_exposed() {
    for name in SERVICES {
        let arguments = ["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE];
        outcome(Command::new("systemd-analyze").args(arguments).arg(packaged(name))).expect_code(0);
    }
}

/// Everything from the start to the end of a member is traced, and none of it is what the unit forbids.
#[test]
fn nothing_that_is_forbidden_is_needed() {
    isolated(|| {
        let machine = one_member();
        let trace = machine.output().join("trace");
        let unit = Unit::load("zone-etcd@.service", "node1");
        let tracer = ["strace", "--follow-forks", "-qq", "-o", trace.to_str().expect("a path")];
        let (mut command, reports) = prepare(&machine, &unit, "node1", &tracer);
        let mut strace = Running::start(&mut command, machine.output(), "node1");
        until("a member that is ready", || {
            assert!(strace.is_alive(), "{}", strace.stderr());
            receive(&reports)
        });
        machine.etcdctl(&["put", "greeting", "hello"]).expect_code(0);
        machine.etcdctl(&["defrag"]).expect_code(0);
        let [etcd] = children_of(strace.pid())[..] else { panic!("strace has one child") };
        kill(Pid::from_raw(i32::try_from(etcd).expect("a process id")), Signal::SIGTERM).expect("a signal");
        strace.end();

        let trace = fs::read_to_string(trace).expect("the trace");
        // What comes before is how this test starts the service.
        let start = trace.find("execve(\"/usr/local/bin/zone-etcd\"").expect("the start of the program");
        let calls: Vec<&str> = trace[start..].lines().skip(1).filter_map(call_of).collect();
        assert!(calls.len() > 1000, "{} calls", calls.len());
        assert_calls_allowed(&unit, &calls);
        assert_memory_allowed(&calls);
        assert_families_allowed(&unit, &calls);
        assert_paths_allowed(&unit, &calls);
    });
}

/// `1234  openat(AT_FDCWD, …` without the process; no signals, no ends of processes, no second halves of
/// calls. A call that is begun again after a signal can have a negative number, that of an error within the
/// kernel, for strace to see.
fn call_of(line: &str) -> Option<&str> {
    let call = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let is_restarted = call.starts_with("syscall_0xfffffffffffff");
    (call.starts_with(|c: char| c.is_ascii_lowercase()) && !is_restarted).then_some(call)
}

fn name_of(call: &str) -> &str {
    call.split('(').next().unwrap_or_default()
}

fn assert_calls_allowed(unit: &Unit, calls: &[&str]) {
    let groups = call_groups();
    let mut allowed = BTreeSet::new();
    for filter in unit.all("SystemCallFilter") {
        let (denies, words) = match filter.strip_prefix('~') {
            Some(rest) => (true, rest),
            None => (false, filter),
        };
        for call in words.split_whitespace().flat_map(|word| expand(word, &groups)) {
            if denies {
                allowed.remove(&call);
            } else {
                allowed.insert(call);
            }
        }
    }
    assert!(allowed.contains("openat") && !allowed.contains("reboot"), "the groups were not read");
    let used: BTreeSet<&str> = calls.iter().map(|call| name_of(call)).collect();
    let forbidden: Vec<&&str> = used.iter().filter(|call| !allowed.contains(**call)).collect();
    assert!(forbidden.is_empty(), "SystemCallFilter forbids {forbidden:?}");
}

/// The groups that systemd knows, each with its calls and further groups.
fn call_groups() -> BTreeMap<String, Vec<String>> {
    let listed =
        outcome(Command::new("systemd-analyze").args(["syscall-filter", "--no-pager"])).expect_code(0);
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in listed.stdout.lines() {
        let word = line.trim();
        if word.is_empty() || word.starts_with('#') {
            continue;
        }
        if line.starts_with('@') {
            current = word.to_owned();
        } else {
            groups.entry(current.clone()).or_default().push(word.to_owned());
        }
    }
    groups
}

fn expand(word: &str, groups: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    match groups.get(word) {
        Some(members) => members.iter().flat_map(|member| expand(member, groups)).collect(),
        None => vec![word.to_owned()],
    }
}

/// What MemoryDenyWriteExecute= forbids.
fn assert_memory_allowed(calls: &[&str]) {
    let forbidden: Vec<&&str> = calls
        .iter()
        .filter(|call| match name_of(call) {
            "mmap" => call.contains("PROT_WRITE") && call.contains("PROT_EXEC"),
            "mprotect" | "pkey_mprotect" => call.contains("PROT_EXEC"),
            "shmat" => call.contains("SHM_EXEC"),
            _ => false,
        })
        .collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
}

fn assert_families_allowed(unit: &Unit, calls: &[&str]) {
    let allowed: Vec<&str> = unit.one("RestrictAddressFamilies").split_whitespace().collect();
    let used: BTreeSet<&str> = calls
        .iter()
        .filter_map(|call| call.strip_prefix("socket("))
        .filter_map(|rest| rest.split(',').next())
        .collect();
    assert!(used.contains("AF_UNIX"), "the report of readiness was not seen: {used:?}");
    assert!(used.iter().all(|family| allowed.contains(family)), "{used:?}");
}

/// Everything that is written lies where ProtectSystem=strict leaves it writable.
fn assert_paths_allowed(unit: &Unit, calls: &[&str]) {
    let writable: Vec<&str> =
        unit.one("ReadWritePaths").split_whitespace().chain(["/tmp", "/dev/null"]).collect();
    let changes = ["mkdir", "rename", "unlink", "symlink", "link", "chmod", "fchmodat", "truncate"];
    let mut seen = 0;
    for call in calls {
        let name = name_of(call);
        let opens =
            name == "openat" && ["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| call.contains(flag));
        if !opens && !changes.iter().any(|change| name.starts_with(change)) {
            continue;
        }
        let paths = call.split('"').skip(1).step_by(2).filter(|path| path.starts_with('/'));
        for path in paths {
            seen += 1;
            assert!(writable.iter().any(|place| Path::new(path).starts_with(place)), "{call}");
        }
    }
    assert!(seen > 20, "{seen} paths");
}
