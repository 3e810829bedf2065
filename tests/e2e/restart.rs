//! Members restarted while the others carry the cluster: one, all in turn, and what keeps a member from being
//! restarted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::go_writer::GoWriter;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, change_members, etcdctl, loopback_zone, start_on_loopback};
use crate::harness::processes::Running;
use crate::harness::programs::write_program;
use crate::harness::supervised::{Supervised, supervise_in_order, supervise_on_loopback};
use crate::harness::{Outcome, TestZone, outcome, zone_etcd};

const NODES: [&str; 5] = ["node1", "node2", "node3", "node4", "node5"];

/// A zone whose members run under supervisors.
#[track_caller]
fn zone_of(members: u16) -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(members, "");
    zone.run(&["init"]).expect_code(0);
    let running = supervise_on_loopback(&zone, &NODES[..usize::from(members)]);
    (zone, running)
}

fn endpoints(members: u16) -> Vec<String> {
    (0..members).map(|number| format!("https://127.0.0.1:{}", 2379 + 10 * number)).collect()
}

fn pids(members: &[Supervised]) -> Vec<u32> {
    members.iter().map(Supervised::pid).collect()
}

/// The place of the leader.
#[track_caller]
fn leader(zone: &TestZone) -> usize {
    let told = zone.run(&["status", "--format", "json"]).expect_code(0);
    let status: Value = serde_json::from_str(&told.stdout).expect("JSON");
    let name = status["leader"].as_str().expect("a leader");
    NODES.iter().position(|node| *node == name).expect("a node")
}

#[track_caller]
fn json(told: &Outcome) -> Value {
    serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("no JSON: {}", told.stdout))
}

#[test]
fn a_follower_is_restarted_and_nobody_else() {
    isolated(|| {
        let (zone, members) = zone_of(3);
        let (before, leads) = (pids(&members), leader(&zone));
        let place = (leads + 1) % 3;
        let told = zone.run(&["restart", "--node", NODES[place], "--format", "json"]).expect_code(0);
        let report = json(&told);
        let after = pids(&members);
        assert_eq!(
            (&report["pid_before"], &report["pid_after"]),
            (&before[place].into(), &after[place].into())
        );
        for other in (0..3).filter(|other| *other != place) {
            assert_eq!(before[other], after[other]);
        }
        assert_eq!(members[place].starts(), 2);
        assert_eq!((&report["node"], &report["interrupted"]), (&NODES[place].into(), &false.into()));
        assert_eq!(report["leadership_moved_to"], Value::Null);
        for when in ["trusted_before", "trusted_after"] {
            for (plane, authority) in [("peer", "peer CA"), ("client", "client CA")] {
                let named = report[when][plane].to_string();
                assert!(named.contains(authority), "{when} {plane}: {named}");
            }
        }
        assert_eq!(leader(&zone), leads, "leadership stayed");
    });
}

#[test]
fn a_leader_hands_over_first() {
    isolated(|| {
        let (zone, members) = zone_of(3);
        let place = leader(&zone);
        let told = zone.run(&["restart", "--node", NODES[place], "--format", "json"]).expect_code(0);
        let to = json(&told)["leadership_moved_to"].as_str().expect("it was moved").to_owned();
        assert_ne!(to, NODES[place]);
        assert_eq!(NODES[leader(&zone)], to);
        assert_eq!(members[place].starts(), 2);
    });
}

#[test]
fn the_only_member_is_restarted_and_that_is_said() {
    isolated(|| {
        let (zone, members) = zone_of(1);
        let told = zone.run(&["restart", "--node", "node1"]).expect_code(0);
        assert!(told.stderr.contains("takes no requests while node1 is away"), "{}", told.stderr);
        assert_eq!(members[0].starts(), 2);
        call(&etcdctl(&zone, &endpoints(1)[0]), &["put", "a", "b"]).expect_code(0);
    });
}

#[test]
fn nobody_is_restarted_while_another_member_is_down() {
    isolated(|| {
        let (zone, mut members) = zone_of(3);
        members[2].end(Signal::SIGKILL);
        let before = pids(&members);
        for arguments in [&["restart", "--node", "node1"][..], &["restart", "--rolling"]] {
            zone.run(arguments).expect_code(69).expect_error_with(&[
                "not restarted",
                "node3 is down",
                "check",
            ]);
        }
        assert_eq!(pids(&members), before);
        members[2].start_again();
        // It waits until node3 is back, if that is soon.
        zone.run(&["restart", "--node", "node1"]).expect_code(0);
    });
}

