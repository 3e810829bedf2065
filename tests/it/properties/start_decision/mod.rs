//! The start decision, every row of its tables. What a behaviour of several members comes to is searched by
//! `tests/start_model`.

mod founding;
mod on_disk;
mod restored;
mod with_a_cluster;

use model::config::{EtcdVersion, ZoneConfig};
use model::plan::{
    Awaited, AwaitedFor, DataDirectory, DiskState, EtcdId, FoundingWords, Ids, Join, LauncherSays,
    LauncherShows, LiveCluster, LiveMember, LocalState, LogPosition, LostLog, Nonce, Observation, Past, Peer,
    PeerState, PeerUrl, Phase, Refusal, RightToBootstrap, SaidOfData, StartDecision, Step, WaitsTo, Write,
    decide, local_state, writes,
};
use time::{Duration, OffsetDateTime};

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

fn disk(data: DataDirectory, past: Option<Past>, nonce: Option<Nonce>) -> DiskState {
    let position = matches!(data, Log(_)).then_some(NOTED);
    DiskState { data, nonce, position, past, noted: None }
}

fn urls() -> [PeerUrl; 3] {
    let text = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.0.1\"\n\
                [[node]]\nname = \"node2\"\naddress = \"10.0.0.2\"\n[[node]]\nname = \"node3\"\n\
                address = \"10.0.0.3\"\n";
    let (zone, _) = ZoneConfig::parse(text).expect("a valid description");
    let urls: Vec<PeerUrl> = zone.members().map(PeerUrl::of).collect();
    urls.try_into().expect("three nodes")
}

fn observed(disk: DiskState) -> Observation {
    let [peer_url, ..] = urls();
    Observation {
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
        restored: None,
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

/// Data that is moved away never leads to a commit, and votes are not moved away with it.
#[test]
fn data_that_is_moved_away_founds_nothing() {
    let aside = |disk| Observation {
        said: SaidOfData { set_aside: true, ..SaidOfData::default() },
        ..observed(disk)
    };
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
    let alone = Observation { alone: true, ..aside(disk(Log(OTHER), None, None)) };
    assert_eq!(decide(&alone, &[]), COMMIT, "what is not the only member's own tells nothing of it");
}

/// Whatever is observed and heard, a member that may have voted never bootstraps, and joins under no id that
/// it voted under.
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
    let words =
        FoundingWords { without: vec!["node3".to_owned()], never_ran: true, ..FoundingWords::default() };
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
                    let own = Observation { said, words: words.clone(), ..observed(disk) };
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
