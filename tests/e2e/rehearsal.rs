//! A load on members that run: what it costs its clients, and that it sees when something goes wrong.

use std::process::Command;
use std::time::{Duration, Instant};

use model::config::ZoneConfig;
use model::error::{Exit, Failure};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use operations::event::{Event, Watch};
use rehearsal::{Load, Measurement, Programs, rehearse};
use serde_json::Value;
use store::zone_directory::{CaPassphrase, ZoneDirectory};

use crate::harness::isolation::{isolated, isolated_alone};
use crate::harness::members::{
    etcdctl, loopback_zone, process_lines, start, start_on_loopback, wait_for_quorum,
};
use crate::harness::processes::{Running, processes_named, until};
use crate::harness::{TestZone, bundle, outcome, program, zone_etcd};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

fn open(zone: &TestZone) -> ZoneDirectory {
    ZoneDirectory::open(&zone.path(), CaPassphrase::new(None, None).expect("no passphrase"))
        .expect("the zone")
}

fn stage(watch: &mut impl Watch, name: &'static str) {
    watch.event(Event::Stage { name, what: name.to_owned() });
}

/// Waits until this many more writes are acknowledged than were before, which takes longer than a reconnect.
fn go_on(zone: &TestZone) {
    let revision =
        || {
            let told =
                outcome(
                    etcdctl(zone, "https://127.0.0.1:2379,https://127.0.0.1:2389,https://127.0.0.1:2399")
                        .args(["endpoint", "status", "--write-out", "json"]),
                );
            let status: Value = serde_json::from_str(&told.stdout).unwrap_or_default();
            status.as_array()?.iter().filter_map(|row| row["Status"]["header"]["revision"].as_i64()).max()
        };
    let before = until("a revision", revision);
    until("further writes", || (revision()? > before + 200).then_some(()));
}

fn assert_unharmed(measured: &Measurement) {
    println!("{}", measured.text());
    measured.judge().expect("nothing is lost and nothing failed");
    assert!(measured.writes() > 100, "{}", measured.text());
}

#[test]
fn a_load_follows_new_certificates_without_a_gap() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let _members = start_on_loopback(&zone, &NODES);
        let load = Load::start(&open(&zone)).expect("the load starts");
        let mut watch = load.watch();
        stage(&mut watch, "renew");
        for _ in 0..2 {
            zone.run(&["pki", "renew", "--all"]).expect_code(0);
            go_on(&zone);
        }
        // What the load began with is refused from now on: it is on the list.
        zone.run(&["pki", "revoke", "client/admin"]).expect_code(0);
        stage(&mut watch, "revoked");
        go_on(&zone);
        let measured = load.finish().expect("it is read back");
        assert_unharmed(&measured);
        assert_eq!(
            measured.stages.iter().map(|stage| stage.name).collect::<Vec<_>>(),
            ["before", "renew", "revoked"]
        );
        // A busy machine may be slow to answer; nobody is refused.
        let tries = measured.history.writers.iter().flat_map(|track| &track.failed_tries);
        let refused: Vec<_> = tries.filter(|tried| !tried.why.starts_with("no answer within")).collect();
        assert!(refused.is_empty(), "{refused:?}");
    });
}

#[test]
fn a_load_sees_that_the_leader_is_killed_and_comes_back_to_it() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let mut members = start_on_loopback(&zone, &NODES);
        let status = zone.run(&["status", "--format", "json"]).expect_code(0).stdout;
        let leader = serde_json::from_str::<Value>(&status).expect("JSON")["leader"]
            .as_str()
            .expect("a leader")
            .to_owned();
        let index = NODES.iter().position(|node| *node == leader).expect("a node");
        let load = Load::start(&open(&zone)).expect("the load starts");
        let mut watch = load.watch();
        stage(&mut watch, "kill");
        members[index].signal(Signal::SIGKILL);
        members[index].end();
        let other = format!("https://127.0.0.1:{}", 2379 + 10 * ((index + 1) % 3));
        wait_for_quorum(&etcdctl(&zone, &other));
        stage(&mut watch, "without it");
        go_on(&zone);
        stage(&mut watch, "back");
        members[index] = start(&zone, &leader);
        wait_for_quorum(&etcdctl(&zone, &format!("https://127.0.0.1:{}", 2379 + 10 * index)));
        go_on(&zone);
        // Only with the one that was killed there is a majority now.
        let last = (index + 2) % 3;
        members[last].signal(Signal::SIGKILL);
        members[last].end();
        stage(&mut watch, "needed");
        go_on(&zone);
        let measured = load.finish().expect("it is read back");
        assert_unharmed(&measured);
        let kill = &measured.stages[1];
        let gap = kill.writers[0].longest_gap;
        assert!(gap > Duration::from_millis(50), "an election takes longer than {gap:?}");
        assert!(kill.sum(|figures| figures.failed_tries) > 0, "{}", measured.text());
    });
}

