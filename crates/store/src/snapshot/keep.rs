//! Which snapshots are kept. Pure.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use time::OffsetDateTime;

/// How many are kept. What one of them keeps, the others do not take away; with none of them all are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The newest.
    pub last: Option<u32>,
    /// The newest of each day (UTC) of so many on which there is one.
    pub daily: Option<u32>,
    /// The same by weeks, which begin on Mondays.
    pub weekly: Option<u32>,
}

impl Keep {
    /// The places of those that are not kept; of two of the same second the later is the newer. The newest is
    /// always kept.
    pub fn superseded(self, taken: &[OffsetDateTime]) -> Vec<usize> {
        if self == Self::default() {
            return Vec::new();
        }
        let mut newest_first: Vec<usize> = (0..taken.len()).collect();
        newest_first.sort_by_key(|place| Reverse((taken[*place], *place)));
        let mut kept: BTreeSet<usize> = newest_first.iter().copied().take(1).collect();
        let number = |count: Option<u32>| count.unwrap_or_default() as usize;
        kept.extend(newest_first.iter().take(number(self.last)));
        let mut first_of = |count, period: fn(OffsetDateTime) -> i32| {
            let mut seen = BTreeSet::new();
            let firsts = newest_first.iter().filter(|place| seen.insert(period(taken[**place])));
            kept.extend(firsts.take(count));
        };
        first_of(number(self.daily), day);
        first_of(number(self.weekly), |at| (day(at)).div_euclid(7));
        newest_first.into_iter().filter(|place| !kept.contains(place)).collect()
    }
}

/// Julian days begin their weeks on Mondays.
fn day(at: OffsetDateTime) -> i32 {
    at.to_offset(time::UtcOffset::UTC).date().to_julian_day()
}
