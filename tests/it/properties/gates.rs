//! When a member may be restarted, and which is next.

use etcd::tls::{DialError, Stage};
use live::{Alarm, AlarmKind, PlaneView, Standing};
use model::plan::{EtcdId, Plane};
use operations::restart::{
    Closed, GateAnswer, GateCluster, GateMember, LAG_LIMIT, Meanwhile, gates, next_to_restart,
};

fn member(number: u64) -> GateMember {
    GateMember {
        name: format!("node{number}"),
        id: EtcdId(number),
        standing: Standing::Voter,
        unstarted: false,
        answer: answering(Some(Ok(())), 0),
    }
}

fn cluster(voters: u64) -> GateCluster {
    GateCluster {
        members: (1..=voters).map(member).collect(),
        is_confirmed: true,
        leader: Some(EtcdId(1)),
        alarms: Vec::new(),
    }
}

/// Changes a healthy cluster of three.
fn changed(change: impl FnOnce(&mut GateCluster)) -> GateCluster {
    let mut cluster = cluster(3);
    change(&mut cluster);
    cluster
}

/// Answers well, by connections that it has.
fn unconnectable(member: &mut GateMember) {
    let peer_fault = Some("expired".to_owned());
    member.answer = Ok(GateAnswer { quorum_read: Some(Ok(())), lag: 0, peer_fault });
}

fn answering(quorum_read: Option<Result<(), String>>, lag: u64) -> Result<GateAnswer, String> {
    Ok(GateAnswer { quorum_read, lag, peer_fault: None })
}

#[test]
fn the_others_carry_the_cluster_from_three_members_on() {
    for (voters, meanwhile) in [
        (1, Meanwhile::TakesNone),
        (2, Meanwhile::TakesNone),
        (3, Meanwhile::TakesRequests),
        (4, Meanwhile::TakesRequests),
        (5, Meanwhile::TakesRequests),
        (9, Meanwhile::TakesRequests),
    ] {
        for restarted in 1..=voters {
            assert_eq!(gates(&cluster(voters), Some(EtcdId(restarted))), Ok(meanwhile), "{voters} voters");
        }
    }
}

#[test]
fn every_gate() {
    let node2 = || "node2".to_owned();
    let down = || Closed::Down { member: node2(), why: "refused".to_owned() };
    let table: [(&str, GateCluster, Vec<Closed>); 16] = [
        ("nothing is wrong", cluster(3), vec![]),
        ("nobody answers", GateCluster { members: Vec::new(), ..cluster(3) }, vec![Closed::NobodyAnswers]),
        ("no leader", GateCluster { leader: None, ..cluster(3) }, vec![Closed::NoQuorum]),
        (
            "a list of one member's own",
            GateCluster { is_confirmed: false, ..cluster(3) },
            vec![Closed::NoQuorum],
        ),
        (
            "an alarm",
            changed(|cluster| {
                cluster.alarms.push(Alarm { member: EtcdId(2), kind: AlarmKind::NoSpace });
            }),
            vec![Closed::Alarm { member: node2(), kind: AlarmKind::NoSpace }],
        ),
        (
            "an alarm of the member itself",
            changed(|cluster| {
                cluster.alarms.push(Alarm { member: EtcdId(3), kind: AlarmKind::Corrupt });
            }),
            vec![Closed::Alarm { member: "node3".to_owned(), kind: AlarmKind::Corrupt }],
        ),
        ("down", changed(|cluster| cluster.members[1].answer = Err("refused".to_owned())), vec![down()]),
        (
            "cut off",
            changed(|cluster| cluster.members[1].answer = answering(Some(Err("no leader".to_owned())), 0)),
            vec![Closed::CutOff { member: node2(), why: "no leader".to_owned() }],
        ),
        (
            "added and not started",
            changed(|cluster| {
                cluster.members[1].unstarted = true;
                cluster.members[1].answer = Err("refused".to_owned());
            }),
            vec![Closed::Unstarted { member: node2(), id: EtcdId(2) }],
        ),
        (
            "a learner",
            changed(|cluster| {
                cluster.members[1].standing = Standing::Learner;
                cluster.members[1].answer = answering(None, 0);
            }),
            vec![Closed::Learner { member: node2(), id: EtcdId(2) }],
        ),
        (
            "as far behind as a busy member is",
            changed(|cluster| cluster.members[1].answer = answering(Some(Ok(())), LAG_LIMIT)),
            vec![],
        ),
        (
            "behind",
            changed(|cluster| cluster.members[1].answer = answering(Some(Ok(())), LAG_LIMIT + 1)),
            vec![Closed::Behind { member: node2(), lag: LAG_LIMIT + 1 }],
        ),
        (
            "no other could connect to it",
            changed(|cluster| unconnectable(&mut cluster.members[1])),
            vec![Closed::Unconnectable { member: node2(), why: "expired".to_owned() }],
        ),
        (
            "no other could connect to the member itself, which a restart does not make worse",
            changed(|cluster| unconnectable(&mut cluster.members[2])),
            vec![],
        ),
        (
            "the member itself is in a bad state, which a restart may fix",
            changed(|cluster| cluster.members[2].answer = Err("refused".to_owned())),
            vec![],
        ),
        (
            "several, the worst first",
            changed(|cluster| {
                cluster.members[0].answer = answering(Some(Ok(())), 9999);
                cluster.members[1].answer = Err("refused".to_owned());
                cluster.alarms.push(Alarm { member: EtcdId(1), kind: AlarmKind::NoSpace });
            }),
            vec![
                Closed::Alarm { member: "node1".to_owned(), kind: AlarmKind::NoSpace },
                down(),
                Closed::Behind { member: "node1".to_owned(), lag: 9999 },
            ],
        ),
    ];
    for (what, cluster, closed) in table {
        let expected = if closed.is_empty() { Ok(Meanwhile::TakesRequests) } else { Err(closed) };
        assert_eq!(gates(&cluster, Some(EtcdId(3))), expected, "{what}");
    }
}

