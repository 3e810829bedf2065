//! Members that found their cluster, or wait to.

use super::*;

/// A member with nothing: it commits when all others are there and may found too, and never beside a cluster.
#[test]
fn every_row_of_a_member_that_shows_nothing() {
    use LauncherShows::{Attempted, Committed, Log, Lost, Nothing};
    let nothing = observed(disk(Empty, None, None));
    let gone = || AwaitedFor::Presence("its start ended, or became etcd".to_owned());
    let founded =
        |lost: Option<&str>| Err(Refusal::FoundedBefore { ids: OURS, lost: lost.map(str::to_owned) });
    let us = OURS.cluster;
    let withheld = || (PeerState::Launches, Some(LauncherSays { may_found: false, ..says(Nothing) }));
    let described = || (PeerState::Launches, Some(LauncherSays { predicted: OTHER, ..says(Nothing) }));
    let table = [
        ([launches(Nothing), launches(Nothing)], COMMIT),
        ([launches(Committed), launches(Attempted)], COMMIT),
        // What was heard earlier is not enough.
        ([launches(Nothing), said(Nothing)], waits(&[("node3", gone())])),
        ([launches(Nothing), said(Committed)], waits(&[("node3", gone())])),
        (
            [launches(Nothing), absent()],
            waits(&[("node3", AwaitedFor::Presence("nothing listens".to_owned()))]),
        ),
        ([launches(Nothing), (PeerState::Closes, None)], waits(&[("node3", AwaitedFor::NewerProgram)])),
        ([launches(Nothing), (PeerState::Starts, None)], waits(&[("node3", AwaitedFor::Reply)])),
        ([launches(Nothing), (PeerState::NotHeard, None)], waits(&[("node3", AwaitedFor::Answer)])),
        (
            [launches(Nothing), (PeerState::Unusable("refused".to_owned()), None)],
            waits(&[("node3", AwaitedFor::Repair("refused".to_owned()))]),
        ),
        ([launches(Nothing), withheld()], waits(&[("node3", AwaitedFor::Right)])),
        ([launches(Nothing), described()], waits(&[("node3", AwaitedFor::SameDescription(OTHER.cluster))])),
        ([launches(Nothing), launches(Lost)], founded(Some("node3"))),
        ([launches(Nothing), said(Lost)], founded(Some("node3"))),
        ([launches(Nothing), launches(Log)], founded(None)),
        ([launches(Nothing), lists_nobody()], founded(None)),
        ([absent(), serves(us, Listed::Unstarted(OURS.member))], founded(None)),
        ([absent(), serves(us, Listed::HasRun(OURS.member))], Err(Refusal::DataLost { ids: OURS })),
        ([absent(), serves(us, Listed::Not)], Err(Refusal::NotListed { cluster: us })),
        (
            [absent(), serves(OTHER.cluster, Listed::Not)],
            Err(Refusal::OtherClusterAnswers {
                answered: OTHER.cluster,
                predicted: OURS,
                never_ran: Vec::new(),
            }),
        ),
        (
            [serves(us, Listed::Not), serves(OTHER.cluster, Listed::Not)],
            Err(Refusal::TwoClusters {
                one: ("node2".to_owned(), us),
                other: ("node3".to_owned(), OTHER.cluster),
            }),
        ),
    ];
    for (found, expected) in table {
        let found = peers(found);
        assert_eq!(decide(&nothing, &found), expected, "{found:?}");
        // A commit to another cluster is none.
        let elsewhere = Past { ids: OTHER, phase: Phase::Committed, joins: false };
        assert_eq!(decide(&observed(disk(Empty, Some(elsewhere), None)), &found), expected, "{found:?}");
    }
    for right in [RightToBootstrap::Withheld, RightToBootstrap::Lapsed(OffsetDateTime::UNIX_EPOCH)] {
        let refused =
            decide(&Observation { right, ..nothing.clone() }, &peers([launches(Nothing), launches(Nothing)]));
        assert!(matches!(refused, Err(Refusal::NoRightToBootstrap { .. })), "{refused:?}");
    }
    assert_eq!(
        decide(
            &Observation { founded: Some(OTHER.cluster), ..nothing.clone() },
            &peers([absent(), absent()])
        ),
        Err(Refusal::SecondCluster { founded: OTHER.cluster, predicted: OURS })
    );
    assert_eq!(
        decide(&Observation { alone: true, ..nothing }, &[]),
        COMMIT,
        "the only member waits for nobody"
    );
}

/// A committed member goes on when all others are committed, or one went on, which had heard that.
#[test]
fn every_row_of_a_committed_member() {
    use LauncherShows::{Attempted, Committed, Log, Nothing};
    let us = OURS.cluster;
    let table = [
        ([launches(Committed), launches(Committed)], BOOTSTRAP),
        ([said(Committed), launches(Committed)], BOOTSTRAP),
        ([launches(Committed), launches(Nothing)], waits(&[("node3", AwaitedFor::Commit)])),
        ([absent(), said(Attempted)], BOOTSTRAP),
        ([absent(), launches(Log)], BOOTSTRAP),
        // Its first entries are not applied yet.
        ([absent(), lists_nobody()], BOOTSTRAP),
        ([absent(), serves(us, Listed::Unstarted(OURS.member))], BOOTSTRAP),
        ([absent(), serves(us, Listed::HasRun(OURS.member))], Err(Refusal::DataLost { ids: OURS })),
        ([absent(), serves(us, Listed::Not)], Err(Refusal::NotListed { cluster: us })),
        ([launches(LauncherShows::Lost), launches(Committed)], waits(&[("node2", AwaitedFor::Data)])),
    ];
    for (found, expected) in table {
        let found = peers(found);
        for (phase, nonce) in [(Phase::Committed, None), (Phase::Attempted(R), Some(R))] {
            // It needs no right any more.
            let own = Observation {
                right: RightToBootstrap::Withheld,
                ..observed(disk(Empty, past(phase), nonce))
            };
            assert_eq!(decide(&own, &found), expected, "{phase:?} {found:?}");
        }
    }
}

