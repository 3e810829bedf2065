//! The start decision, every row of its tables. What a behaviour of several members comes to is searched by `tests/model`.

use time::{Duration, OffsetDateTime};
use zone_etcd::config::{EtcdVersion, ZoneConfig};
use zone_etcd::plan::{
    Awaited, AwaitedFor, DataDirectory, EtcdId, FoundingWords, Ids, Join, LauncherSays, LauncherShows,
    LiveCluster, LiveMember, LogPosition, Lost, Nonce, Observed, OnDisk, Past, Peer, PeerState, PeerUrl,
    Phase, Refusal, RightToBootstrap, SaidOfData, Shown, StartDecision, Step, WaitsTo, Write, decide, shows,
    writes,
};

use DataDirectory::{Empty, Log, WithoutLog};

const OURS: Ids = Ids { member: EtcdId(1), cluster: EtcdId(2) };
const OTHER: Ids = Ids { member: EtcdId(3), cluster: EtcdId(4) };
/// The id that `member add` gave to the member that is to replace us.
const ADDED: EtcdId = EtcdId(77);
const R: Nonce = Nonce(7);
const NOTED: LogPosition = LogPosition { term: 3, commit: 20, last_term: 3, last_index: 25 };

fn past(phase: Phase) -> Option<Past> {
    Some(Past { ids: OURS, phase, joins: false })
}

fn disk(data: DataDirectory, past: Option<Past>, nonce: Option<Nonce>) -> OnDisk {
    let position = matches!(data, Log(_)).then_some(NOTED);
    OnDisk { data, nonce, position, past, noted: None }
}

fn urls() -> [PeerUrl; 3] {
    let text = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.0.1\"\n\
                [[node]]\nname = \"node2\"\naddress = \"10.0.0.2\"\n[[node]]\nname = \"node3\"\naddress = \"10.0.0.3\"\n";
    let (zone, _) = ZoneConfig::parse(text).expect("a valid description");
    let urls: Vec<PeerUrl> = zone.members().map(PeerUrl::of).collect();
    urls.try_into().expect("three nodes")
}

fn observed(disk: OnDisk) -> Observed {
    let [peer_url, ..] = urls();
    Observed {
        disk,
        said: SaidOfData::default(),
        words: FoundingWords::default(),
        predicted: OURS,
        peer_url,
        founded: None,
        alone: false,
        ran_as: None,
        removed: false,
        has_taken_part: false,
        etcd_version: EtcdVersion::DEFAULT,
        right: RightToBootstrap::Given,
    }
}

/// What another member was found to be, and what its start said last.
type Found = (PeerState, Option<LauncherSays>);

fn peers(found: [Found; 2]) -> Vec<Peer> {
    let [_, two, three] = urls();
    let [(first, says), (second, third_says)] = found;
    vec![
        Peer { name: "node2".to_owned(), url: two, state: first, says },
        Peer { name: "node3".to_owned(), url: three, state: second, says: third_says },
    ]
}

fn absent() -> Found {
    (PeerState::Absent("nothing listens".to_owned()), None)
}

fn says(shows: LauncherShows) -> LauncherSays {
    let cluster = (shows == LauncherShows::Log)
        .then(|| LiveCluster { id: OURS.cluster, members: list(Listed::Unstarted(OURS.member)) });
    LauncherSays { predicted: OURS, may_found: true, shows, cluster, removed: Vec::new() }
}

fn launches(shows: LauncherShows) -> Found {
    (PeerState::Launches, Some(says(shows)))
}

/// It said so, and its connection is closed.
fn said(shows: LauncherShows) -> Found {
    (PeerState::Absent("its start ended, or became etcd".to_owned()), Some(says(shows)))
}

fn lists_nobody() -> Found {
    let cluster = Some(LiveCluster { id: OURS.cluster, members: Vec::new() });
    (PeerState::Launches, Some(LauncherSays { cluster, ..says(LauncherShows::Log) }))
}

