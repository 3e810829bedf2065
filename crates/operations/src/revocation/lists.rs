//! How the revocation lists change, and what that rests on.

use std::path::PathBuf;

use time::OffsetDateTime;
use zone_pki::{LogEntry, RevocationReason, ShowPath};

use super::target::Target;
use super::trial::Trial;
use model::error::Result;
use store::bundle::bundled_certificates;
use store::zone_directory::{
    AdoptedList, RebuiltList, Targeted, ZoneDirectory, ZoneLock, adopt_list, find_issued, rebuild_lists,
    revoke,
};

/// How the revocation lists change.
pub enum ListChange<'r> {
    /// What was issued to a target is put on them.
    Revoke {
        /// What.
        target: &'r Target,
        /// Why.
        reason: RevocationReason,
    },
    /// Those that cannot be used are made again of what is recorded.
    Rebuild,
    /// What these lists have is taken over.
    Adopt(&'r [PathBuf]),
}

/// What the records have now.
#[derive(Default)]
pub(super) struct Recorded {
    pub(super) targeted: Targeted,
    pub(super) rebuilt: Vec<RebuiltList>,
    pub(super) adopted: Vec<AdoptedList>,
    pub(super) trials: Vec<Trial>,
    pub(super) is_nothing_rebuilt: bool,
}

impl<'r> ListChange<'r> {
    /// What is revoked.
    pub(super) fn target(&self) -> Option<&'r Target> {
        match *self {
            ListChange::Revoke { target, .. } => Some(target),
            ListChange::Rebuild | ListChange::Adopt(_) => None,
        }
    }

    /// What was issued to the target, as far as anything in the zone directory knows of it.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn issued(&self, zone: &ZoneDirectory, now: OffsetDateTime) -> Result<Targeted> {
        let Some(target) = self.target() else { return Ok(Targeted::default()) };
        find_issued(zone, &target.records, || bundled_certificates(&zone.paths), now)
    }

    /// Records it, and writes the lists.
    pub(super) fn record(
        &self,
        zone: &ZoneDirectory,
        held: &ZoneLock,
        now: OffsetDateTime,
    ) -> Result<Recorded> {
        let mut recorded = Recorded::default();
        match *self {
            ListChange::Revoke { reason, .. } => {
                recorded.targeted = self.issued(zone, now)?;
                // Their keys are read before another generation takes the place of theirs.
                recorded.trials = Trial::load_all(zone, &recorded.targeted);
                revoke(zone, &recorded.targeted.live, reason, now, held)?;
            }
            ListChange::Rebuild => {
                recorded.rebuilt = rebuild_lists(zone, now, held)?;
                recorded.is_nothing_rebuilt = recorded.rebuilt.is_empty();
            }
            ListChange::Adopt(lists) => {
                for list in lists {
                    // Each is compared with what the one before has left.
                    recorded.adopted.push(adopt_list(zone, list, &held.authorities(now)?, now)?);
                }
            }
        }
        Ok(recorded)
    }

    /// What [`record`](Self::record) would do.
    pub(super) fn list(&self, zone: &ZoneDirectory, now: OffsetDateTime) -> Result<Vec<String>> {
        Ok(match *self {
            ListChange::Revoke { reason, .. } => {
                let targeted = self.issued(zone, now)?;
                let row = |entry: &LogEntry| {
                    format!(
                        "{} of {}, serial {}: recorded as revoked, {reason}",
                        entry.role, entry.node, entry.serial
                    )
                };
                let mut rows: Vec<String> = targeted.live.iter().map(row).collect();
                if !targeted.revoked.is_empty() {
                    rows.push(format!("{} recorded before: the lists are compared", targeted.revoked.len()));
                }
                rows
            }
            ListChange::Rebuild => vec!["lists that cannot be used are made again".to_owned()],
            ListChange::Adopt(lists) => {
                let row = |list: &PathBuf| format!("what {} has is put on the zone's list", list.shown());
                lists.iter().map(row).collect()
            }
        })
    }
}
