//! Whose turn it is to start, when several members start together.

use std::time::Duration;

use model::plan::{ANSWER_LIMIT, EXEC_GAP, GRACE, LastSeen, START_ORDER_LIMIT, StartOrder, start_order};

const NOW: Duration = Duration::ZERO;
const BEFORE: bool = true;
const AFTER: bool = false;

#[test]
fn every_branch() {
    let late = GRACE + Duration::from_millis(1);
    let table = [
        // All the others are down: the first in the list starts, the second gives the first a moment.
        (vec![(LastSeen::Absent, AFTER), (LastSeen::Absent, AFTER)], NOW, vec![]),
        (vec![(LastSeen::Absent, BEFORE), (LastSeen::Absent, AFTER)], NOW, vec![0]),
        (vec![(LastSeen::Absent, BEFORE), (LastSeen::Absent, AFTER)], late, vec![]),
        // Those before go first, as long as they wait; those after do not matter.
        (vec![(LastSeen::Waits, BEFORE), (LastSeen::Waits, AFTER)], late, vec![0]),
        (vec![(LastSeen::Settled, BEFORE), (LastSeen::Waits, AFTER)], NOW, vec![]),
        // Whoever starts is waited for, wherever it stands: it would be asked by etcd and say nothing.
        (vec![(LastSeen::Settled, BEFORE), (LastSeen::Starts, AFTER)], late, vec![1]),
        // Between the exec and etcd's own listener there is nobody at the port.
        (vec![(LastSeen::Gone(NOW), BEFORE)], late, vec![0]),
        (vec![(LastSeen::Gone(NOW), AFTER)], late, vec![0]),
        (vec![(LastSeen::Gone(EXEC_GAP), BEFORE)], late, vec![]),
        // Nothing was heard yet.
        (vec![(LastSeen::Pending, AFTER)], late, vec![0]),
        (vec![(LastSeen::Pending, AFTER)], ANSWER_LIMIT, vec![]),
        // The first answer ends etcd's question, so it does not matter what those behind do, but for what
        // they may have to say.
        (vec![(LastSeen::Founds, BEFORE), (LastSeen::Waits, BEFORE), (LastSeen::Starts, AFTER)], NOW, vec![]),
        (
            vec![(LastSeen::Founds, BEFORE), (LastSeen::Gone(NOW), BEFORE), (LastSeen::Absent, BEFORE)],
            NOW,
            vec![],
        ),
        (vec![(LastSeen::Founds, BEFORE), (LastSeen::Pending, AFTER)], NOW, vec![1]),
        (vec![(LastSeen::Waits, BEFORE), (LastSeen::Founds, BEFORE)], NOW, vec![0]),
        (vec![(LastSeen::Starts, AFTER), (LastSeen::Founds, AFTER)], late, vec![0]),
        // A zone in which everybody serves keeps nobody waiting.
        (vec![(LastSeen::Settled, BEFORE), (LastSeen::Settled, AFTER)], NOW, vec![]),
        (vec![], NOW, vec![]),
    ];
    for (others, elapsed, waits) in table {
        let expected = if waits.is_empty() { StartOrder::Go } else { StartOrder::WaitFor(waits) };
        assert_eq!(start_order(&others, elapsed), expected, "{others:?} after {elapsed:?}");
    }
}

/// Nothing keeps a member from starting for longer than the limit.
#[test]
fn nobody_waits_for_ever() {
    for seen in [
        LastSeen::Pending,
        LastSeen::Waits,
        LastSeen::Starts,
        LastSeen::Absent,
        LastSeen::Gone(NOW),
        LastSeen::Settled,
        LastSeen::Founds,
    ] {
        for before in [BEFORE, AFTER] {
            assert_eq!(start_order(&[(seen, before)], START_ORDER_LIMIT), StartOrder::Go, "{seen:?}");
        }
    }
}

/// Of members that all wait, exactly one may go: two would hold each other up, none would wait in vain.
#[test]
fn of_those_who_wait_one_goes() {
    for members in 2..9 {
        let free = (0..members).filter(|own| {
            let others: Vec<(LastSeen, bool)> = (0..members)
                .filter(|other| other != own)
                .map(|other| (LastSeen::Waits, other < *own))
                .collect();
            start_order(&others, GRACE) == StartOrder::Go
        });
        assert_eq!(free.collect::<Vec<usize>>(), [0]);
    }
}

/// As soon as the first serves, nobody waits any more.
#[test]
fn all_found_with_the_first() {
    for members in 2..9 {
        for own in 1..members {
            let others: Vec<(LastSeen, bool)> = (0..members)
                .filter(|other| *other != own)
                .map(|other| (if other == 0 { LastSeen::Founds } else { LastSeen::Waits }, other < own))
                .collect();
            assert_eq!(start_order(&others, NOW), StartOrder::Go, "{own} of {members}");
        }
    }
}
