//! Medians and percentiles: a mean would let one disturbed run decide.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Durations in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds one.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(milliseconds(duration));
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The smallest that is not exceeded by `percent` of them, by nearest rank; 0 for none.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or(0.0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Each less the one of `other` that was measured beside it.
    pub fn less(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(ours, theirs)| ours - theirs).collect())
    }

    /// Each divided by the same number, for a duration that covers several of a kind.
    pub fn divided_by(&self, count: usize) -> Self {
        Self(self.0.iter().map(|duration| duration / count as f64).collect())
    }
}

/// How long a call takes, with what it returns.
pub fn timed<T>(call: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let value = call();
    (started.elapsed(), value)
}

/// The processor time that all children which have ended took, in user and kernel.
pub fn processor_time_of_children() -> crate::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| {
        Duration::new(
            u64::try_from(time.tv_sec()).unwrap_or_default(),
            u32::try_from(time.tv_usec() * 1000).unwrap_or_default(),
        )
    };
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// A duration as a number.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
