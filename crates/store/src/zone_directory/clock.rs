//! The clock of the signing host against the logs of the zone, which have a time in each record.
//!
//! The last record of each log counts, and not the greatest time in it: once something is issued at the right
//! time, what was issued with a clock that was ahead stops no command.

use time::OffsetDateTime;
use zone_pki::{IssuanceLog, LogError, instant};

use crate::zone_directory::ZoneDirectory;
use crate::zone_directory::failures::issuance_log_failure;
use model::error::{Exit, Failure, Result};
use model::formats::BundleRecord;
use model::plan::Recorded;
use model::report;

/// What the logs tell of the time.
struct Logs {
    last: Recorded,
    /// When the last of the certificates ends that were issued lately.
    end: Option<OffsetDateTime>,
}

impl ZoneDirectory {
    /// Sets whether the operator says that the clock is right, whatever is recorded.
    pub fn with_clock_said_right(self, clock_is_right: bool) -> Self {
        Self { clock_is_right, ..self }
    }

    /// Whether the operator says so.
    pub(in crate::zone_directory) fn clock_is_said_right(&self) -> bool {
        self.clock_is_right
    }

    /// The last thing that is recorded to have been done here. Logs that cannot be read are told of by who
    /// writes to them.
    pub fn last_recorded(&self) -> Option<Recorded> {
        self.logs().ok()?.map(|logs| logs.last)
    }

    /// Names a clock that is behind what is recorded, or so far ahead that every certificate would have
    /// ended.
    pub fn warn_of_clock(&self) {
        let now = OffsetDateTime::now_utc();
        let Ok(Some(Logs { last, end })) = self.logs() else { return };
        if last.is_to_come(now) {
            report::warning(&format!("{BEHIND}: it says {}, and {last}", instant(now)));
        } else if end.is_some_and(|end| end < now) {
            report::warning(&format!(
                "by this machine's clock, which says {}, every certificate that was issued last has ended, \
                 and {last}: if that is not so, set the clock",
                instant(now)
            ));
        }
    }

    /// Refuses to issue, sign, revoke or bundle anything while the clock is behind what is recorded: it would
    /// pass for older than what it follows on. The clock is read again, since an operation may take longer
    /// than clocks differ.
    pub fn refuse_clock_behind(&self) -> Result<()> {
        let now = OffsetDateTime::now_utc();
        let logs = self.logs().map_err(|error| issuance_log_failure(&self.paths, &error))?;
        let Some(Logs { last, .. }) = logs.filter(|logs| logs.last.is_to_come(now) && !self.clock_is_right)
        else {
            return Ok(());
        };
        Err(Failure::new(Exit::TryAgain, BEHIND)
            .because(format!("this machine's clock says {}", instant(now)))
            .because(last.to_string())
            .next(
                "set the clock (timedatectl set-ntp true, or chronyc makestep) and run the command again; \
                 only if the clock is right and the record is not: run it with --clock-is-right",
            ))
    }

    fn logs(&self) -> std::result::Result<Option<Logs>, LogError> {
        let issued = IssuanceLog::open(self.paths.issuance_log())?.tail()?;
        let end = issued.iter().map(|entry| entry.not_after).max();
        let certificate = issued.last().map(|entry| match entry.revoked {
            Some(mark) => ("the last certificate was revoked", mark.at),
            None => ("the last certificate was issued", entry.issued_at),
        });
        let bundles = BundleRecord::log(&self.paths)?.tail()?;
        let bundle = bundles.last().map(|record| ("the last bundle was made", record.issued_at));
        let recorded = [
            certificate.map(|(what, at)| Recorded { what, at, file: self.paths.issuance_log() }),
            bundle.map(|(what, at)| Recorded { what, at, file: self.paths.bundle_log() }),
        ];
        let last = recorded.into_iter().flatten().max_by_key(|recorded| recorded.at);
        Ok(last.map(|last| Logs { last, end }))
    }
}

const BEHIND: &str = "this machine's clock is behind what is recorded";