/// How a cluster lists our own URL.
#[derive(Clone, Copy, Debug)]
enum Listed {
    Not,
    Unstarted(EtcdId),
    Learner(EtcdId),
    HasRun(EtcdId),
}

fn list(listed: Listed) -> Vec<LiveMember> {
    let [ours, two, three] = urls();
    let member = |id, url: &PeerUrl, has_run: bool, learner| LiveMember {
        id,
        name: String::new(),
        peer_urls: vec![url.to_string()],
        client_urls: if has_run { vec!["https://10.0.0.9:2379".to_owned()] } else { Vec::new() },
        learner,
    };
    let own = match listed {
        Listed::Not => None,
        Listed::Unstarted(id) => Some(member(id, &ours, false, false)),
        Listed::Learner(id) => Some(member(id, &ours, false, true)),
        Listed::HasRun(id) => Some(member(id, &ours, true, false)),
    };
    [member(EtcdId(5), &two, true, false), member(EtcdId(6), &three, true, false)]
        .into_iter()
        .chain(own)
        .collect()
}

fn serves(cluster: EtcdId, listed: Listed) -> Found {
    (serves_with(cluster, listed, false), None)
}

fn serves_with(cluster: EtcdId, listed: Listed, removed: bool) -> PeerState {
    let cluster = LiveCluster { id: cluster, members: list(listed) };
    PeerState::Serves { cluster, removed, cluster_minor: Some(7) }
}

fn waits(names: &[(&str, AwaitedFor)]) -> Result<Step, Refusal> {
    let awaited = names.iter().map(|(name, what)| Awaited { name: (*name).to_owned(), what: what.clone() });
    Ok(Step::Wait(WaitsTo::Found, awaited.collect()))
}

const BOOTSTRAP: Result<Step, Refusal> = Ok(Step::Start(StartDecision::Bootstrap));
const COMMIT: Result<Step, Refusal> = Ok(Step::Commit);

fn resume(ids: Ids) -> Result<Step, Refusal> {
    Ok(Step::Start(StartDecision::Resume(ids)))
}

fn join(listed: Listed) -> Result<Step, Refusal> {
    let learner = matches!(listed, Listed::Learner(_));
    let ids = Ids { member: ADDED, cluster: OURS.cluster };
    Ok(Step::Start(StartDecision::Join(Join { ids, learner, members: list(listed) })))
}

/// What a node shows, by its disks.
#[test]
fn every_row_of_what_is_shown() {
    let lost = Ok(Shown::Lost(Lost { ids: OURS, join_failed: false, set_aside: false }));
    let another = Some(Nonce(8));
    let attempted = past(Phase::Attempted(R));
    let table = [
        (disk(Empty, None, None), Ok(Shown::Nothing)),
        (disk(Empty, None, Some(R)), Ok(Shown::Nothing)),
        (disk(Empty, past(Phase::Committed), None), Ok(Shown::Committed(OURS))),
        (disk(Empty, past(Phase::Committed), Some(R)), Ok(Shown::Committed(OURS))),
        (disk(Empty, attempted, Some(R)), Ok(Shown::Attempted(OURS))),
        (disk(Empty, attempted, None), lost.clone()),
        (OnDisk { noted: Some(NOTED), ..disk(Empty, attempted, Some(R)) }, lost.clone()),
        (disk(Empty, attempted, another), lost.clone()),
        (disk(WithoutLog, attempted, Some(R)), lost.clone()),
        (disk(Empty, past(Phase::Ran), None), lost.clone()),
        (disk(Empty, past(Phase::Unknown), Some(R)), lost.clone()),
        (disk(WithoutLog, past(Phase::Ran), None), lost),
        (disk(Log(OURS), attempted, Some(R)), Ok(Shown::Log(OURS))),
        (disk(Log(OURS), past(Phase::Ran), None), Ok(Shown::Log(OURS))),
        (disk(Log(OURS), past(Phase::Unknown), None), Ok(Shown::Log(OURS))),
        // Of another start, another member, or nobody knows which.
        (disk(Log(OURS), None, None), Err(Refusal::NotesLost { found: OURS })),
        (disk(Log(OURS), past(Phase::Committed), None), Err(Refusal::NotOfThisStart { found: OURS })),
        (disk(Log(OURS), attempted, None), Err(Refusal::NotOfThisStart { found: OURS })),
        (disk(Log(OURS), attempted, another), Err(Refusal::NotOfThisStart { found: OURS })),
        (
            disk(Log(OTHER), past(Phase::Ran), None),
            Err(Refusal::ForeignData { found: OTHER, expected: OURS }),
        ),
        (disk(WithoutLog, past(Phase::Committed), None), Err(Refusal::FilesBeforeStart { ids: OURS })),
        (disk(WithoutLog, None, None), Err(Refusal::DataWithoutLog)),
    ];
    for (disk, expected) in table {
        assert_eq!(shows(&disk, SaidOfData::default(), OURS, false), expected, "{disk:?}");
    }
}