#[test]
fn a_member_that_is_not_listed_is_not_restarted() {
    assert_eq!(gates(&cluster(3), Some(EtcdId(4))), Err(vec![Closed::NotAMember]));
}

/// After the last restart nobody is excepted.
#[test]
fn without_a_member_all_have_to_be_well() {
    assert_eq!(gates(&cluster(3), None), Ok(Meanwhile::TakesRequests));
    let bad = changed(|cluster| cluster.members[2].answer = Err("refused".to_owned()));
    let why = "refused".to_owned();
    assert_eq!(gates(&bad, None), Err(vec![Closed::Down { member: "node3".to_owned(), why }]));
}

/// Whatever combination of members is in whatever state: if a restart is allowed, those that stay and answer,
/// and to which it connects again, are a majority of all voters, unless there are only one or two.
#[test]
fn an_open_gate_never_costs_the_quorum() {
    let states: [&dyn Fn(&mut GateMember); 6] = [
        &|_| {},
        &|member| member.answer = Err("refused".to_owned()),
        &|member| member.answer = answering(Some(Err("no leader".to_owned())), 0),
        &|member| member.unstarted = true,
        &|member| (member.standing, member.answer) = (Standing::Learner, answering(None, 0)),
        &unconnectable,
    ];
    let mut opened = 0;
    for voters in 1..=5_u32 {
        for combination in 0..6_usize.pow(voters) {
            let mut cluster = cluster(u64::from(voters));
            for (place, member) in cluster.members.iter_mut().enumerate() {
                states[combination / 6_usize.pow(u32::try_from(place).expect("a place")) % 6](member);
            }
            for restarted in 1..=u64::from(voters) {
                let Ok(meanwhile) = gates(&cluster, Some(EtcdId(restarted))) else { continue };
                opened += 1;
                let votes = |member: &&GateMember| member.standing == Standing::Voter;
                let all = cluster.members.iter().filter(votes).count();
                let takes = |member: &&GateMember| {
                    member.id != EtcdId(restarted)
                        && member.answer.as_ref().is_ok_and(|answer| {
                            answer.quorum_read == Some(Ok(())) && answer.peer_fault.is_none()
                        })
                };
                let left = cluster.members.iter().filter(votes).filter(takes).count();
                assert_eq!(left > all / 2, meanwhile == Meanwhile::TakesRequests, "{cluster:?}");
                assert!(meanwhile == Meanwhile::TakesRequests || all <= 2, "{cluster:?}");
            }
        }
    }
    assert!(opened > 50, "{opened}");
}

#[test]
fn followers_come_first() {
    let all = ["node1", "node2", "node3"];
    let is = |name: &'static str| move |node: &str| node == name;
    assert_eq!(next_to_restart(&all, is("node2")), 0);
    assert_eq!(next_to_restart(&all, is("node1")), 1);
    assert_eq!(next_to_restart(&all[1..2], is("node2")), 0, "the leader, once nobody else is left");
    assert_eq!(next_to_restart(&all, is("nobody")), 0);
}

/// From elsewhere a port may be behind a firewall or a balancer: only what the member itself said counts.
#[test]
fn what_closes_or_says_nothing_is_no_answer_of_the_member() {
    let view = |failure| PlaneView {
        plane: Plane::Peer,
        url: "https://10.0.0.2:2380".to_owned(),
        failure: Some(failure),
        chain: Vec::new(),
        untrusted: None,
        is_other_planes: false,
        accepts: None,
        trust: None,
        round_trip: None,
        local: None,
        behind: None,
    };
    for stage in [Stage::Connect, Stage::Handshake, Stage::Reply] {
        assert!(!view(DialError::Closed(stage)).is_answered());
        assert!(!view(DialError::TimedOut(stage)).is_answered());
    }
    assert!(!view(DialError::NotHttp).is_answered());
    let untrusted = PlaneView { untrusted: Some("expired".to_owned()), ..view(DialError::NotHttp) };
    assert!(untrusted.is_answered());
}