/// A stopped process accepts TCP and gives no TLS reply.
#[test]
fn a_member_that_hangs_costs_one_time_out() {
    isolated(|| {
        let zone = loopback_zone(3, "");
        zone.run(&["init"]).expect_code(0);
        let members = start_on_loopback(&zone, &NODES);
        let status = zone.run(&["status", "--format", "json"]).expect_code(0).stdout;
        let leader = serde_json::from_str::<Value>(&status).expect("JSON")["leader"]
            .as_str()
            .expect("a leader")
            .to_owned();
        let index = NODES.iter().position(|node| *node != leader).expect("a follower");
        let load = Load::start(&open(&zone)).expect("the load starts");
        let mut watch = load.watch();
        stage(&mut watch, "hangs");
        members[index].signal(Signal::SIGSTOP);
        let others: Vec<String> = (0..3)
            .filter(|other| *other != index)
            .map(|other| format!("https://127.0.0.1:{}", 2379 + 10 * other))
            .collect();
        wait_for_quorum(&etcdctl(&zone, &others.join(",")));
        go_on(&zone);
        members[index].signal(Signal::SIGCONT);
        wait_for_quorum(&etcdctl(&zone, &format!("https://127.0.0.1:{}", 2379 + 10 * index)));
        let measured = load.finish().expect("it is read back");
        assert_unharmed(&measured);
        let round_robin = &measured.stages[1].writers[0];
        assert!(round_robin.failed_tries >= 1, "{}", measured.text());
        assert!(round_robin.longest_gap >= Duration::from_millis(100), "{}", measured.text());
    });
}

fn like(text: &str) -> ZoneConfig {
    let text = format!(
        "[zone]\nname = \"example.zone\"\n{text}[[node]]\nname = \"a\"\naddress = \"10.0.0.1\"\n\
         [[node]]\nname = \"b\"\naddress = \"10.0.0.2\"\n[[node]]\nname = \"c\"\naddress = \"10.0.0.3\"\n\
         [[node]]\nname = \"d\"\naddress = \"10.0.0.4\"\nmember = false\n"
    );
    ZoneConfig::parse(&text).expect("a zone").0
}

fn programs() -> Programs {
    Programs { zone_etcd: Some(program()), ..Programs::default() }
}

fn assert_nothing_left() {
    assert_eq!(processes_named("etcd"), Vec::<u32>::new());
    let left: Vec<_> = std::fs::read_dir(std::env::temp_dir())
        .expect("TMPDIR")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_rehearsal_is_held_on_a_zone_like_the_one_that_is_meant() {
    isolated(|| {
        let like = like("[pki]\nkey = \"p384\"\n[etcd]\nversion = \"3.6.16\"\n");
        let measured = rehearse(&like, &programs(), |zone, watch| {
            watch.event(Event::Stage { name: "renew", what: "new certificates".to_owned() });
            let told =
                outcome(zone_etcd(["pki", "renew", "--all", "--zone"]).arg(zone.paths.root())).expect_code(0);
            assert!(told.stdout.contains("node-client") || told.stdout.contains("yes"), "{}", told.stdout);
            let text = outcome(
                std::process::Command::new("openssl")
                    .args(["x509", "-noout", "-text", "-in"])
                    .arg(zone.paths.nodes().join("a/pki/current/server.crt")),
            );
            assert!(text.stdout.contains("secp384r1"), "{}", text.stdout);
            assert_eq!(processes_named("etcd").len(), 3);
            Ok(())
        })
        .expect("the rehearsal is held");
        assert_unharmed(&measured);
        assert_eq!(measured.subject.members, ["a", "b", "c"]);
        assert_eq!((measured.subject.key.as_str(), measured.subject.etcd.as_str()), ("p384", "3.6.16"));
        assert_nothing_left();
    });
}

#[test]
fn long_nothing_is_left_of_a_rehearsal_that_fails() {
    isolated(|| {
        let failure =
            rehearse(&like(""), &programs(), |_, _| Err(Failure::new(Exit::TryAgain, "it went wrong")))
                .expect_err("the operation fails");
        assert_eq!((failure.exit, failure.what.as_str()), (Exit::TryAgain, "it went wrong"));
        assert_nothing_left();
        let failure = rehearse(&like(""), &programs(), |zone, _| {
            let pid = *processes_named("etcd").first().expect("a member");
            nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(pid.try_into().expect("a pid")),
                Signal::SIGKILL,
            )
            .expect("killed");
            until("the end of the zone", || (processes_named("etcd").is_empty()).then_some(()));
            Err(Failure::new(Exit::TryAgain, format!("{} is gone", zone.config.name)))
        })
        .expect_err("a member was killed");
        assert!(failure.what.contains("ended by SIGKILL"), "{failure}");
        assert!(failure.to_string().contains("rehearsal.internal is gone"), "{failure}");
        assert_nothing_left();
    });
}

