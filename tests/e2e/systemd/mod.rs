//! The units in `packaging/systemd`: under systemd itself in `booted.rs`; elsewhere what the unit files say
//! is done by `service.rs`, where single processes are looked at. Units for processes are in `processes.rs`.

mod analyze;
mod booted;
pub mod machine;
pub mod manager;
mod node;
mod processes;
mod service;
mod sync;
mod unit;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::harness::isolation::isolated;
use crate::harness::members::{change_members, loopback_text, process_lines};
use crate::harness::outcome;
use crate::harness::processes::{children_of, until};
use machine::{Machine, ZONE};
use service::{Service, open_files, prepare, receive};
use unit::Unit;

/// It says that it is ready when the cluster is bootstrapped, and later when there is a quorum, not before,
/// and is one process all the time.
#[test]
fn ready_is_said_by_the_one_process_once_there_is_a_quorum() {
    isolated(|| {
        let machine = three_members();
        let mut first = Service::start(&machine, "node1");
        assert_eq!((first.unit.one("Type"), first.unit.one("NotifyAccess")), ("notify", "main"));
        assert_eq!(first.unit.one("TimeoutStartSec"), "infinity", "a peer may come an hour later");
        first.process.wait_for_line(&["node1 waits for node2", "node3"]);
        assert!(first.report().is_none(), "ready without a cluster");
        let pid = first.process.pid();
        let mut services = [first, Service::start(&machine, "node2"), Service::start(&machine, "node3")];
        services.iter_mut().for_each(assert_ready_once);
        assert_eq!(services[0].process.pid(), pid);
        for service in &mut services {
            service.stop();
        }

        let mut first = Service::start(&machine, "node1");
        until("elections that nobody answers", || {
            (first.process.stderr().matches("is starting a new election").count() >= 5).then_some(())
        });
        assert!(first.report().is_none(), "ready without a quorum");
        assert!(first.process.is_alive());
        let mut second = Service::start(&machine, "node2");
        for service in [&mut first, &mut second] {
            assert_ready_once(service);
        }
        machine.etcdctl(&["put", "greeting", "hello"]).expect_code(0);
    });
}

#[track_caller]
fn assert_ready_once(service: &mut Service) {
    service.wait_until_ready();
    let pid = service.process.pid();
    assert_eq!(children_of(pid), Vec::<u32>::new(), "one process");
    let program = fs::read_link(format!("/proc/{pid}/exe")).expect("the program of the process");
    assert_eq!(program.file_name().expect("a name"), "etcd");
    assert!(service.report().is_none(), "etcd reports once");
}

/// It is the user of the service, with the limits that the unit sets, and only that user can read what it
/// wrote.
#[test]
fn it_runs_as_its_user() {
    isolated(|| {
        let machine = one_member();
        let mut service = Service::start(&machine, "node1");
        service.wait_until_ready();
        let status = process_status(service.process.pid());
        let limits = fs::read_to_string(format!("/proc/{}/limits", service.process.pid())).expect("limits");
        let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("the limit");
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        let Some(user) = machine.user() else { return };
        assert!(files.contains(&open_files(&service.unit).to_string()), "{files}");

        assert_eq!((service.unit.one("User"), service.unit.one("Group")), (user, user));
        let home = fs::metadata("/var/lib/zone-etcd").expect("the directory of the layout");
        assert!(home.uid() != 0, "the layout gives it to {user}");
        assert!(status.contains(&format!("Uid:\t{0}\t{0}\t{0}\t{0}", home.uid())), "{status}");
        assert!(status.contains("CapEff:\t0000000000000000"), "{status}");
        assert_eq!(home.permissions().mode() & 0o7777, 0o700);
        let others = outcome(
            Command::new("find")
                .args([ZONE, "(", "-perm", "/077", "-o", "!", "-user", user, ")", "!", "-type", "l"]),
        );
        // Certificates and lists are public, and nobody else can enter the directories that they are in.
        let open: Vec<&str> =
            others.stdout.lines().filter(|path| !path.ends_with(".crt") && !path.ends_with(".crl")).collect();
        assert_eq!(open, Vec::<&str>::new());
    });
}

