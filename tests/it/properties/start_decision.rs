//! The start decision, every branch of it.

use time::{Duration, OffsetDateTime};
use zone_etcd::config::{EtcdVersion, ZoneConfig};
use zone_etcd::plan::{
    DataDirectory, EtcdId, Ids, Join, LiveCluster, LiveMember, Observed, PastStart, Peer, PeerState, PeerUrl,
    Refusal, RightToBootstrap, StartDecision, decide, refuse_by_data,
};

use DataDirectory::{Empty, Log, WithoutLog};

const OURS: Ids = Ids { member: EtcdId(1), cluster: EtcdId(2) };
const OTHER: Ids = Ids { member: EtcdId(3), cluster: EtcdId(4) };
/// The same member in another cluster, and another member of the same: neither is us.
const OTHER_CLUSTER: Ids = Ids { member: EtcdId(1), cluster: EtcdId(4) };
const OTHER_MEMBER: Ids = Ids { member: EtcdId(3), cluster: EtcdId(2) };
/// The id that `member add` gave to the member that is to replace us.
const ADDED: EtcdId = EtcdId(77);

const fn past(ids: Ids, had_log: bool, untouched: bool) -> Option<PastStart> {
    Some(PastStart { ids, had_log, untouched, joined: false })
}

fn urls() -> [PeerUrl; 3] {
    let text = "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.0.1\"\n\
                [[node]]\nname = \"node2\"\naddress = \"10.0.0.2\"\n[[node]]\nname = \"node3\"\naddress = \"10.0.0.3\"\n";
    let (zone, _) = ZoneConfig::parse(text).expect("a valid description");
    let urls: Vec<PeerUrl> = zone.members().map(PeerUrl::of).collect();
    urls.try_into().expect("three nodes")
}

/// What is observed, and what is not told is as at a first start.
fn observed(data: DataDirectory, past: Option<PastStart>) -> Observed {
    let [peer_url, ..] = urls();
    Observed {
        data,
        set_aside: false,
        past,
        predicted: OURS,
        peer_url,
        founded: None,
        alone: false,
        ran_as: None,
        removed: false,
        etcd_version: EtcdVersion::DEFAULT,
        right: RightToBootstrap::Given,
    }
}

/// How the cluster lists our own URL.
#[derive(Clone, Copy, Debug)]
enum Listed {
    Not,
    Unstarted(EtcdId),
    Learner(EtcdId),
    HasRun(EtcdId),
}

fn members(listed: Listed) -> Vec<LiveMember> {
    let [ours, ..] = urls();
    let member = |id, client: &[&str], learner| LiveMember {
        id,
        name: String::new(),
        peer_urls: vec![ours.to_string()],
        client_urls: client.iter().map(ToString::to_string).collect(),
        learner,
    };
    let other = LiveMember {
        id: EtcdId(5),
        name: "node2".to_owned(),
        peer_urls: vec!["https://10.0.0.2:2380".to_owned()],
        client_urls: vec!["https://10.0.0.2:2379".to_owned()],
        learner: false,
    };
    let own = match listed {
        Listed::Not => None,
        Listed::Unstarted(id) => Some(member(id, &[], false)),
        Listed::Learner(id) => Some(member(id, &[], true)),
        Listed::HasRun(id) => Some(member(id, &["https://10.0.0.1:2379"], false)),
    };
    std::iter::once(other).chain(own).collect()
}

fn serves(cluster: EtcdId, listed: Listed) -> PeerState {
    PeerState::Serves {
        cluster: LiveCluster { id: cluster, members: members(listed) },
        removed: false,
        cluster_minor: Some(7),
    }
}

fn removed_us(cluster: EtcdId, listed: Listed) -> PeerState {
    PeerState::Serves {
        cluster: LiveCluster { id: cluster, members: members(listed) },
        removed: true,
        cluster_minor: None,
    }
}

