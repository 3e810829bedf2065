//! What the clients of a load noted. Times count from the start of the load.

use std::time::Duration;

use operations::event::Event;

/// Everything that was noted in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// From when on every client had been answered. What was before is the price of connecting, and is not
    /// counted.
    pub steady: Duration,
    /// When the last client had ended.
    pub ended: Duration,
    /// What happened to the zone, in order.
    pub events: Vec<TimedEvent>,
    pub writers: Vec<Track>,
    pub reader: Track,
    /// When a read did not return what had been acknowledged before it began.
    pub stale_reads: Vec<Duration>,
}

/// An event, and when it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedEvent {
    pub at: Duration,
    pub event: Event,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    pub client: &'static str,
    /// The requests that were answered, in order.
    pub answered: Vec<Answered>,
    /// The tries that failed, whatever became of their requests.
    pub failed_tries: Vec<FailedTry>,
    /// The requests that never succeeded.
    pub given_up: Vec<GivenUp>,
}

/// A request that was answered. For a writer: a write that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its number, from 0.
    pub number: u64,
    /// When its first try began.
    pub began: Duration,
    pub at: Duration,
    /// How many tries it took, the last included.
    pub tries: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTry {
    pub at: Duration,
    /// The short name of the node that was asked.
    pub node: String,
    pub why: String,
}

/// A request that was tried until its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    pub number: u64,
    pub at: Duration,
}
