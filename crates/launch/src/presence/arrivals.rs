//! When another start connects here: that start is asked at once then, instead of at the next look.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How many starts have called here since this one listens. Clones count the same.
#[derive(Clone, Debug, Default)]
pub struct Arrivals(Arc<(Mutex<u64>, Condvar)>);

impl Arrivals {
    pub(super) fn count_one(&self) {
        let (count, changed) = &*self.0;
        *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        changed.notify_all();
    }

    pub(super) fn so_far(&self) -> u64 {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there are others than `known`, for so long at most.
    pub(super) fn wait(&self, known: u64, at_most: Duration) {
        let (count, changed) = &*self.0;
        let count = count.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = changed.wait_timeout_while(count, at_most, |count| *count == known);
    }
}
