//! Members that join a cluster that runs, or go on in it.

use super::*;

/// Joining takes the word of a majority of the other voters, and an id that this member never voted under.
#[test]
fn every_row_of_a_member_that_may_join() {
    let us = OURS.cluster;
    let expected = |listed| serves(us, listed);
    for phase in [None, past(Phase::Ran), past(Phase::Committed)] {
        for listed in [Listed::Unstarted(ADDED), Listed::Learner(ADDED)] {
            let own = Observation { right: RightToBootstrap::Withheld, ..observed(disk(Empty, phase, None)) };
            assert_eq!(
                decide(&own, &peers([expected(listed), expected(listed)])),
                join(listed),
                "{phase:?} {listed:?}"
            );
            for one in [absent(), expected(Listed::Not), expected(Listed::Unstarted(OURS.member))] {
                let waits = decide(&own, &peers([expected(listed), one]));
                assert!(matches!(waits, Ok(Step::Wait(WaitsTo::Join, _))), "{waits:?}");
            }
            let ran = decide(&own, &peers([expected(listed), expected(Listed::HasRun(ADDED))]));
            assert!(matches!(ran, Err(Refusal::DataLost { .. })), "{ran:?}");
        }
    }
    // Under this id it may have voted; a learner that left files without a log has not.
    let added = Ids { member: ADDED, cluster: us };
    let to_join = |phase| Some(Past { ids: added, phase, joins: true });
    let all = |listed| peers([expected(listed), expected(listed)]);
    let lost = observed(disk(Empty, to_join(Phase::Ran), None));
    assert_eq!(decide(&lost, &all(Listed::Learner(ADDED))), Err(Refusal::ForgottenVotes { past: added }));
    let again = observed(disk(Empty, to_join(Phase::Attempted(R)), Some(R)));
    assert_eq!(decide(&again, &all(Listed::Unstarted(ADDED))), join(Listed::Unstarted(ADDED)));
    assert_eq!(decide(&again, &peers([absent(), absent()])), Err(Refusal::NobodyToJoin { past: added }));
    let failed = observed(disk(WithoutLog, to_join(Phase::Attempted(R)), Some(R)));
    assert_eq!(decide(&failed, &all(Listed::Learner(ADDED))), Err(Refusal::JoinInterrupted { past: added }));
    let aside = Observation { said: SaidOfData { set_aside: true, ..SaidOfData::default() }, ..failed };
    assert_eq!(decide(&aside, &all(Listed::Learner(ADDED))), join(Listed::Learner(ADDED)));
    assert_eq!(decide(&aside, &all(Listed::Unstarted(ADDED))), Err(Refusal::ForgottenVotes { past: added }));
}

/// A member with data goes on, whatever most of the others answer.
#[test]
fn every_row_of_a_member_with_a_log() {
    let (us, them) = (OURS.cluster, OTHER.cluster);
    let removed = |replaced_by| Err(Refusal::Removed { ids: OURS, replaced_by });
    let removed_us = |listed| (serves_with(us, listed, true), None);
    let table = [
        (false, [absent(), absent()], resume(OURS)),
        (false, [launches(LauncherShows::Nothing), launches(LauncherShows::Lost)], resume(OURS)),
        (false, [serves(us, Listed::HasRun(OURS.member)), absent()], resume(OURS)),
        (false, [serves(us, Listed::Not), absent()], resume(OURS)),
        (false, [removed_us(Listed::Not), absent()], removed(None)),
        (false, [removed_us(Listed::Unstarted(ADDED)), absent()], removed(Some(ADDED))),
        (false, [removed_us(Listed::Not), serves(us, Listed::HasRun(OURS.member))], resume(OURS)),
        (true, [absent(), absent()], removed(None)),
        (true, [serves(us, Listed::HasRun(OURS.member)), absent()], resume(OURS)),
        (false, [serves(them, Listed::Not), absent()], resume(OURS)),
        (
            false,
            [serves(them, Listed::Not), serves(them, Listed::Not)],
            Err(Refusal::OthersRunAnotherCluster { ids: OURS, answered: them }),
        ),
    ];
    for (removed, found, expected) in table {
        let found = peers(found);
        let own = Observation { removed, ..observed(disk(Log(OURS), past(Phase::Ran), None)) };
        assert_eq!(decide(&own, &found), expected, "{found:?}");
    }
}

/// Its cluster was bootstrapped a second time without it, if those that are a quorum without it have never
/// seen it.
#[test]
fn a_member_that_took_part_is_known_to_most() {
    let own = Observation { has_taken_part: true, ..observed(disk(Log(OURS), past(Phase::Ran), None)) };
    let unknown = || serves(OURS.cluster, Listed::Unstarted(OURS.member));
    let never = Err(Refusal::NeverRanThere { ids: OURS });
    assert_eq!(decide(&own, &peers([unknown(), unknown()])), never);
    assert_eq!(decide(&own, &peers([unknown(), absent()])), resume(OURS), "one may be behind");
    assert_eq!(
        decide(&own, &peers([unknown(), serves(OURS.cluster, Listed::HasRun(OURS.member))])),
        resume(OURS)
    );
    assert_eq!(
        decide(&own, &peers([unknown(), launches(LauncherShows::Log)])),
        resume(OURS),
        "a start follows nothing"
    );
    let new = Observation { has_taken_part: false, ..own };
    assert_eq!(decide(&new, &peers([unknown(), unknown()])), resume(OURS));
}

#[test]
fn joins_only_a_cluster_that_its_version_can_work_with() {
    let alike =
        [(7, 7, true), (6, 7, true), (5, 7, false), (7, 6, false), (5, 6, true), (6, 5, false), (5, 5, true)];
    let alike = alike.map(|(cluster, ours, joins)| ([cluster, cluster], ours, joins));
    // A member that has just started says 3.0, as all do until the cluster was whole once.
    let started = [([0, 0], 5, true), ([0, 7], 5, false), ([7, 0], 5, false), ([0, 7], 7, true)];
    for (said, ours, joins) in alike.into_iter().chain(started) {
        let cluster = said[0].max(said[1]);
        let found = |minor| {
            let cluster_minor = Some(minor);
            let cluster = LiveCluster { id: OURS.cluster, members: list(Listed::Unstarted(ADDED)) };
            (PeerState::Serves { cluster, removed: false, cluster_minor }, None)
        };
        let version = EtcdVersion { major: 3, minor: ours, patch: 40 };
        let own = Observation { etcd_version: version, ..observed(disk(Empty, None, None)) };
        let decided = decide(&own, &peers(said.map(found)));
        match decided {
            Ok(Step::Start(StartDecision::Join(_))) => assert!(joins, "{cluster} {ours}"),
            Err(Refusal::Version { minor, .. }) => assert!(!joins && minor == cluster, "{cluster} {ours}"),
            other => panic!("{cluster} {ours}: {other:?}"),
        }
    }
}
