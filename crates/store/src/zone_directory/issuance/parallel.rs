//! The same work for many holders, on as many threads as there are processors.

use host::beside;
use model::error::Result;

/// Fewer than this are done before a second thread has started.
const WORTH_A_THREAD: usize = 8;

/// What `work` makes of each item, in their order; or the first failure.
pub fn in_parallel<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> Result<U> + Sync) -> Result<Vec<U>> {
    let part_of = |part: &[T]| -> Result<Vec<U>> { part.iter().map(&work).collect() };
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if workers == 1 || items.len() < WORTH_A_THREAD {
        return part_of(items);
    }
    std::thread::scope(|scope| {
        let part_of = &part_of;
        let parts = items.chunks(items.len().div_ceil(workers));
        let running: Vec<_> = parts.map(|part| beside(scope, move || part_of(part))).collect();
        let mut made = Vec::with_capacity(items.len());
        for worker in running {
            made.extend(worker.join()?);
        }
        Ok(made)
    })
}