fn absent() -> PeerState {
    PeerState::Absent("nothing listens".to_owned())
}

fn unusable() -> PeerState {
    PeerState::Unusable("its certificate is refused".to_owned())
}

fn peers(states: [PeerState; 2]) -> Vec<Peer> {
    let [_, two, three] = urls();
    let [first, second] = states;
    vec![
        Peer { name: "node2".to_owned(), url: two, state: first },
        Peer { name: "node3".to_owned(), url: three, state: second },
    ]
}

fn resume(ids: Ids) -> Result<StartDecision, Refusal> {
    Ok(StartDecision::Resume(ids))
}

fn join(id: EtcdId, cluster: EtcdId, listed: Listed) -> Result<StartDecision, Refusal> {
    let learner = matches!(listed, Listed::Learner(_));
    Ok(StartDecision::Join(Join { ids: Ids { member: id, cluster }, learner, members: members(listed) }))
}

/// Nobody else is there: what this machine alone tells.
#[test]
fn every_branch_by_the_data() {
    let bootstrap = || Ok(StartDecision::Bootstrap);
    let forgotten = || Err(Refusal::ForgottenVotes { past: OURS });
    let foreign = |found| Err(Refusal::ForeignData { found, expected: OURS });
    let other = |found| Err(Refusal::OtherCluster { found, expected: OURS });
    let second = || Err(Refusal::SecondCluster { founded: OTHER.cluster, predicted: OURS });
    let (nobody, ours, theirs) = (None, Some(OURS.cluster), Some(OTHER.cluster));
    let table = [
        // Nothing is known of an earlier start.
        (Empty, None, nobody, bootstrap()),
        (WithoutLog, None, nobody, Err(Refusal::DataWithoutLog)),
        (Log(OURS), None, nobody, resume(OURS)),
        (Log(OTHER), None, nobody, other(OTHER)),
        (Log(OTHER_CLUSTER), None, nobody, other(OTHER_CLUSTER)),
        (Log(OTHER_MEMBER), None, nobody, other(OTHER_MEMBER)),
        // A log: it is this member's, or it is not.
        (Log(OURS), past(OURS, true, false), nobody, resume(OURS)),
        (Log(OURS), past(OURS, false, false), nobody, resume(OURS)),
        (Log(OTHER), past(OURS, true, false), nobody, foreign(OTHER)),
        (Log(OTHER_CLUSTER), past(OURS, true, false), nobody, foreign(OTHER_CLUSTER)),
        (Log(OTHER_MEMBER), past(OURS, false, false), nobody, foreign(OTHER_MEMBER)),
        // A member that joined or was recovered has other ids than the description predicts; the last start counts.
        (Log(OTHER), past(OTHER, true, false), nobody, resume(OTHER)),
        // Empty: only the very directory of a start that came to nothing.
        (Empty, past(OURS, false, true), nobody, bootstrap()),
        (Empty, past(OURS, false, false), nobody, forgotten()),
        (Empty, past(OURS, true, true), nobody, forgotten()),
        (Empty, past(OURS, true, false), nobody, forgotten()),
        // Files without a log: what they were of, nobody can tell.
        (WithoutLog, past(OURS, false, true), nobody, forgotten()),
        (WithoutLog, past(OURS, false, false), nobody, forgotten()),
        (WithoutLog, past(OURS, true, false), nobody, forgotten()),
        // The zone has a cluster: a member without data founds no other, and one with data is no concern of it.
        (Empty, None, ours, bootstrap()),
        (Empty, None, theirs, second()),
        (Empty, past(OURS, false, true), theirs, second()),
        (Empty, past(OURS, true, false), theirs, forgotten()),
        (Log(OURS), past(OURS, true, false), theirs, resume(OURS)),
    ];
    for (data, past, founded, expected) in table {
        let observed = Observed { founded, ..observed(data, past) };
        for states in [[absent(), absent()], [PeerState::Waits, absent()]] {
            assert_eq!(decide(&observed, &peers(states)), expected, "{observed:?}");
        }
        assert_eq!(decide(&observed, &[]), expected, "{observed:?}");
    }
}

