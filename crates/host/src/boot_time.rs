//! Time that goes on while this machine is suspended.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Since the machine was started, suspended or not: what etcd counts for a lease goes on meanwhile.
/// [`std::time::Instant`] stands still.
pub fn since_boot() -> Duration {
    // The clock is there since Linux 2.6.39. Without it, everything has lapsed.
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::MAX, Duration::from)
}