/// The check's figures go to a directory of the collector, which the layout opens to one more user.
#[test]
fn the_layout_lets_the_check_leave_its_figures() {
    isolated(|| {
        let machine = one_member();
        let Some(user) = machine.user() else { return };
        let check = Unit::load("zone-etcd-check@.service", "node1");
        assert_eq!(check.one("User"), user);
        let output = check.command_line("ExecStopPost").pop().expect("the file that is written");
        outcome(&mut machine.as_user(&["touch".to_owned(), output.clone()])).expect_code(0);
        let directory = std::path::Path::new(&output).parent().expect("a directory");
        assert_eq!(fs::metadata(directory).expect("the directory").uid(), 0, "it stays whose it was");

        // A second run of the layout, at the next boot, changes nothing of an owner who has come since.
        outcome(Command::new("chown").arg("daemon:daemon").arg(directory)).expect_code(0);
        let layout = unit::packaged("zone-etcd.tmpfiles");
        outcome(Command::new("systemd-tmpfiles").arg("--create").arg(layout)).expect_code(0);
        assert!(fs::metadata(directory).expect("the directory").uid() != 0, "it stays whose it is");
    });
}

#[test]
fn the_check_asks_for_what_the_program_has() {
    let check = Unit::load("zone-etcd-check@.service", "node7");
    assert_eq!(check.one("Type"), "oneshot");
    assert_eq!(check.command_line("ExecStart"), ["/usr/local/bin/zone-etcd", "check", "--node", "node7"]);
    let status = check.command_line("ExecStopPost");
    assert_eq!(status[..5], ["/usr/local/bin/zone-etcd", "status", "--format", "prometheus", "--output"]);
    let member = Unit::load("zone-etcd@.service", "node7");
    assert!(check.environment().contains(&member.environment()[0]), "both look at the same zone");
    let timer = Unit::load("zone-etcd-check@.timer", "node7");
    assert_eq!((timer.one("OnCalendar"), timer.one("Persistent")), ("hourly", "yes"));
    assert!(timer.all("RandomizedDelaySec").next().is_some(), "nodes do not all ask at once");
}

/// The signing host makes up for a day on which it was off, and does not go by the clock of all others.
#[test]
fn the_renewal_asks_for_what_the_program_has() {
    let renewal = Unit::load("zone-etcd-renew.service", "");
    assert_eq!(renewal.one("Type"), "oneshot");
    let line = renewal.command_line("ExecStart");
    assert_eq!(line, ["/usr/local/bin/zone-etcd", "pki", "renew", "--all", "--due"]);
    let member = Unit::load("zone-etcd@.service", "node1");
    assert!(renewal.environment().contains(&member.environment()[0]), "both look at the same zone");
    let timer = Unit::load("zone-etcd-renew.timer", "");
    assert_eq!((timer.one("OnCalendar"), timer.one("Persistent")), ("daily", "yes"));
    assert!(timer.all("RandomizedDelaySec").next().is_some(), "zones do not all renew at once");
}

/// Nodes do not all ask at once, and root is given where a member is to be restarted alone.
#[test]
fn a_node_asks_for_what_waits_for_it() {
    let sync = Unit::load("zone-etcd-sync.service", "");
    assert_eq!((sync.one("Type"), sync.one("User")), ("oneshot", "zone-etcd"));
    assert_eq!(sync.command_line("ExecStart"), ["/usr/local/bin/zone-etcd", "sync"]);
    let member = Unit::load("zone-etcd.service", "");
    assert!(sync.environment().contains(&member.environment()[0]), "both are of the same node");
    let timer = Unit::load("zone-etcd-sync.timer", "");
    assert_eq!((timer.one("OnUnitActiveSec"), timer.one("RandomizedDelaySec")), ("10min", "10min"));
    let with_member = fs::read_to_string(unit::packaged("zone-etcd-sync-member.conf")).expect("the drop-in");
    assert!(with_member.lines().any(|line| line == "User=root"), "{with_member}");
}