/// The others answer, and this member has no data.
#[test]
fn every_branch_without_data_by_what_the_others_answer() {
    let (us, none) = (OURS.cluster, Listed::Not);
    let lost = |member, cluster| Err(Refusal::DataLost { ids: Ids { member, cluster } });
    let forgotten = || Err(Refusal::ForgottenVotes { past: OURS });
    let other_answers = || Err(Refusal::OtherClusterAnswers { answered: OTHER.cluster, predicted: OURS });
    let removed = || Err(Refusal::Removed { ids: OURS, replaced_by: None });
    let ran = past(OURS, true, false);
    let tried = past(OURS, false, true);
    let table = [
        // A founding member that comes later: its place in the bootstrap is still open.
        (None, [serves(us, Listed::Unstarted(OURS.member)), absent()], Ok(StartDecision::Bootstrap)),
        (tried, [serves(us, Listed::Unstarted(OURS.member)), absent()], Ok(StartDecision::Bootstrap)),
        (ran, [serves(us, Listed::Unstarted(OURS.member)), absent()], forgotten()),
        // A member that was added, by whatever tool, joins; also in the place of one that has forgotten its votes.
        (None, [serves(us, Listed::Unstarted(ADDED)), absent()], join(ADDED, us, Listed::Unstarted(ADDED))),
        (None, [absent(), serves(us, Listed::Learner(ADDED))], join(ADDED, us, Listed::Learner(ADDED))),
        (ran, [serves(us, Listed::Learner(ADDED)), absent()], join(ADDED, us, Listed::Learner(ADDED))),
        (
            None,
            [serves(OTHER.cluster, Listed::Unstarted(ADDED)), absent()],
            join(ADDED, OTHER.cluster, Listed::Unstarted(ADDED)),
        ),
        // A member that is behind does not know of the addition yet: whoever does is believed.
        (
            None,
            [serves(us, none), serves(us, Listed::Unstarted(ADDED))],
            join(ADDED, us, Listed::Unstarted(ADDED)),
        ),
        // Nor of what has run: whoever does is believed, in whatever order they answer.
        (
            None,
            [serves(us, Listed::Unstarted(OURS.member)), serves(us, Listed::HasRun(OURS.member))],
            lost(OURS.member, us),
        ),
        (None, [serves(us, Listed::Unstarted(ADDED)), serves(us, Listed::HasRun(ADDED))], lost(ADDED, us)),
        (
            None,
            [serves(us, Listed::Unstarted(OURS.member)), serves(us, Listed::HasRun(ADDED))],
            lost(ADDED, us),
        ),
        (
            ran,
            [serves(us, Listed::HasRun(OURS.member)), serves(us, Listed::Learner(ADDED))],
            join(ADDED, us, Listed::Learner(ADDED)),
        ),
        // It has run, and its data is gone.
        (None, [serves(us, Listed::HasRun(OURS.member)), absent()], lost(OURS.member, us)),
        (tried, [serves(us, Listed::HasRun(OURS.member)), absent()], lost(OURS.member, us)),
        (ran, [serves(us, Listed::HasRun(ADDED)), absent()], lost(ADDED, us)),
        // The cluster does not know it.
        (None, [serves(us, none), absent()], Err(Refusal::NotListed { cluster: us })),
        (ran, [serves(us, none), absent()], removed()),
        (None, [serves(OTHER.cluster, none), absent()], other_answers()),
        (ran, [serves(OTHER.cluster, none), absent()], other_answers()),
        // They do not agree.
        (
            None,
            [serves(us, Listed::Unstarted(OURS.member)), serves(OTHER.cluster, none)],
            Err(Refusal::TwoClusters {
                one: ("node2".to_owned(), us),
                other: ("node3".to_owned(), OTHER.cluster),
            }),
        ),
        // Somebody is there and cannot be talked to: whether a cluster runs, nobody can tell.
        (
            None,
            [unusable(), absent()],
            Err(Refusal::UnusablePeers(vec![("node2".to_owned(), "its certificate is refused".to_owned())])),
        ),
        (ran, [unusable(), absent()], forgotten()),
        (
            None,
            [PeerState::Starts, absent()],
            Err(Refusal::UnusablePeers(vec![(
                "node2".to_owned(),
                "it takes connections and says nothing".to_owned(),
            )])),
        ),
        // One that answers as it should tells all there is to know.
        (None, [unusable(), serves(us, Listed::Unstarted(OURS.member))], Ok(StartDecision::Bootstrap)),
        // It was to join and never came that far.
        (
            Some(PastStart { ids: OTHER, had_log: false, untouched: true, joined: true }),
            [absent(), absent()],
            Err(Refusal::NobodyToJoin { past: OTHER }),
        ),
        (
            Some(PastStart {
                ids: Ids { member: ADDED, cluster: us },
                had_log: false,
                untouched: true,
                joined: true,
            }),
            [serves(us, Listed::Unstarted(ADDED)), absent()],
            join(ADDED, us, Listed::Unstarted(ADDED)),
        ),
    ];
    for (past, states, expected) in table {
        let observed = observed(Empty, past);
        assert_eq!(decide(&observed, &peers(states.clone())), expected, "{past:?} {states:?}");
    }
}

