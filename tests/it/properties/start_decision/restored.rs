//! In a zone that was restored nothing begins without its data: a member of the restored cluster that did
//! would serve an empty key space in it, and no other would notice.

use super::*;

const PHASES: [Option<Phase>; 5] =
    [None, Some(Phase::Committed), Some(Phase::Attempted(R)), Some(Phase::Ran), Some(Phase::Unknown)];

/// A node in a zone that was restored as the cluster that its description gives. Everything that an operator
/// can say is said.
fn restored(disk: DiskState, predicted: Ids) -> Observation {
    let words = FoundingWords {
        without: vec!["node2".to_owned(), "node3".to_owned()],
        never_ran: true,
        ..FoundingWords::default()
    };
    Observation { restored: Some(OURS.cluster), words, predicted, ..observed(disk) }
}

#[test]
fn no_member_begins_without_the_data() {
    let us = OURS.cluster;
    let own = Listed::Unstarted(OURS.member);
    let others = [
        [absent(), absent()],
        [launches(LauncherShows::Nothing), launches(LauncherShows::Nothing)],
        [launches(LauncherShows::Committed), launches(LauncherShows::Attempted)],
        [launches(LauncherShows::Log), lists_nobody()],
        [serves(us, own), serves(us, own)],
        [serves(us, own), absent()],
        [serves(us, Listed::Not), serves(us, Listed::Not)],
        [serves(us, Listed::HasRun(OURS.member)), absent()],
        [serves(OTHER.cluster, Listed::Unstarted(OTHER.member)), absent()],
    ];
    // What the description gives may have changed since.
    let later = Ids { cluster: EtcdId(99), ..OURS };
    for phase in PHASES {
        for ids in [OURS, OTHER] {
            let past = phase.map(|phase| Past { ids, phase, joins: false });
            for (number, found) in others.iter().enumerate() {
                for predicted in [OURS, later] {
                    // A commit to this very cluster cannot have been made: its token is new.
                    if ids == OURS && matches!(phase, Some(Phase::Committed | Phase::Attempted(_))) {
                        continue;
                    }
                    let own = restored(disk(Empty, past, Some(R)), predicted);
                    let decided = decide(&own, &peers(found.clone()));
                    let is_refused = decided.is_err();
                    assert!(is_refused, "{past:?}, others {number}, {predicted:?}: {decided:?}");
                }
            }
        }
    }
    let empty = restored(disk(Empty, None, None), OURS);
    for found in &others[..7] {
        let decided = decide(&empty, &peers(found.clone()));
        assert!(
            matches!(decided, Err(Refusal::NotRestored { .. } | Refusal::NotListed { .. })),
            "{decided:?}"
        );
    }
}

#[test]
fn what_is_from_before_does_not_go_on() {
    let before = Log(OTHER);
    for phase in PHASES {
        let past = phase.map(|phase| Past { ids: OTHER, phase, joins: false });
        let own = restored(disk(before, past, None), OURS);
        let refusal = Refusal::BeforeRestore { found: OTHER, restored: OURS.cluster };
        assert_eq!(decide(&own, &peers([absent(), absent()])), Err(refusal));
    }
    // The restored data goes on, also while the others are those of before.
    let own = restored(disk(Log(OURS), past(Phase::Ran), None), OURS);
    let old = || serves(OTHER.cluster, Listed::HasRun(OTHER.member));
    assert_eq!(decide(&own, &peers([old(), old()])), Ok(Step::Start(StartDecision::Resume(OURS))));
}

#[test]
fn a_member_that_was_added_joins() {
    let listed = Listed::Learner(ADDED);
    for past in [None, Some(Past { ids: OTHER, phase: Phase::Ran, joins: false })] {
        let own = restored(disk(Empty, past, None), OURS);
        let all = [serves(OURS.cluster, listed), serves(OURS.cluster, listed)];
        assert_eq!(decide(&own, &peers(all)), join(listed));
    }
}
