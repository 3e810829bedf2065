//! Snapshots, by their age.

use std::time::Duration;

use time::OffsetDateTime;

use crate::{CheckId, Finding, Verdict};
use store::snapshot::LatestSnapshots;

/// The timer takes one a day, at an instant that may shift by six hours.
const GOOD: Duration = Duration::from_secs(48 * 3600);
/// The timer restores one a week for a try.
const DRILLED: Duration = Duration::from_secs(15 * 86_400);

/// Whether there is one to go back to, and whether it is known to restore. `propose` makes a command of ours
/// one for this zone.
pub fn age(latest: LatestSnapshots, now: OffsetDateTime, propose: impl Fn(&str) -> String) -> Finding {
    let finding = |verdict, found: String| Finding::new(CheckId::SnapshotAge, verdict, "snapshots", found);
    let Some(good) = latest.good else {
        return finding(Verdict::Note, "no good one is here".to_owned()).remedy(format!(
            "take one, and every day by zone-etcd-snapshot.timer: {}",
            propose("snapshot save")
        ));
    };
    let taken = format!("the last good one was taken {} ago", shown(now - good));
    if now - good > GOOD {
        return finding(Verdict::Warning, taken).remedy(format!("take one: {}", propose("snapshot save")));
    }
    let verify = || format!("restore one for a try: {}", propose("snapshot verify"));
    match latest.drilled {
        None => finding(Verdict::Note, format!("{taken}; none was restored for a try")).remedy(verify()),
        Some(drilled) => {
            let found = format!("{taken}; a drill passed {} ago", shown(now - drilled));
            match now - drilled > DRILLED {
                true => finding(Verdict::Warning, found).remedy(verify()),
                false => finding(Verdict::Passed, found),
            }
        }
    }
}

/// In the largest unit.
pub fn shown(age: time::Duration) -> String {
    match age {
        age if age.whole_days() > 1 => format!("{} days", age.whole_days()),
        age if age.whole_hours() > 1 => format!("{} hours", age.whole_hours()),
        age => format!("{} minutes", age.whole_minutes().max(0)),
    }
}