/// The others answer, and this member has data.
#[test]
fn every_branch_with_data_by_what_the_others_answer() {
    let (us, them) = (OURS.cluster, OTHER.cluster);
    let removed = |replaced_by| Err(Refusal::Removed { ids: OURS, replaced_by });
    let alone = || Err(Refusal::OthersRunAnotherCluster { ids: OURS, answered: them });
    let table = [
        (false, [serves(us, Listed::HasRun(OURS.member)), absent()], resume(OURS)),
        (false, [unusable(), unusable()], resume(OURS)),
        // A member that does not list us may be behind. One that says that we were removed is not.
        (false, [serves(us, Listed::Not), absent()], resume(OURS)),
        (false, [removed_us(us, Listed::Not), absent()], removed(None)),
        (false, [removed_us(us, Listed::Unstarted(ADDED)), absent()], removed(Some(ADDED))),
        (false, [removed_us(us, Listed::Not), serves(us, Listed::HasRun(OURS.member))], resume(OURS)),
        // Our own data says it, and nobody says otherwise.
        (true, [absent(), absent()], removed(None)),
        (true, [serves(us, Listed::Not), absent()], removed(None)),
        (true, [serves(us, Listed::HasRun(OURS.member)), absent()], resume(OURS)),
        // What another cluster says of us is nothing to us, unless it is most of the zone.
        (false, [removed_us(them, Listed::Not), absent()], resume(OURS)),
        (false, [serves(them, Listed::Not), absent()], resume(OURS)),
        (false, [serves(them, Listed::Not), serves(us, Listed::HasRun(OURS.member))], resume(OURS)),
        (false, [serves(them, Listed::Not), serves(them, Listed::Not)], alone()),
    ];
    for (removed, states, expected) in table {
        let observed = Observed { removed, ..observed(Log(OURS), past(OURS, true, false)) };
        assert_eq!(decide(&observed, &peers(states.clone())), expected, "{removed} {states:?}");
    }
}