#[test]
fn the_operator_answers_for_data_and_the_only_member_for_itself() {
    let current = SaidOfData { is_current: true, ..SaidOfData::default() };
    let (log, ran) = (Ok(Shown::Log(OURS)), past(Phase::Ran));
    for unknown in [None, past(Phase::Committed), past(Phase::Attempted(R))] {
        assert_eq!(shows(&disk(Log(OURS), unknown, None), current, OURS, false), log, "{unknown:?}");
    }
    assert_eq!(shows(&disk(Log(OURS), None, None), SaidOfData::default(), OURS, true), log);
    // An older copy is none whatever is said of it, unless it is all that the zone has.
    let older = OnDisk {
        noted: Some(NOTED),
        position: Some(LogPosition { commit: 19, ..NOTED }),
        ..disk(Log(OURS), ran, None)
    };
    let accept = SaidOfData { accept_older: true, ..current };
    for (said, alone) in [(current, false), (accept, false), (current, true)] {
        assert!(
            matches!(shows(&older, said, OURS, alone), Err(Refusal::OlderLog { .. })),
            "{said:?} {alone}"
        );
    }
    assert_eq!(shows(&older, accept, OURS, true), log);
}

#[test]
fn a_log_is_older_only_where_that_is_certain() {
    let at = |term, commit, last_term, last_index| LogPosition { term, commit, last_term, last_index };
    for (position, is_older) in [
        (NOTED, false),
        (at(2, 20, 2, 25), true),
        (at(3, 19, 3, 25), true),
        (at(3, 20, 3, 24), true),
        (at(3, 20, 2, 30), true),
        (at(3, 21, 3, 26), false),
        // A new leader may have cut what was not committed.
        (at(4, 20, 4, 21), false),
        (at(4, 20, 3, 22), false),
    ] {
        assert_eq!(position.is_older_than(NOTED), is_older, "{position:?}");
    }
    // The last entry was of an older term than the hard state: it may have been cut since.
    assert!(!at(3, 20, 2, 22).is_older_than(at(3, 20, 2, 25)));
}

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
            Err(Refusal::OtherClusterAnswers { answered: OTHER.cluster, predicted: OURS }),
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
            decide(&Observed { right, ..nothing.clone() }, &peers([launches(Nothing), launches(Nothing)]));
        assert!(matches!(refused, Err(Refusal::NoRightToBootstrap { .. })), "{refused:?}");
    }
    assert_eq!(
        decide(&Observed { founded: Some(OTHER.cluster), ..nothing.clone() }, &peers([absent(), absent()])),
        Err(Refusal::SecondCluster { founded: OTHER.cluster, predicted: OURS })
    );
    assert_eq!(decide(&Observed { alone: true, ..nothing }, &[]), COMMIT, "the only member waits for nobody");
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
            let own =
                Observed { right: RightToBootstrap::Withheld, ..observed(disk(Empty, past(phase), nonce)) };
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
    };
    let own = |phase: Option<Past>, words| Observed { words, ..observed(disk(Empty, phase, None)) };
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
    // That it never ran has to be said by most, and by nobody denied.
    let word = FoundingWords { never_ran: true, ..FoundingWords::default() };
    let unstarted = || serves(OURS.cluster, Listed::Unstarted(OURS.member));
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