#[test]
fn the_words_of_the_operator_count_with_a_majority() {
    use LauncherShows::{Committed, Nothing};
    let without = |nodes: &[&str]| FoundingWords {
        without: nodes.iter().map(|node| (*node).to_owned()).collect(),
        never_ran: false,
        is_first_registration: false,
    };
    let own = |phase: Option<Past>, words| Observation { words, ..observed(disk(Empty, phase, None)) };
    let found = || peers([launches(Nothing), absent()]);
    assert_eq!(decide(&own(None, without(&["node3"])), &found()), COMMIT);
    let committed = peers([launches(Committed), absent()]);
    assert_eq!(decide(&own(past(Phase::Committed), without(&["node3"])), &committed), BOOTSTRAP);
    // Who says that it has run is believed before the operator.
    for lost in [launches(LauncherShows::Lost), said(LauncherShows::Lost)] {
        let found = peers([launches(Committed), lost]);
        let waits = decide(&own(past(Phase::Committed), without(&["node3"])), &found);
        assert!(matches!(waits, Ok(Step::Wait(..))), "{waits:?}");
        let refused = decide(&own(None, without(&["node3"])), &found);
        assert!(matches!(refused, Err(Refusal::FoundedBefore { .. })), "{refused:?}");
    }
    // One of three is none.
    assert!(matches!(decide(&own(None, without(&["node2", "node3"])), &found()), Ok(Step::Wait(..))));
    // What has registered for the first time needs nobody else, and counts as little as a word where one
    // says that it has run.
    let first = FoundingWords { is_first_registration: true, ..FoundingWords::default() };
    let has_run = || serves(OURS.cluster, Listed::HasRun(OURS.member));
    let unstarted = || serves(OURS.cluster, Listed::Unstarted(OURS.member));
    assert_eq!(decide(&own(None, first.clone()), &peers([unstarted(), absent()])), COMMIT);
    let denied = decide(&own(None, first.clone()), &peers([unstarted(), has_run()]));
    assert_eq!(denied, Err(Refusal::DataLost { ids: OURS }));
    let lost = decide(&own(past(Phase::Ran), first.clone()), &peers([unstarted(), unstarted()]));
    assert_eq!(lost, Err(Refusal::ForgottenVotes { past: OURS }));
    // Where no cluster is there yet, it founds one with the others, or not at all.
    let alone = decide(&own(None, first), &peers([launches(Nothing), absent()]));
    assert!(matches!(alone, Ok(Step::Wait(WaitsTo::Found, _))), "{alone:?}");
    // That it never ran has to be said by most, and by nobody denied.
    let word = FoundingWords { never_ran: true, ..FoundingWords::default() };
    assert_eq!(decide(&own(None, word.clone()), &peers([unstarted(), unstarted()])), COMMIT);
    let waits = decide(&own(None, word.clone()), &peers([unstarted(), absent()]));
    assert!(matches!(waits, Ok(Step::Wait(WaitsTo::BelieveTheOperator, _))), "{waits:?}");
    let denied = decide(
        &own(None, word.clone()),
        &peers([unstarted(), serves(OURS.cluster, Listed::HasRun(OURS.member))]),
    );
    assert_eq!(denied, Err(Refusal::DataLost { ids: OURS }));
    let lost = decide(&own(past(Phase::Ran), word), &peers([unstarted(), unstarted()]));
    assert_eq!(lost, Err(Refusal::ForgottenVotes { past: OURS }));
}

/// A bundle that is kept for years does not make a rebuilt machine a founder.
#[test]
fn the_right_of_a_bundle_lapses() {
    let issued = OffsetDateTime::UNIX_EPOCH;
    let at = |span: Duration| RightToBootstrap::given_at(issued, issued + span);
    assert_eq!(
        (at(Duration::ZERO), at(Duration::days(30))),
        (RightToBootstrap::Given, RightToBootstrap::Given)
    );
    assert_eq!(at(Duration::days(31)), RightToBootstrap::Lapsed(issued));
    assert_eq!(at(-Duration::minutes(5)), RightToBootstrap::Given);
    assert!(matches!(at(-Duration::days(5)), RightToBootstrap::ClockBehind { .. }));
    let behind = Observation { right: at(-Duration::days(5)), ..observed(disk(Empty, None, None)) };
    let refused =
        decide(&behind, &peers([launches(LauncherShows::Nothing), launches(LauncherShows::Nothing)]));
    assert!(matches!(refused, Err(Refusal::ClockBehind { .. })), "{refused:?}");
}