/// It runs as its user in the zone that the unit names.
#[test]
fn the_renewal_renews() {
    isolated(|| {
        let machine = one_member();
        let renewal = Unit::load("zone-etcd-renew.service", "");
        let run = |line: &[String]| {
            let mut command = machine.as_user(line);
            outcome(command.envs(renewal.environment()))
        };
        let line = renewal.command_line("ExecStart");
        machine.run(&["init"]).expect_code(0);
        let first = run(&line).expect_code(0);
        assert!(first.stdout.contains("node1") && first.stdout.contains("on disk"), "{}", first.stdout);
        let second = run(&line).expect_code(0);
        assert!(second.stderr.contains("nothing to renew"), "{}", second.stderr);
    });
}

/// The unit takes a snapshot of the zone that it names, keeps what is to be kept, and has it restored for a
/// try.
#[test]
fn the_snapshot_is_taken_and_restores() {
    let unit = Unit::load("zone-etcd-snapshot.service", "");
    assert_eq!((unit.one("Type"), unit.one("TimeoutStartSec")), ("oneshot", "infinity"));
    let member = Unit::load("zone-etcd@.service", "node1");
    assert!(unit.environment().contains(&member.environment()[0]), "both look at the same zone");
    for (timer, every) in
        [("zone-etcd-snapshot.timer", "daily"), ("zone-etcd-snapshot-drill.timer", "weekly")]
    {
        let timer = Unit::load(timer, "");
        assert_eq!((timer.one("OnCalendar"), timer.one("Persistent")), (every, "yes"));
        assert!(timer.all("RandomizedDelaySec").next().is_some(), "zones do not all read at once");
    }
    isolated(|| {
        let machine = one_member();
        machine.run(&["init"]).expect_code(0);
        let mut running = Service::start(&machine, "node1");
        running.process.wait_for_line(&["serving client traffic securely"]);
        let mut lines = Vec::new();
        for unit in ["zone-etcd-snapshot.service", "zone-etcd-snapshot-drill.service"] {
            let unit = Unit::load(unit, "");
            for line in unit.all("ExecStart") {
                let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
                let mut command = machine.as_user(&words);
                // `PrivateTmp=` gives the user a directory of its own.
                command.envs(unit.environment()).env("TMPDIR", "/var/lib/zone-etcd");
                outcome(&mut command).expect_code(0);
                lines.push(words[1..3].join(" "));
            }
        }
        assert_eq!(lines, ["snapshot save", "snapshot status", "snapshot verify"]);
        let status = machine.run(&["status", "--format", "prometheus"]).expect_code(0).stdout;
        for metric in [
            "zone_etcd_snapshot_last_good_timestamp_seconds{",
            "zone_etcd_snapshot_last_drill_timestamp_seconds{",
        ] {
            assert!(status.contains(metric), "{status}");
        }
    });
}

/// Before there is a cluster and before there is a quorum, and also when all stop at once, which takes etcd
/// longest.
#[test]
fn the_signal_that_stops_it_reaches_etcd() {
    isolated(|| {
        let machine = three_members();
        let mut alone = Service::start(&machine, "node1");
        alone.process.wait_for_line(&["node1 waits for node2"]);
        let status = alone.stop();
        assert!(!alone.unit.restarts_after(status), "a stop is no failure: {status}");

        let mut services = ["node1", "node2", "node3"].map(|node| Service::start(&machine, node));
        services.iter_mut().for_each(Service::wait_until_ready);
        for service in &mut services {
            service.stop();
        }
        let mut alone = Service::start(&machine, "node1");
        alone.process.wait_for_line(&["is starting a new election"]);
        let status = alone.stop();
        assert!(!alone.unit.restarts_after(status), "a stop is no failure: {status}");
        let mut services = ["node1", "node2", "node3"].map(|node| Service::start(&machine, node));
        services.iter_mut().for_each(Service::wait_until_ready);
        let started = Instant::now();
        for service in &services {
            service.process.signal(Signal::SIGTERM);
        }
        for service in &mut services {
            let status = service.process.end();
            assert!(!service.unit.restarts_after(status), "{status}");
            let log = service.process.stderr();
            assert!(log.contains("received signal; shutting down"), "etcd was not asked:\n{log}");
        }
        // Half of it, for a machine that is busier than this one.
        assert!(started.elapsed() < services[0].unit.stop_timeout() / 2, "it took {:?}", started.elapsed());
    });
}