/// Joining takes the word of a majority of the other voters, and an id that this member never voted under.
#[test]
fn every_row_of_a_member_that_may_join() {
    let us = OURS.cluster;
    let expected = |listed| serves(us, listed);
    for phase in [None, past(Phase::Ran), past(Phase::Committed)] {
        for listed in [Listed::Unstarted(ADDED), Listed::Learner(ADDED)] {
            let own = Observed { right: RightToBootstrap::Withheld, ..observed(disk(Empty, phase, None)) };
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
    let aside = Observed { said: SaidOfData { set_aside: true, ..SaidOfData::default() }, ..failed };
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
        let own = Observed { removed, ..observed(disk(Log(OURS), past(Phase::Ran), None)) };
        assert_eq!(decide(&own, &found), expected, "{found:?}");
    }
}

/// Its cluster was founded a second time without it, if those that are a quorum without it have never seen it.
#[test]
fn a_member_that_took_part_is_known_to_most() {
    let own = Observed { has_taken_part: true, ..observed(disk(Log(OURS), past(Phase::Ran), None)) };
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
    let new = Observed { has_taken_part: false, ..own };
    assert_eq!(decide(&new, &peers([unknown(), unknown()])), resume(OURS));
}

/// Data that is moved away never leads to a commit, and votes are not moved away with it.
#[test]
fn data_that_is_moved_away_founds_nothing() {
    let aside =
        |disk| Observed { said: SaidOfData { set_aside: true, ..SaidOfData::default() }, ..observed(disk) };
    let all = || peers([launches(LauncherShows::Nothing), launches(LauncherShows::Nothing)]);
    for (data, past) in [
        (Log(OURS), past(Phase::Ran)),
        (Log(OURS), None),
        (Log(OTHER), None),
        (WithoutLog, past(Phase::Committed)),
        (WithoutLog, None),
    ] {
        let decided = decide(&aside(disk(data, past, None)), &all());
        assert!(decided.is_err(), "{data:?} {past:?}: {decided:?}");
    }
    let known = || serves(OURS.cluster, Listed::HasRun(OURS.member));
    assert_eq!(
        decide(&aside(disk(Log(OURS), past(Phase::Ran), None)), &peers([known(), known()])),
        Err(Refusal::VotesAside { ids: OURS, fits: true })
    );
    let alone = Observed { alone: true, ..aside(disk(Log(OTHER), None, None)) };
    assert_eq!(decide(&alone, &[]), COMMIT, "what is not the only member's own tells nothing of it");
}

#[test]
fn joins_only_a_cluster_that_its_version_can_work_with() {
    for (cluster, ours, joins) in
        [(7, 7, true), (6, 7, true), (5, 7, false), (7, 6, false), (5, 6, true), (6, 5, false), (5, 5, true)]
    {
        let found = || {
            let cluster_minor = Some(cluster);
            let cluster = LiveCluster { id: OURS.cluster, members: list(Listed::Unstarted(ADDED)) };
            (PeerState::Serves { cluster, removed: false, cluster_minor }, None)
        };
        let version = EtcdVersion { major: 3, minor: ours, patch: 40 };
        let own = Observed { etcd_version: version, ..observed(disk(Empty, None, None)) };
        let decided = decide(&own, &peers([found(), found()]));
        match decided {
            Ok(Step::Start(StartDecision::Join(_))) => assert!(joins, "{cluster} {ours}"),
            Err(Refusal::Version { minor, .. }) => assert!(!joins && minor == cluster, "{cluster} {ours}"),
            other => panic!("{cluster} {ours}: {other:?}"),
        }
    }
}

/// Each record is there before it is relied on, and a nonce is not replaced while `state.json` demands it.
#[test]
fn what_is_written_is_written_in_order() {
    let state = |phase| Write::State { ids: OURS, phase, joins: false };
    let nothing = observed(disk(Empty, None, None));
    let fresh = Nonce(9);
    assert_eq!(
        writes(&nothing, Shown::Nothing, &Step::Commit, fresh),
        [Write::DataDirectory, state(Phase::Committed)]
    );
    let bootstrap = Step::Start(StartDecision::Bootstrap);
    let attempt = [Write::DataDirectory, Write::Nonce(fresh), state(Phase::Attempted(fresh))];
    let committed = observed(disk(Empty, past(Phase::Committed), None));
    assert_eq!(writes(&committed, Shown::Committed(OURS), &bootstrap, fresh), attempt);
    let again = [vec![state(Phase::Committed)], attempt.to_vec()].concat();
    assert_eq!(writes(&committed, Shown::Attempted(OURS), &bootstrap, fresh), again);
    let resumed = writes(
        &observed(disk(Log(OURS), past(Phase::Ran), None)),
        Shown::Log(OURS),
        &Step::Start(StartDecision::Resume(OURS)),
        fresh,
    );
    assert_eq!(resumed, [Write::SyncLog, Write::Note(OURS), state(Phase::Ran), Write::RemoveNonce]);
    let accepted = SaidOfData { accept_older: true, ..SaidOfData::default() };
    let resumed = writes(
        &Observed { said: accepted, ..observed(disk(Log(OURS), past(Phase::Ran), None)) },
        Shown::Log(OURS),
        &Step::Start(StartDecision::Resume(OURS)),
        fresh,
    );
    assert_eq!(resumed[1], Write::NoteAnew(OURS), "the next start is not refused again");
}

/// Whatever is observed and heard, a member that may have voted never bootstraps, and joins under no id that it voted under.
#[test]
fn nobody_votes_twice() {
    use LauncherShows::{Attempted, Committed, Log as HasLog, Lost as HasLost, Nothing};
    let us = OURS.cluster;
    let found = [
        absent(),
        launches(Nothing),
        launches(Committed),
        launches(Attempted),
        launches(HasLost),
        launches(HasLog),
        said(Attempted),
        (PeerState::Unusable("refused".to_owned()), None),
        serves(us, Listed::Not),
        serves(us, Listed::Unstarted(OURS.member)),
        serves(us, Listed::Unstarted(ADDED)),
        serves(us, Listed::Learner(ADDED)),
        serves(us, Listed::HasRun(OURS.member)),
        serves(OTHER.cluster, Listed::Learner(ADDED)),
    ];
    let words = FoundingWords { without: vec!["node3".to_owned()], never_ran: true };
    let voted = [
        disk(Empty, past(Phase::Ran), None),
        disk(Empty, past(Phase::Attempted(R)), None),
        disk(Empty, past(Phase::Unknown), None),
        disk(WithoutLog, past(Phase::Attempted(R)), Some(R)),
        disk(Log(OURS), past(Phase::Ran), None),
        disk(Log(OURS), None, None),
    ];
    for disk in voted {
        for set_aside in [false, true] {
            for one in &found {
                for two in &found {
                    let said = SaidOfData { set_aside, is_current: true, accept_older: true };
                    let own = Observed { said, words: words.clone(), ..observed(disk) };
                    let decided = decide(&own, &peers([one.clone(), two.clone()]));
                    let what = format!("{disk:?} {set_aside} {one:?} {two:?}: {decided:?}");
                    assert!(
                        !matches!(decided, Ok(Step::Commit | Step::Start(StartDecision::Bootstrap))),
                        "{what}"
                    );
                    if let Ok(Step::Start(StartDecision::Join(join))) = &decided {
                        assert_ne!(join.ids, OURS, "{what}");
                        assert!(set_aside || disk.data == Empty, "{what}");
                    }
                }
            }
        }
    }
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
    let behind = Observed { right: at(-Duration::days(5)), ..observed(disk(Empty, None, None)) };
    let refused =
        decide(&behind, &peers([launches(LauncherShows::Nothing), launches(LauncherShows::Nothing)]));
    assert!(matches!(refused, Err(Refusal::ClockBehind { .. })), "{refused:?}");
}