#[test]
fn nobody_is_restarted_while_a_member_is_added() {
    isolated(|| {
        let (zone, members) = zone_of(3);
        let etcdctl = etcdctl(&zone, &endpoints(3)[0]);
        let add = ["add", "node4", "--learner", "--peer-urls", "https://127.0.0.1:2410"];
        change_members(&etcdctl, &add);
        zone.run(&["restart", "--node", "node1"])
            .expect_code(69)
            .expect_error_with(&["was added, and never started", "member remove"]);
        assert!(members.iter().all(|member| member.starts() == 1));
    });
}

/// Nothing looks after these members.
#[test]
fn a_member_that_nobody_starts_again_is_told_of() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let mut members = start_on_loopback(&zone, &NODES[..3]);
        let told = zone.run(&["restart", "--rolling", "--timeout", "2s"]).expect_code(69);
        let told = told.expect_error_with(&[
            "was stopped, and did not come back",
            "it was not restarted: is a supervisor running?",
        ]);
        assert!(told.stderr.contains("zone-etcd run --node") && told.stderr.contains("not restarted: "));
        assert_eq!(members.iter_mut().map(Running::is_alive).filter(|alive| !alive).count(), 1);
        call(&etcdctl(&zone, &endpoints(3).join(",")), &["put", "a", "b"]).expect_code(0);
        zone.run(&["restart", "--node", "node1"]).expect_code(69);
    });
}

#[test]
fn all_are_restarted_and_no_write_is_lost() {
    isolated(|| rolling_under_writes(3));
}

#[test]
fn long_five_are_restarted_and_no_write_is_lost() {
    isolated(|| rolling_under_writes(5));
}

#[track_caller]
fn rolling_under_writes(count: u16) {
    let (zone, members) = zone_of(count);
    let (before, led) = (pids(&members), leader(&zone));
    let writer = GoWriter::start(&zone, &endpoints(count));
    let told = zone.run(&["restart", "--rolling", "--format", "json"]).expect_code(0);
    writer.finish_unharmed();
    let report = json(&told);
    let restarted: Vec<&str> =
        report.as_array().expect("members").iter().filter_map(|member| member["node"].as_str()).collect();
    assert_eq!(restarted.len(), usize::from(count));
    let moved: Vec<&str> = told
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("leadership moved from ")?.split(' ').next())
        .collect();
    // On a busy machine members elect another leader in between; the one that led in the end was the last,
    // and nobody was ended who led.
    if moved == [NODES[led]] {
        assert_eq!(restarted.last(), Some(&NODES[led]), "the leader comes last: {restarted:?}");
    }
    assert!(!moved.is_empty(), "{}", told.stderr);
    for name in moved {
        let then = format!("leadership moved from {name} to ");
        let after = told.stderr.split(&then).nth(1).and_then(|rest| rest.lines().nth(1));
        assert_eq!(after, Some(&*format!("restarting {name} of example.zone")), "{}", told.stderr);
    }
    for (before, after) in before.iter().zip(pids(&members)) {
        assert_ne!(*before, after);
    }
    assert!(members.iter().all(|member| member.starts() == 2));
}

#[test]
fn those_that_are_named_are_restarted() {
    isolated(|| {
        let (zone, members) = zone_of(3);
        zone.run(&["restart", "--rolling", "node3", "node1", "node3"]).expect_code(0);
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [2, 1, 2]);
    });
}

/// Killed at whatever it is doing: nothing waits for it, not even its lock, and the next completes.
#[test]
fn long_a_killed_restart_is_run_again() {
    isolated(|| {
        let (zone, members) = zone_of(3);
        let writer = GoWriter::start(&zone, &endpoints(3));
        for line in ["restarting", "takes requests again", "leadership moved"] {
            let mut command = zone.command(&["restart", "--rolling"]);
            let mut first = Running::start(&mut command, zone.around(), "first");
            first.wait_for_line(&[line]);
            first.signal(Signal::SIGKILL);
            first.end();
            let before = pids(&members);
            zone.run(&["restart", "--rolling"]).expect_code(0);
            let restarted =
                before.iter().zip(pids(&members)).filter(|(before, after)| *before != after).count();
            assert_eq!(restarted, 3);
        }
        writer.finish_unharmed();
    });
}