/// The only member of a zone meets nobody's votes: what is not its own is put aside, and what is its own is not.
#[test]
fn the_only_member_puts_aside_what_is_not_its_own() {
    let table = [
        (Log(OTHER), None, Ok(StartDecision::Bootstrap)),
        (WithoutLog, None, Ok(StartDecision::Bootstrap)),
        (Log(OURS), None, Err(Refusal::VotesAside { ids: OURS, fits: true })),
        (Log(OURS), past(OURS, true, false), Err(Refusal::VotesAside { ids: OURS, fits: true })),
        (WithoutLog, past(OURS, true, false), Err(Refusal::ForgottenVotes { past: OURS })),
    ];
    for (data, past, expected) in table {
        let observed = Observed { set_aside: true, alone: true, ..observed(data, past) };
        assert_eq!(decide(&observed, &[]), expected, "{observed:?}");
    }
}

/// Data that neither `state.json` nor the description knows: of a member that was added, and then the others know it.
#[test]
fn every_branch_with_data_that_nothing_here_tells_of() {
    let cluster = OURS.cluster;
    let added = Ids { member: ADDED, cluster };
    let other = || Err(Refusal::OtherCluster { found: added, expected: OURS });
    let table = [
        ([absent(), absent()], other()),
        ([serves(cluster, Listed::Not), absent()], other()),
        ([serves(cluster, Listed::HasRun(OURS.member)), absent()], other()),
        ([serves(OTHER.cluster, Listed::HasRun(ADDED)), absent()], other()),
        ([serves(cluster, Listed::HasRun(ADDED)), absent()], resume(added)),
        ([absent(), serves(cluster, Listed::Learner(ADDED))], resume(added)),
        (
            [removed_us(cluster, Listed::Not), absent()],
            Err(Refusal::Removed { ids: added, replaced_by: None }),
        ),
    ];
    for (states, expected) in table {
        let observed = observed(Log(added), None);
        assert_eq!(decide(&observed, &peers(states.clone())), expected, "{states:?}");
    }
}

/// Ids follow from addresses, so a node with another name is the same member.
#[test]
fn a_renamed_node_does_not_begin_anew() {
    let observed = Observed { ran_as: Some("old.example.zone".to_owned()), ..observed(Empty, None) };
    for state in [absent(), serves(OURS.cluster, Listed::Unstarted(OURS.member))] {
        let decision = decide(&observed, &peers([state, absent()]));
        assert!(
            matches!(&decision, Err(Refusal::RanUnderAnotherName { name, .. }) if name == "old.example.zone"),
            "{decision:?}"
        );
    }
}

/// The operator wants the data put aside: then it is as if it were not there, but votes are not forgotten.
#[test]
fn every_branch_with_the_data_put_aside() {
    let us = OURS.cluster;
    let forgotten = || Err(Refusal::ForgottenVotes { past: OURS });
    let aside = |ids, fits| Err(Refusal::VotesAside { ids, fits });
    let added = Ids { member: ADDED, cluster: us };
    let to_join = Some(PastStart { ids: added, had_log: false, untouched: false, joined: true });
    let nobody = || [absent(), absent()];
    let table = [
        // A log counts whatever its ids are: those of a member that was added are no others'.
        (Log(OTHER), None, nobody(), aside(OTHER, false)),
        (Log(OTHER_MEMBER), None, nobody(), aside(OTHER_MEMBER, false)),
        (Log(OURS), None, nobody(), aside(OURS, true)),
        (Log(OURS), past(OURS, true, false), nobody(), aside(OURS, true)),
        (Log(OTHER), past(OURS, true, false), nobody(), forgotten()),
        (
            Log(OTHER),
            None,
            [serves(us, Listed::Unstarted(OURS.member)), absent()],
            Ok(StartDecision::Bootstrap),
        ),
        (WithoutLog, None, nobody(), Err(Refusal::DataWithoutLog)),
        (WithoutLog, None, [serves(us, Listed::Unstarted(OURS.member)), absent()], forgotten()),
        (
            WithoutLog,
            None,
            [serves(us, Listed::Learner(ADDED)), absent()],
            join(ADDED, us, Listed::Learner(ADDED)),
        ),
        (WithoutLog, past(OURS, false, false), nobody(), forgotten()),
        // A learner whose join came to nothing tries again; whoever has a vote does not.
        (WithoutLog, to_join, nobody(), Err(Refusal::NobodyToJoin { past: added })),
        (
            WithoutLog,
            to_join,
            [serves(us, Listed::Learner(ADDED)), absent()],
            join(ADDED, us, Listed::Learner(ADDED)),
        ),
        (
            WithoutLog,
            to_join,
            [serves(us, Listed::Unstarted(ADDED)), absent()],
            Err(Refusal::ForgottenVotes { past: added }),
        ),
        (
            WithoutLog,
            to_join,
            [serves(us, Listed::HasRun(ADDED)), absent()],
            Err(Refusal::DataLost { ids: added }),
        ),
        (
            Log(OURS),
            past(OURS, true, false),
            [serves(us, Listed::HasRun(OURS.member)), absent()],
            aside(OURS, true),
        ),
        (
            Log(OURS),
            past(OURS, true, false),
            [serves(us, Listed::Learner(ADDED)), absent()],
            join(ADDED, us, Listed::Learner(ADDED)),
        ),
        (
            Log(OURS),
            None,
            [serves(us, Listed::Unstarted(ADDED)), absent()],
            join(ADDED, us, Listed::Unstarted(ADDED)),
        ),
    ];
    for (data, past, states, expected) in table {
        let observed = Observed { set_aside: true, ..observed(data, past) };
        assert_eq!(decide(&observed, &peers(states.clone())), expected, "{data:?} {past:?} {states:?}");
    }
}

