//! `status` without any member, and what is made of answers.

use std::time::Duration;

use live::{Alarm, AlarmKind, Comparison, DataGroup, Health, MemberFacts, Standing, judge};
use model::plan::EtcdId;

use super::json;
use crate::harness::{TestZone, outcome};
use crate::support::ports;

#[test]
fn arguments_that_are_wrong_exit_64() {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1:22380:22379"]);
    for (arguments, text) in [
        (&["status", "--format", "xml"][..], "text, json, prometheus"),
        (&["status", "--watch", "0"], "0 is not in 1..=86400"),
        (&["status", "--watch", "soon"], "'soon'"),
        (&["status", "--output"], "--output <FILE>"),
        (&["status", "--client", "nobody"], "has no client `nobody`"),
        (&["status", "node1"], "node1"),
    ] {
        zone.run(arguments).expect_code(64).expect_error_with(&[text]);
    }
    let help = outcome(&mut crate::harness::zone_etcd(["status", "--help"])).expect_code(0).stdout;
    for text in ["0 healthy", "not compared", "65 degraded", "69 no quorum"] {
        assert!(help.contains(text), "{help}");
    }
}

#[test]
fn a_zone_whose_members_do_not_run_has_no_quorum() {
    let ports = ports(2);
    let zone = TestZone::init("example.zone", &[&format!("node1=127.0.0.1:{}:{}", ports[0], ports[1])]);
    let shown = zone.run(&["status"]).expect_code(69);
    assert!(
        shown.stdout.starts_with(&format!(
            "example.zone  no quorum  no leader\n  no member answers\n  node1 is down: nothing listens at \
             127.0.0.1:{}\n",
            ports[1]
        )),
        "{}",
        shown.stdout
    );
    let report = json(&zone.run(&["status", "--format", "json"]).expect_code(69).stdout);
    assert_eq!(report["health"], "lost_quorum");
    assert!(report["cluster_id"].is_null() && report["members"][0]["version"].is_null());
}

#[test]
fn a_file_that_cannot_be_written_exits_73() {
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1:22380:22379"]);
    let file = zone.around().join("no/such/zone.prom");
    let file = file.to_str().expect("UTF-8");
    let shown = zone.run(&["status", "--format", "prometheus", "--output", file]);
    shown.expect_code(73).expect_error_with(&["cannot write ", "zone.prom"]);
}

fn member(name: &str, standing: Standing) -> MemberFacts {
    let name = name.to_owned();
    MemberFacts {
        name,
        standing,
        unstarted: false,
        down: None,
        quorum_read: Some(Ok(())),
        faults: Vec::new(),
    }
}

fn down(name: &str) -> MemberFacts {
    MemberFacts { down: Some("it is off".to_owned()), quorum_read: None, ..member(name, Standing::Voter) }
}

fn without_quorum(name: &str) -> MemberFacts {
    MemberFacts { quorum_read: Some(Err("no answer in time".to_owned())), ..member(name, Standing::Voter) }
}

/// Members; the verdict; voters, and those of them that answer through the quorum; the reasons.
type Verdict = (Vec<MemberFacts>, Health, (usize, usize), &'static [&'static str]);

#[test]
fn every_verdict_has_its_reasons() {
    let voter = |name| member(name, Standing::Voter);
    let learner = MemberFacts { quorum_read: None, ..member("l", Standing::Learner) };
    let unstarted = MemberFacts { unstarted: true, ..down("b") };
    let absent = MemberFacts { standing: Standing::Absent, ..down("c") };
    let faulty = MemberFacts { faults: vec!["serves a bad certificate".to_owned()], ..voter("b") };
    let table: Vec<Verdict> = vec![
        (vec![voter("a"), voter("b"), voter("c")], Health::Healthy, (3, 3), &[]),
        (vec![voter("a"), learner.clone()], Health::Healthy, (1, 1), &[]),
        (vec![voter("a"), voter("b"), down("c")], Health::Degraded, (3, 2), &["c is down: it is off"]),
        (
            vec![voter("a"), voter("b"), without_quorum("c")],
            Health::Degraded,
            (3, 2),
            &["c does not reach the quorum: no answer in time"],
        ),
        (vec![voter("a"), unstarted], Health::Degraded, (2, 1), &["b was added, and never started"]),
        (
            vec![voter("a"), voter("b"), absent],
            Health::Degraded,
            (2, 2),
            &["c is in zone.toml, and no member of the cluster"],
        ),
        (vec![voter("a"), faulty], Health::Degraded, (2, 2), &["b serves a bad certificate"]),
        (
            vec![without_quorum("a"), down("b"), down("c")],
            Health::LostQuorum,
            (3, 0),
            &[
                "1 of 3 voters answer, 2 are needed",
                "a does not reach the quorum: no answer in time",
                "b is down: it is off",
                "c is down: it is off",
            ],
        ),
        (
            vec![without_quorum("a"), without_quorum("b")],
            Health::LostQuorum,
            (2, 0),
            &[
                "2 of 2 voters answer, but none of them through the quorum",
                "a does not reach the quorum: no answer in time",
                "b does not reach the quorum: no answer in time",
            ],
        ),
        (vec![down("a")], Health::LostQuorum, (1, 0), &["no member answers", "a is down: it is off"]),
        // A learner that answers is no quorum.
        (
            vec![down("a"), learner],
            Health::LostQuorum,
            (1, 0),
            &["no member answers", "a is down: it is off"],
        ),
        (vec![], Health::LostQuorum, (0, 0), &["no member answers"]),
    ];
    for (members, health, voters, reasons) in table {
        let verdict = judge(&members, &[], &Comparison::OneVoter);
        assert_eq!(verdict.health, health, "{members:?}");
        assert_eq!((verdict.voters, verdict.healthy_voters), voters, "{members:?}");
        assert_eq!(verdict.reasons, reasons, "{members:?}");
    }
    let alarms = [AlarmKind::NoSpace, AlarmKind::Corrupt].map(|kind| Alarm { member: EtcdId(1), kind });
    let verdict = judge(&[member("a", Standing::Voter)], &alarms, &Comparison::OneVoter);
    assert_eq!(verdict.health, Health::Degraded);
    assert!(verdict.reasons[0].contains("CORRUPT") && verdict.reasons[1].contains("NOSPACE"));
}