#[test]
fn a_second_rolling_restart_is_refused_and_told_of_the_first() {
    isolated(|| {
        let (zone, mut members) = zone_of(3);
        // The one that comes first does not come back for a while.
        let mut command = zone.command(&["restart", "--rolling", "--timeout", "20s"]);
        members.iter().for_each(|member| member.replace_command(Command::new("true")));
        let mut first = Running::start(&mut command, zone.around(), "first");
        first.wait_for_line(&["restarting"]);
        let told = zone.run(&["restart", "--rolling"]).expect_code(75);
        told.expect_error_with(&[
            "another operation",
            "`restart --rolling`",
            &format!("process {}", first.pid()),
        ]);
        first.signal(Signal::SIGKILL);
        first.end();
        let run = |member: &Supervised| crate::harness::members::run_command(&zone, &member.name, &[]);
        for member in &mut members {
            member.replace_command(run(member));
            if member.has_ended() {
                member.start_again();
            }
        }
        // At once: the lease of the one that was killed lasts for 15 seconds.
        let begun = std::time::Instant::now();
        zone.run(&["restart", "--rolling"]).expect_code(0);
        assert!(begun.elapsed().as_secs() < 12, "{:?}", begun.elapsed());
    });
}

/// A systemctl that does what systemd would: it stops the main process of the unit, and another is started.
#[test]
fn a_service_is_restarted_by_its_manager() {
    isolated(|| {
        let (zone, members) = zone_of(3);
        let pid = members[1].pid();
        let cgroup = zone.around().join("cgroup");
        fs::write(&cgroup, "0::/system.slice/zone-etcd@node2.service\n").expect("a control group");
        mount(
            Some(&cgroup),
            format!("/proc/{pid}/cgroup").as_str(),
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
        .expect("a mount over a file in /proc");
        let log = zone.around().join("systemctl.log");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {}\ncase \"$*\" in *MainPID*) echo {pid};; *restart*) kill {pid};; \
             esac\n",
            log.display()
        );
        let systemctl = zone.around().join("systemctl");
        write_program(&systemctl, script);
        // Not by the PATH: whoever calls may have set that.
        mount(Some(&systemctl), "/usr/bin/systemctl", None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .expect("a mount over systemctl");
        let restart = |node: &str| {
            json(&zone.run(&["restart", "--node", node, "--format", "json"]).expect_code(0))["service"]
                .clone()
        };
        assert_eq!(restart("node2"), "zone-etcd@node2.service");
        assert_eq!(restart("node3"), Value::Null);
        let calls = fs::read_to_string(log).expect("calls");
        assert!(calls.ends_with("--no-ask-password restart zone-etcd@node2.service\n"), "{calls}");
        assert_eq!(members.iter().map(Supervised::starts).collect::<Vec<_>>(), [1, 2, 2]);
    });
}

/// As with the units: the zone and the member are a user's, and root restarts. What is written meanwhile is
/// the user's.
#[test]
fn root_restarts_the_member_of_a_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    isolated(|| {
        let zone = loopback_zone(1, "");
        zone.run(&["init"]).expect_code(0);
        for directory in zone.around().ancestors().take(2) {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755))
                .expect("a directory to pass through");
        }
        outcome(Command::new("chown").args(["-R", "4711:4711"]).arg(zone.path())).expect_code(0);
        let members = supervise_in_order(&zone, &["node1"], |_, command| {
            let mut placed = Command::new("setpriv");
            placed.args(["--reuid", "4711", "--regid", "4711", "--clear-groups", "--"]);
            placed.arg(command.get_program()).args(command.get_args());
            placed
        });
        members[0].wait_for_line(&["\"serving client traffic securely\""]);
        // The certificate of admin is made by this command.
        zone.run(&["restart", "--node", "node1"]).expect_code(0);
        assert_eq!(members[0].starts(), 2);
        let find = outcome(Command::new("find").arg(zone.path()).args(["!", "-user", "4711"])).expect_code(0);
        assert_eq!(find.stdout, "", "files that the user does not own");
        assert!(zone.file("clients/admin/current/client.key").exists());
    });
}

#[test]
fn dev_starts_again_what_is_restarted_inside_it() {
    isolated(|| {
        let script = "etcdctl put a b && zone-etcd restart --rolling --format json && etcdctl get a";
        let told = outcome(&mut zone_etcd(["dev", "--", "sh", "-c", script])).expect_code(0);
        assert_eq!(told.stdout.matches("\"pid_after\"").count(), 3, "{}", told.stdout);
        assert!(told.stdout.ends_with("a\nb\n"), "{}", told.stdout);
    });
}
