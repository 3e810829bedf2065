//! What the disks of a node show, and what is written to them.

use super::*;

/// What a node shows, by its disks.
#[test]
fn every_row_of_what_is_shown() {
    let lost = Ok(LocalState::Lost(LostLog { ids: OURS, join_failed: false, set_aside: false }));
    let another = Some(Nonce(8));
    let attempted = past(Phase::Attempted(R));
    let table = [
        (disk(Empty, None, None), Ok(LocalState::Nothing)),
        (disk(Empty, None, Some(R)), Ok(LocalState::Nothing)),
        (disk(Empty, past(Phase::Committed), None), Ok(LocalState::Committed(OURS))),
        (disk(Empty, past(Phase::Committed), Some(R)), Ok(LocalState::Committed(OURS))),
        (disk(Empty, attempted, Some(R)), Ok(LocalState::Attempted(OURS))),
        (disk(Empty, attempted, None), lost.clone()),
        (DiskState { noted: Some(NOTED), ..disk(Empty, attempted, Some(R)) }, lost.clone()),
        (disk(Empty, attempted, another), lost.clone()),
        (disk(WithoutLog, attempted, Some(R)), lost.clone()),
        (disk(Empty, past(Phase::Ran), None), lost.clone()),
        (disk(Empty, past(Phase::Unknown), Some(R)), lost.clone()),
        (disk(WithoutLog, past(Phase::Ran), None), lost),
        (disk(Log(OURS), attempted, Some(R)), Ok(LocalState::Log(OURS))),
        (disk(Log(OURS), past(Phase::Ran), None), Ok(LocalState::Log(OURS))),
        (disk(Log(OURS), past(Phase::Unknown), None), Ok(LocalState::Log(OURS))),
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
        assert_eq!(local_state(&disk, SaidOfData::default(), OURS, false), expected, "{disk:?}");
    }
}

#[test]
fn the_operator_answers_for_data_and_the_only_member_for_itself() {
    let current = SaidOfData { is_current: true, ..SaidOfData::default() };
    let (log, ran) = (Ok(LocalState::Log(OURS)), past(Phase::Ran));
    for unknown in [None, past(Phase::Committed), past(Phase::Attempted(R))] {
        assert_eq!(local_state(&disk(Log(OURS), unknown, None), current, OURS, false), log, "{unknown:?}");
    }
    assert_eq!(local_state(&disk(Log(OURS), None, None), SaidOfData::default(), OURS, true), log);
    // An older copy is none whatever is said of it, unless it is all that the zone has.
    let older = DiskState {
        noted: Some(NOTED),
        position: Some(LogPosition { commit: 19, ..NOTED }),
        ..disk(Log(OURS), ran, None)
    };
    let accept = SaidOfData { accept_older: true, ..current };
    for (said, alone) in [(current, false), (accept, false), (current, true)] {
        assert!(
            matches!(local_state(&older, said, OURS, alone), Err(Refusal::OlderLog { .. })),
            "{said:?} {alone}"
        );
    }
    assert_eq!(local_state(&older, accept, OURS, true), log);
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

/// Each record is there before it is relied on, and a nonce is not replaced while `state.json` demands it.
#[test]
fn what_is_written_is_written_in_order() {
    let state = |phase| Write::State { ids: OURS, phase, joins: false };
    let nothing = observed(disk(Empty, None, None));
    let fresh = Nonce(9);
    assert_eq!(
        writes(&nothing, LocalState::Nothing, &Step::Commit, fresh),
        [Write::DataDirectory, state(Phase::Committed)]
    );
    let bootstrap = Step::Start(StartDecision::Bootstrap);
    let attempt = [Write::DataDirectory, Write::Nonce(fresh), state(Phase::Attempted(fresh))];
    let committed = observed(disk(Empty, past(Phase::Committed), None));
    assert_eq!(writes(&committed, LocalState::Committed(OURS), &bootstrap, fresh), attempt);
    let again = [vec![state(Phase::Committed)], attempt.to_vec()].concat();
    assert_eq!(writes(&committed, LocalState::Attempted(OURS), &bootstrap, fresh), again);
    let resumed = writes(
        &observed(disk(Log(OURS), past(Phase::Ran), None)),
        LocalState::Log(OURS),
        &Step::Start(StartDecision::Resume(OURS)),
        fresh,
    );
    assert_eq!(resumed, [Write::SyncLog, Write::Note(OURS), state(Phase::Ran), Write::RemoveNonce]);
    let accepted = SaidOfData { accept_older: true, ..SaidOfData::default() };
    let resumed = writes(
        &Observation { said: accepted, ..observed(disk(Log(OURS), past(Phase::Ran), None)) },
        LocalState::Log(OURS),
        &Step::Start(StartDecision::Resume(OURS)),
        fresh,
    );
    assert_eq!(resumed[1], Write::NoteAnew(OURS), "the next start is not refused again");
}