#[test]
fn a_crash_is_a_reason_to_start_again() {
    isolated(|| {
        let machine = one_member();
        let mut service = Service::start(&machine, "node1");
        service.wait_until_ready();
        machine.etcdctl(&["put", "greeting", "hello"]).expect_code(0);
        service.process.signal(Signal::SIGKILL);
        let status = service.process.end();
        assert!(service.unit.restarts_after(status), "{status}");
        let mut again = Service::start(&machine, "node1");
        again.wait_until_ready();
        assert_eq!(
            machine.etcdctl(&["get", "greeting", "--print-value-only"]).expect_code(0).stdout,
            "hello\n"
        );
    });
}

/// Go ends a process that writes to a log nobody reads any more. A service manager takes that signal for a
/// clean end.
#[test]
fn a_lost_reader_of_the_log_is_a_reason_to_start_again() {
    isolated(|| {
        let machine = one_member();
        let unit = Unit::load("zone-etcd@.service", "node1");
        let (mut command, reports) = prepare(&machine, &unit, "node1", &[]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the service starts");
        let mut log = child.stderr.take().expect("a pipe");
        let (mut buffer, mut text) = ([0; 4096], String::new());
        while !text.contains("serving client traffic securely") {
            let length = log.read(&mut buffer).expect("the log");
            assert!(length > 0, "it ended:\n{text}");
            text += &String::from_utf8_lossy(&buffer[..length]);
        }
        until("a report that it is ready", || receive(&reports));
        drop(log);
        let status = until("the end of etcd", || {
            // A client without a certificate is worth a line in the log.
            outcome(Command::new("curl").args(["--silent", "--insecure", "https://127.0.0.1:2379/health"]));
            child.try_wait().expect("the process can be waited for")
        });
        assert!(unit.restarts_after(status), "{status}");
    });
}

/// Each kind of refusal has its exit code, and every code is either final or worth another try.
#[test]
fn a_refused_start_is_not_repeated() {
    isolated(|| {
        let machine = one_member();
        assert_refused(&machine, "node9", 64..=78, "there is no node9");
        let config = machine.file("zone.toml");
        let description = fs::read_to_string(&config).expect("zone.toml");
        fs::write(&config, description.replace("127.0.0.1", "127.0.0.1/8")).expect("zone.toml");
        assert_refused(&machine, "node1", 78..=78, "a fault of zone.toml");
        fs::remove_file(&config).expect("zone.toml");
        assert_refused(&machine, "node1", 66..=66, "no zone.toml");
        fs::write(&config, description).expect("zone.toml");
        machine.run(&["pki", "issue", "node1"]).expect_code(0);

        let open = |mode| {
            let directory = machine.file("nodes/node1");
            fs::set_permissions(directory, PermissionsExt::from_mode(mode)).expect("the mode of a directory");
        };
        open(0o755);
        assert_refused(&machine, "node1", 77..=77, "a node directory that others may enter");
        open(0o700);
        let mut member = Service::start(&machine, "node1");
        member.wait_until_ready();
        member.stop();
        fs::rename(machine.file("nodes/node1/data"), machine.file("lost")).expect("the data is lost");
        assert_refused(&machine, "node1", 65..=65, "a member that has lost its votes");
        fs::rename(machine.file("lost"), machine.file("nodes/node1/data")).expect("the data is back");

        let listener = TcpListener::bind(("127.0.0.1", 2380)).expect("the port is free");
        let mut refused = Service::start(&machine, "node1");
        let status = refused.process.end();
        assert_eq!(status.code(), Some(75), "{}", refused.process.stderr());
        assert!(refused.unit.restarts_after(status), "who has the port may let it go");
        drop(listener);
    });
}

#[track_caller]
fn assert_refused(machine: &Machine, node: &str, codes: std::ops::RangeInclusive<i32>, why: &str) {
    let mut service = Service::start(machine, node);
    let status = service.process.end();
    let log = service.process.stderr();
    assert!(status.code().is_some_and(|code| codes.contains(&code)), "{why}: {status}\n{log}");
    assert!(log.contains("\nnext: ") || log.starts_with("next: "), "{why}: no next step\n{log}");
    assert!(!service.unit.restarts_after(status), "{why}: {status} would be repeated for ever");
    assert!(service.report().is_none(), "{why}: it was never ready");
}

/// The list of the unit is the list of the program, without what may pass by itself.
#[test]
fn every_exit_code_is_final_or_worth_another_try() {
    let help = outcome(&mut crate::harness::zone_etcd(["--help"])).expect_code(0).stdout;
    let codes = help.split_once("Exit codes:").expect("the codes").1;
    let mut documented: Vec<i32> =
        codes.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
    documented.retain(|code| ![0, 69, 75].contains(code));
    let unit = Unit::load("zone-etcd@.service", "node1");
    let listed: Vec<i32> = unit.final_codes().into_iter().filter(|code| *code < 128).collect();
    assert_eq!(listed, documented);
    assert_eq!(unit.one("StartLimitIntervalSec"), "0", "it does not give up on a peer that is away");
    let pause = humantime::parse_duration(unit.one("RestartSec")).expect("a time");
    assert!(pause.as_secs() >= 2, "a start that fails at once is not repeated in a hurry");
}

/// etcd ends with 0 when it was removed, and the next start is refused.
#[test]
fn a_removed_member_stays_down() {
    isolated(|| {
        let machine = three_members();
        let mut services = ["node1", "node2", "node3"].map(|node| Service::start(&machine, node));
        services.iter_mut().for_each(Service::wait_until_ready);
        let removed = removable(&machine, "node3");
        change_members(&machine.client(), &["remove", &removed]);
        let status = services[2].process.end();
        assert!(!services[2].unit.restarts_after(status), "{status}");

        let data = machine.file("nodes/node3/data/member/wal");
        // At the next boot, or by an operator.
        let mut starts = 0;
        loop {
            starts += 1;
            let mut again = Service::start(&machine, "node3");
            let status = again.process.end();
            if !again.unit.restarts_after(status) {
                break;
            }
            assert!(starts < 5, "it loops:\n{}", again.process.stderr());
        }
        assert!(data.is_dir(), "its data is left alone");
        until("a write, for which the others may have to elect a leader", || {
            (machine.etcdctl(&["put", "greeting", "hello"]).code == 0).then_some(())
        });
    });
}

#[test]
fn the_environment_file_chooses_the_zone() {
    isolated(|| {
        let machine = one_member();
        fs::rename(ZONE, "/var/lib/zone-etcd/other").expect("the zone moves");
        assert_refused(&machine, "node1", 66..=66, "the zone is not where the unit says");
        fs::write("/etc/zone-etcd/node1.env", "# a comment\nZONE_ETCD_ZONE=/var/lib/zone-etcd/other\n")
            .expect("a file");
        let mut service = Service::start(&machine, "node1");
        service.wait_until_ready();
        let arguments = process_lines(service.process.pid(), "cmdline");
        assert!(
            arguments.contains(&"--data-dir=/var/lib/zone-etcd/other/nodes/node1/data".to_owned()),
            "{arguments:?}"
        );
    });
}

fn one_member() -> Machine {
    Machine::new(&loopback_text("example.zone", 1, ""))
}

/// All certificates are there, so that three starts at once do not wait for each other.
fn three_members() -> Machine {
    let machine = Machine::new(&loopback_text("example.zone", 3, ""));
    machine.run(&["init"]).expect_code(0);
    machine.run(&["pki", "issue", "--all"]).expect_code(0);
    machine
}

/// The id of a member, as etcdctl wants it.
fn removable(machine: &Machine, node: &str) -> String {
    let list = machine.etcdctl(&["member", "list"]).expect_code(0).stdout;
    let line = list.lines().find(|line| line.contains(&format!(" {node},"))).expect("the member");
    line.split(',').next().expect("an id").to_owned()
}

fn process_status(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs")
}
