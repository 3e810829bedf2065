//! The start decision, every branch of it.

use zone_etcd::plan::{DataDirectory, EtcdId, Ids, Observed, PastStart, Refusal, StartDecision, decide};

const OURS: Ids = Ids { member: EtcdId(1), cluster: EtcdId(2) };
const OTHER: Ids = Ids { member: EtcdId(3), cluster: EtcdId(4) };
/// The same member in another cluster, and another member of the same: neither is us.
const OTHER_CLUSTER: Ids = Ids { member: EtcdId(1), cluster: EtcdId(4) };
const OTHER_MEMBER: Ids = Ids { member: EtcdId(3), cluster: EtcdId(2) };

const fn past(ids: Ids, had_log: bool, untouched: bool, same_directory: bool) -> Option<PastStart> {
    Some(PastStart { ids, had_log, untouched, same_directory })
}

#[test]
fn every_branch() {
    use DataDirectory::{Empty, Log, WithoutLog};
    let resume = |ids| Ok(StartDecision::Resume(ids));
    let bootstrap = Ok(StartDecision::Bootstrap);
    let forgotten = Err(Refusal::ForgottenVotes { past: OURS });
    let foreign = |found| Err(Refusal::ForeignData { found, expected: OURS });
    let other = |found| Err(Refusal::OtherCluster { found, expected: OURS });
    let table = [
        // Nothing is known of an earlier start.
        (Empty, None, bootstrap),
        (WithoutLog, None, bootstrap),
        (Log(OURS), None, resume(OURS)),
        (Log(OTHER), None, other(OTHER)),
        (Log(OTHER_CLUSTER), None, other(OTHER_CLUSTER)),
        (Log(OTHER_MEMBER), None, other(OTHER_MEMBER)),
        // A log: it is this member's, or it is not.
        (Log(OURS), past(OURS, true, false, true), resume(OURS)),
        (Log(OURS), past(OURS, false, false, true), resume(OURS)),
        (Log(OURS), past(OURS, true, false, false), resume(OURS)),
        (Log(OTHER), past(OURS, true, false, true), foreign(OTHER)),
        (Log(OTHER_CLUSTER), past(OURS, true, false, true), foreign(OTHER_CLUSTER)),
        (Log(OTHER_MEMBER), past(OURS, false, false, true), foreign(OTHER_MEMBER)),
        // A member that joined or was recovered has other ids than the description predicts; the last start counts.
        (Log(OTHER), past(OTHER, true, false, true), resume(OTHER)),
        // Empty: only the very directory of a start that came to nothing.
        (Empty, past(OURS, false, true, true), bootstrap),
        (Empty, past(OURS, false, false, true), forgotten),
        (Empty, past(OURS, false, false, false), forgotten),
        (Empty, past(OURS, true, true, true), forgotten),
        (Empty, past(OURS, true, false, false), forgotten),
        // Files without a log: etcd ended before its log was in place.
        (WithoutLog, past(OURS, false, false, true), bootstrap),
        (WithoutLog, past(OURS, false, true, true), bootstrap),
        (WithoutLog, past(OURS, false, false, false), forgotten),
        (WithoutLog, past(OURS, true, false, true), forgotten),
        (WithoutLog, past(OURS, true, false, false), forgotten),
    ];
    for (data, past, expected) in table {
        let observed = Observed { data, past, predicted: OURS };
        assert_eq!(decide(observed), expected, "{observed:?}");
    }
}

/// Whatever is observed, a member that had a log never bootstraps.
#[test]
fn a_member_that_had_a_log_never_bootstraps() {
    for data in
        [DataDirectory::Empty, DataDirectory::WithoutLog, DataDirectory::Log(OURS), DataDirectory::Log(OTHER)]
    {
        for (untouched, same_directory) in [(false, false), (false, true), (true, true)] {
            let observed =
                Observed { data, past: past(OURS, true, untouched, same_directory), predicted: OURS };
            assert_ne!(decide(observed), Ok(StartDecision::Bootstrap), "{observed:?}");
        }
    }
}