/// A member that is behind the cluster cannot join it, and one that is more than a minor ahead neither.
#[test]
fn joins_only_a_cluster_that_its_version_can_work_with() {
    let version = |minor| EtcdVersion { major: 3, minor, patch: 40 };
    for (cluster, ours, joins) in
        [(7, 7, true), (6, 7, true), (5, 7, false), (7, 6, false), (5, 6, true), (6, 5, false), (5, 5, true)]
    {
        let state = PeerState::Serves {
            cluster: LiveCluster { id: OURS.cluster, members: members(Listed::Unstarted(ADDED)) },
            removed: false,
            cluster_minor: Some(cluster),
        };
        let observed = Observed { etcd_version: version(ours), ..observed(Empty, None) };
        let decision = decide(&observed, &peers([state, absent()]));
        if joins {
            assert!(matches!(decision, Ok(StartDecision::Join(_))), "{cluster} {ours}: {decision:?}");
        } else {
            assert!(
                matches!(decision, Err(Refusal::Version { minor, .. }) if minor == cluster),
                "{decision:?}"
            );
        }
    }
}

/// Whatever is observed and answered, a member that may have voted never bootstraps, and one that has data and does not put it
/// aside never starts without.
#[test]
fn nobody_votes_twice() {
    let states = [
        absent(),
        PeerState::Waits,
        PeerState::Starts,
        unusable(),
        serves(OURS.cluster, Listed::Not),
        serves(OURS.cluster, Listed::Unstarted(OURS.member)),
        serves(OURS.cluster, Listed::Unstarted(ADDED)),
        serves(OURS.cluster, Listed::HasRun(OURS.member)),
        serves(OTHER.cluster, Listed::Not),
        serves(OTHER.cluster, Listed::Learner(ADDED)),
        removed_us(OURS.cluster, Listed::Not),
    ];
    for data in [Empty, WithoutLog, Log(OURS), Log(OTHER)] {
        for (had_log, untouched) in [(true, true), (true, false), (false, false)] {
            for one in &states {
                for two in &states {
                    for set_aside in [false, true] {
                        let observed =
                            Observed { set_aside, ..observed(data, past(OURS, had_log, untouched)) };
                        let decision = decide(&observed, &peers([one.clone(), two.clone()]));
                        let what = format!("{observed:?} {one:?} {two:?}: {decision:?}");
                        assert_ne!(decision, Ok(StartDecision::Bootstrap), "{what}");
                        if let Ok(StartDecision::Join(join)) = &decision {
                            assert_ne!(join.ids, OURS, "{what}");
                            assert!(set_aside || data == Empty, "{what}");
                        }
                    }
                }
            }
        }
    }
}