#[test]
fn nothing_is_left_of_a_rehearsal_that_is_interrupted() {
    isolated(|| {
        let zone = TestZone::init("example.zone", &["a=10.0.0.1", "b=10.0.0.2", "c=10.0.0.3"]);
        let own = zone.around().join("tmp");
        std::fs::create_dir(&own).expect("a directory");
        for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
            let mut command = zone.command(&["pki", "rotate-ca", "--rehearse"]);
            let mut rehearsal = Running::start(command.env("TMPDIR", &own), zone.around(), "rehearsal");
            rehearsal.wait_for_line(&["trust-both: "]);
            assert!(!processes_named("etcd").is_empty());
            rehearsal.signal(signal);
            assert_eq!(rehearsal.end().code(), Some(code), "{}", rehearsal.stderr());
            until("the end of every member", || processes_named("etcd").is_empty().then_some(()));
            assert_eq!(std::fs::read_dir(&own).expect("it is there").count(), 0, "something is left");
        }
    });
}

/// Through the command: the report, the page, and nothing of it in the zone.
#[test]
fn long_a_rotation_is_rehearsed() {
    isolated(|| {
        let zone = TestZone::init("example.zone", &["a=10.0.0.1", "b=10.0.0.2", "c=10.0.0.3"]);
        let page = zone.around().join("page.html");
        let mut command = zone.command(&["pki", "rotate-ca", "--rehearse", "--root", "--format", "json"]);
        let told = outcome(command.arg("--html").arg(&page)).expect_code(0);
        let report: Value = serde_json::from_str(&told.stdout).expect("JSON");
        assert_eq!((&report["lost_writes"], &report["failed_writes"]), (&0.into(), &0.into()), "{report:#}");
        let names: Vec<&str> = report["stages"]
            .as_array()
            .expect("stages")
            .iter()
            .filter_map(|stage| stage["name"].as_str())
            .collect();
        assert_eq!(names, ["before", "trust-both", "new-leaves", "drop-old"]);
        let restarts =
            report["events"].as_array().expect("events").iter().filter(|event| event["event"] == "restarted");
        assert_eq!(restarts.count(), 6);
        assert!(std::fs::read_to_string(&page).expect("the page").contains("<svg"));
        assert!(!zone.file("ca/next").exists() && !zone.file("ca/retired").exists());
        // A page that is there is not written over.
        let mut again = zone.command(&["pki", "rotate-ca", "--rehearse"]);
        outcome(again.arg("--html").arg(&page)).expect_code(65).expect_error_with(&["is there already"]);
    });
}

/// The process of a node's member.
fn member_of(node: &str) -> Option<u32> {
    let name = format!("--name={node}");
    processes_named("etcd").into_iter().find(|pid| process_lines(*pid, "cmdline").contains(&name))
}

/// What is stopped by SIGTERM is started again, as by a service manager.
#[test]
fn a_rehearsal_goes_on_while_members_are_restarted() {
    isolated_alone(|| {
        let measured = rehearse(&like(""), &programs(), |zone, watch| {
            watch
                .event(Event::Stage { name: "restart", what: "each member, one after the other".to_owned() });
            for node in zone.config.members() {
                let name = node.name.short().to_owned();
                let began = Instant::now();
                let pid = until("a member", || member_of(&name));
                watch.event(Event::Restarting { node: name.clone() });
                nix::sys::signal::kill(Pid::from_raw(pid.try_into().expect("a pid")), Signal::SIGTERM)
                    .expect("it is there");
                until("another process", || member_of(&name).filter(|other| *other != pid));
                let health = |command: &mut Command| outcome(command.args(["get", "nothing"])).code == 0;
                until("the member is back", || {
                    health(&mut etcdctl_of(zone, &node.client_url())).then_some(())
                });
                watch.event(Event::Restarted { node: name, took: began.elapsed() });
            }
            Ok(())
        })
        .expect("the rehearsal is held");
        assert_unharmed(&measured);
        assert_eq!(measured.history.events.len(), 7);
        assert!(
            measured.stages[1].writers[1].longest_gap < Duration::from_millis(2500),
            "{}",
            measured.text()
        );
        assert_nothing_left();
    });
}

fn etcdctl_of(zone: &ZoneDirectory, endpoint: &str) -> Command {
    let own = zone.paths.clients().join("admin/current");
    let mut command = Command::new(bundle("3.7.3").join("etcdctl"));
    command.args(["--endpoints", endpoint, "--dial-timeout", "1s", "--command-timeout", "1s", "--cacert"]);
    command
        .arg(own.join("ca.crt"))
        .arg("--cert")
        .arg(own.join("client.crt"))
        .arg("--key")
        .arg(own.join("client.key"));
    command
}
