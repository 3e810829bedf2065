//! The start decision, every branch of it.

use zone_etcd::plan::{DataDirectory, EtcdId, Ids, Observed, PastStart, Refusal, StartDecision, decide};

const OURS: Ids = Ids { member: EtcdId(1), cluster: EtcdId(2) };
const OTHER: Ids = Ids { member: EtcdId(3), cluster: EtcdId(4) };
/// The same member in another cluster, and another member of the same: neither is us.
const OTHER_CLUSTER: Ids = Ids { member: EtcdId(1), cluster: EtcdId(4) };
const OTHER_MEMBER: Ids = Ids { member: EtcdId(3), cluster: EtcdId(2) };

const fn past(ids: Ids, had_log: bool, untouched: bool) -> Option<PastStart> {
    Some(PastStart { ids, had_log, untouched })
}

#[test]
fn every_branch() {
    use DataDirectory::{Empty, Log, WithoutLog};
    let resume = |ids| Ok(StartDecision::Resume(ids));
    let bootstrap = Ok(StartDecision::Bootstrap);
    let forgotten = Err(Refusal::ForgottenVotes { past: OURS });
    let foreign = |found| Err(Refusal::ForeignData { found, expected: OURS });
    let other = |found| Err(Refusal::OtherCluster { found, expected: OURS });
    let second = Err(Refusal::SecondCluster { founded: OTHER.cluster, predicted: OURS });
    let (nobody, ours, theirs) = (None, Some(OURS.cluster), Some(OTHER.cluster));
    let table = [
        // Nothing is known of an earlier start.
        (Empty, None, nobody, bootstrap),
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
        (Empty, past(OURS, false, true), nobody, bootstrap),
        (Empty, past(OURS, false, false), nobody, forgotten),
        (Empty, past(OURS, true, true), nobody, forgotten),
        (Empty, past(OURS, true, false), nobody, forgotten),
        // Files without a log: what they were of, nobody can tell.
        (WithoutLog, past(OURS, false, true), nobody, forgotten),
        (WithoutLog, past(OURS, false, false), nobody, forgotten),
        (WithoutLog, past(OURS, true, false), nobody, forgotten),
        // The zone has a cluster: a member without data founds no other, and one with data is no concern of it.
        (Empty, None, ours, bootstrap),
        (Empty, None, theirs, second),
        (Empty, past(OURS, false, true), theirs, second),
        (Empty, past(OURS, true, false), theirs, forgotten),
        (Log(OURS), past(OURS, true, false), theirs, resume(OURS)),
    ];
    for (data, past, founded, expected) in table {
        let observed = Observed { data, past, predicted: OURS, founded };
        assert_eq!(decide(observed), expected, "{observed:?}");
    }
}

/// Whatever is observed, a member that had a log never bootstraps.
#[test]
fn a_member_that_had_a_log_never_bootstraps() {
    for data in
        [DataDirectory::Empty, DataDirectory::WithoutLog, DataDirectory::Log(OURS), DataDirectory::Log(OTHER)]
    {
        for untouched in [false, true] {
            let observed =
                Observed { data, past: past(OURS, true, untouched), predicted: OURS, founded: None };
            assert_ne!(decide(observed), Ok(StartDecision::Bootstrap), "{observed:?}");
        }
    }
}