/// A machine that was rebuilt has a later bundle than the one that may have voted before it.
#[test]
fn without_the_right_to_bootstrap_a_member_only_joins() {
    let spent = || Observed { right: RightToBootstrap::Withheld, ..observed(Empty, None) };
    let founding = serves(OURS.cluster, Listed::Unstarted(OURS.member));
    for state in [absent(), PeerState::Waits, founding.clone()] {
        let decision = decide(&spent(), &peers([state.clone(), absent()]));
        assert_eq!(
            decision,
            Err(Refusal::NoRightToBootstrap { ids: OURS, of: None, is_listed: state == founding }),
            "{state:?}"
        );
        let first = decide(&observed(Empty, None), &peers([state, absent()]));
        assert_eq!(first, Ok(StartDecision::Bootstrap));
    }
    let expected = serves(OURS.cluster, Listed::Unstarted(ADDED));
    assert!(matches!(decide(&spent(), &peers([expected, absent()])), Ok(StartDecision::Join(_))));
    let resumed =
        Observed { right: RightToBootstrap::Withheld, ..observed(Log(OURS), past(OURS, true, false)) };
    assert_eq!(decide(&resumed, &peers([absent(), absent()])), Ok(StartDecision::Resume(OURS)));
}

/// A bundle that is kept for years does not make a rebuilt machine a founder.
#[test]
fn the_right_of_a_bundle_lapses() {
    let issued = OffsetDateTime::UNIX_EPOCH;
    let at = |days| RightToBootstrap::given_at(issued, issued + Duration::days(days));
    assert_eq!((at(0), at(30)), (RightToBootstrap::Given, RightToBootstrap::Given));
    assert_eq!(at(31), RightToBootstrap::Lapsed(issued));
    // Clocks differ by minutes; one that is behind by more tells nothing of the age of the right.
    let before = |minutes| RightToBootstrap::given_at(issued, issued - Duration::minutes(minutes));
    assert_eq!(before(10), RightToBootstrap::Given);
    let now = issued - Duration::minutes(11);
    assert_eq!(before(11), RightToBootstrap::ClockBehind { issued, now });
    let behind = Observed { right: before(11), ..observed(Empty, None) };
    assert_eq!(decide(&behind, &peers([absent(), absent()])), Err(Refusal::ClockBehind { issued, now }));
    let resumed = Observed { right: before(11), ..observed(Log(OURS), past(OURS, true, false)) };
    assert_eq!(decide(&resumed, &peers([absent(), absent()])), Ok(StartDecision::Resume(OURS)));
    let lapsed = Observed { right: at(31), ..observed(Empty, None) };
    let refusal = Refusal::NoRightToBootstrap { ids: OURS, of: Some(issued.date()), is_listed: false };
    assert_eq!(decide(&lapsed, &peers([absent(), absent()])), Err(refusal));
}

/// What is refused before anybody is asked is refused whatever they would have answered.
#[test]
fn what_the_data_refuses_no_answer_permits() {
    for data in [Empty, WithoutLog, Log(OURS), Log(OTHER)] {
        for past in [None, past(OURS, true, false), past(OURS, false, true), past(OTHER, true, false)] {
            let observed = observed(data, past);
            let Some(refusal) = refuse_by_data(&observed) else { continue };
            for state in [serves(OURS.cluster, Listed::Unstarted(ADDED)), absent()] {
                assert_eq!(
                    decide(&observed, &peers([state, absent()])),
                    Err(refusal.clone()),
                    "{observed:?}"
                );
            }
        }
    }
}
