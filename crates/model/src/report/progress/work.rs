//! Work of a known extent, and how long the rest of it will take.

use std::time::{Duration, Instant};

use bytesize::ByteSize;
use indicatif::HumanDuration;

/// What is done sooner needs no line.
const LATE: Duration = Duration::from_secs(1);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, told in KiB, MiB and so on.
    Bytes,
    /// Things of this name, in the plural: `nodes`. Each takes as long as any other.
    Of(&'static str),
    /// Seconds until this is given up, unless it ends before.
    SecondsAtMost,
    /// Steps, of which no two are alike.
    Steps,
}

#[derive(Debug)]
pub(super) struct Work {
    /// When it began, which tells it from others.
    pub(super) begun: Instant,
    pub(super) doing: String,
    pub(super) unit: Unit,
    pub(super) done: u64,
    pub(super) all: u64,
    /// When `done` grew last.
    pub(super) since: Instant,
    /// What was told last.
    pub(super) now: String,
}

impl Work {
    pub(super) fn is_shown(&self) -> bool {
        self.begun.elapsed() >= LATE
    }

    /// How far it is, and when it will have ended.
    pub(super) fn text(&self) -> String {
        let iec = |bytes| ByteSize::b(bytes).display().iec();
        let done = match self.unit {
            Unit::Bytes => format!("{} of {}", iec(self.done), iec(self.all)),
            Unit::Of(things) => format!("{} of {} {things}", self.done, self.all),
            Unit::SecondsAtMost => format!("{} of at most {} s", self.done, self.all),
            Unit::Steps => format!("{} of {} steps", self.done, self.all),
        };
        let now = if self.now.is_empty() { String::new() } else { format!(": {}", self.now) };
        match self.unit {
            Unit::SecondsAtMost => format!("{} {done}{now}", self.doing),
            _ => format!("{} {done}, {}{now}", self.doing, self.estimate()),
        }
    }

    /// Before the text of work within it.
    pub(super) fn briefly(&self) -> String {
        format!("{} {}/{}, ", self.doing, self.done, self.all)
    }

    /// As long for each that is left as for each that is done. It counts down until the next is done.
    fn estimate(&self) -> String {
        let taken = self.since - self.begun;
        if self.done == 0 || self.unit == Unit::Steps {
            return format!("{} so far", HumanDuration(self.begun.elapsed()));
        }
        let left = self.all.saturating_sub(self.done);
        let whole = taken.as_secs_f64() / self.done as f64 * left as f64 - self.since.elapsed().as_secs_f64();
        let left = Duration::try_from_secs_f64(whole).unwrap_or_default().max(Duration::from_secs(1));
        format!("about {} left", HumanDuration(left))
    }
}
