//! Whose turn it is to start, when several members start together.

use std::time::Duration;

use zone_etcd::plan::{ANSWER_LIMIT, EXEC_GAP, GRACE, Glimpse, TURN_LIMIT, Turn, turn};

const NOW: Duration = Duration::ZERO;
const BEFORE: bool = true;
const AFTER: bool = false;

#[test]
fn every_branch() {
    let late = GRACE + Duration::from_millis(1);
    let table = [
        // All the others are down: the first in the list starts, the second gives the first a moment.
        (vec![(Glimpse::Absent, AFTER), (Glimpse::Absent, AFTER)], NOW, vec![]),
        (vec![(Glimpse::Absent, BEFORE), (Glimpse::Absent, AFTER)], NOW, vec![0]),
        (vec![(Glimpse::Absent, BEFORE), (Glimpse::Absent, AFTER)], late, vec![]),
        // Those before go first, as long as they wait; those after do not matter.
        (vec![(Glimpse::Waits, BEFORE), (Glimpse::Waits, AFTER)], late, vec![0]),
        (vec![(Glimpse::Settled, BEFORE), (Glimpse::Waits, AFTER)], NOW, vec![]),
        // Whoever starts is waited for, wherever it stands: it would be asked by etcd and say nothing.
        (vec![(Glimpse::Settled, BEFORE), (Glimpse::Starts, AFTER)], late, vec![1]),
        // Between the exec and etcd's own listener there is nobody at the port.
        (vec![(Glimpse::Gone(NOW), BEFORE)], late, vec![0]),
        (vec![(Glimpse::Gone(NOW), AFTER)], late, vec![0]),
        (vec![(Glimpse::Gone(EXEC_GAP), BEFORE)], late, vec![]),
        // Nothing was heard yet.
        (vec![(Glimpse::Pending, AFTER)], late, vec![0]),
        (vec![(Glimpse::Pending, AFTER)], ANSWER_LIMIT, vec![]),
        // A zone in which everybody serves keeps nobody waiting.
        (vec![(Glimpse::Settled, BEFORE), (Glimpse::Settled, AFTER)], NOW, vec![]),
        (vec![], NOW, vec![]),
    ];
    for (others, elapsed, waits) in table {
        let expected = if waits.is_empty() { Turn::Go } else { Turn::WaitFor(waits) };
        assert_eq!(turn(&others, elapsed), expected, "{others:?} after {elapsed:?}");
    }
}

/// Nothing keeps a member from starting for longer than the limit.
#[test]
fn nobody_waits_for_ever() {
    for glimpse in [
        Glimpse::Pending,
        Glimpse::Waits,
        Glimpse::Starts,
        Glimpse::Absent,
        Glimpse::Gone(NOW),
        Glimpse::Settled,
    ] {
        for before in [BEFORE, AFTER] {
            assert_eq!(turn(&[(glimpse, before)], TURN_LIMIT), Turn::Go, "{glimpse:?}");
        }
    }
}

/// Of members that all wait, exactly one may go: two would hold each other up, none would wait in vain.
#[test]
fn of_those_who_wait_one_goes() {
    for members in 2..9 {
        let free = (0..members).filter(|own| {
            let others: Vec<(Glimpse, bool)> = (0..members)
                .filter(|other| other != own)
                .map(|other| (Glimpse::Waits, other < *own))
                .collect();
            turn(&others, GRACE) == Turn::Go
        });
        assert_eq!(free.collect::<Vec<usize>>(), [0]);
    }
}