/// No zone is healthy whose data was not compared, and data that differs is told before all else.
#[test]
fn the_data_decides_before_all_else() {
    let voters = ["a", "b", "c"].map(|name| member(name, Standing::Voter));
    let group = |members: &[&str], hash| DataGroup {
        members: members.iter().map(|&name| name.to_owned()).collect(),
        revision: 7,
        compact_revision: 3,
        hash,
    };
    let same = Comparison::Same(group(&["a", "b", "c"], 1));
    assert_eq!(judge(&voters, &[], &same).health, Health::Healthy);

    let unknown = Comparison::NotCompared(vec!["b: no answer in time".to_owned()]);
    let verdict = judge(&voters, &[], &unknown);
    assert_eq!(verdict.health, Health::NotCompared);
    assert_eq!(verdict.reasons, ["the data was not compared: b: no answer in time"]);
    let verdict = judge(&[member("a", Standing::Voter), down("b")], &[], &unknown);
    assert_eq!(verdict.health, Health::Degraded);
    assert_eq!(verdict.reasons, ["b is down: it is off", "the data was not compared: b: no answer in time"]);
    let verdict = judge(&[down("b")], &[], &unknown);
    assert_eq!((verdict.health, verdict.reasons.len()), (Health::LostQuorum, 2));

    let different = Comparison::Different(vec![group(&["a", "b"], 1), group(&["c"], 2)]);
    let alarm = Alarm { member: EtcdId(1), kind: AlarmKind::Corrupt };
    let verdict = judge(&voters, &[alarm], &different);
    assert_eq!(verdict.health, Health::Degraded);
    assert_eq!(
        verdict.reasons[0],
        "data has diverged: a, b (hash 1 at revision 7); c (hash 2 at revision 7)"
    );
}

#[test]
fn alarms_are_read_however_they_are_spaced() {
    let read = |text| Alarm::parse(text).map(|alarm| (alarm.member.0, alarm.kind));
    let space = Some((10_501_334_649_042_878_790, AlarmKind::NoSpace));
    for text in [
        "memberID:10501334649042878790 alarm:NOSPACE ",
        "memberID:10501334649042878790  alarm:NOSPACE",
        "memberID: 10501334649042878790 alarm: NOSPACE",
    ] {
        assert_eq!(read(text), space, "{text:?}");
    }
    assert_eq!(read("memberID:1 alarm:CORRUPT "), Some((1, AlarmKind::Corrupt)));
    for text in
        ["", "etcdserver: no leader", "alarm:NOSPACE", "memberID:x alarm:NOSPACE", "memberID:1 alarm:OTHER"]
    {
        assert_eq!(read(text), None, "{text:?}");
    }
}

/// A server that accepts TCP and gives no TLS reply holds up the answer for two seconds at most.
#[test]
fn silence_is_not_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let zone = TestZone::init("example.zone", &[&format!("node1=127.0.0.1:22380:{port}")]);
    let started = std::time::Instant::now();
    let shown = zone.run(&["status"]).expect_code(69);
    assert!(started.elapsed() < Duration::from_millis(2900), "{:?}", started.elapsed());
    assert!(shown.stdout.contains("node1 is down: it accepts TCP, no TLS reply"), "{}", shown.stdout);
}
