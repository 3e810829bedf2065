//! This machine's clock against what was recorded with a time. Pure.
//!
//! A clock that went back is told by a record from later. One that is ahead cannot be told from a signing
//! host that was off for a year, so it is named and not refused.

use std::fmt;
use std::path::PathBuf;

use time::{Duration, OffsetDateTime};
use zone_pki::{ShowPath, instant};

/// By how much the clocks of machines that work together may differ: twice the five minutes by which
/// certificates are backdated.
pub const CLOCK_TOLERANCE: Duration = Duration::minutes(10);

/// Something that has been, with its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What it was, such as `the last certificate was issued`.
    pub what: &'static str,
    /// When.
    pub at: OffsetDateTime,
    /// Where this is recorded.
    pub file: PathBuf,
}

impl Recorded {
    /// Whether a clock that says `now` is wrong, or was wrong then.
    pub fn is_to_come(&self, now: OffsetDateTime) -> bool {
        is_behind(now, self.at)
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {} ({})", self.what, instant(self.at), self.file.shown())
    }
}

/// Whether a clock that says `now` is behind a time that has been, by more than clocks differ.
pub fn is_behind(now: OffsetDateTime, recorded: OffsetDateTime) -> bool {
    recorded - now > CLOCK_TOLERANCE
}
