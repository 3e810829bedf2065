//! Work for very many nodes: in batches, with a progress bar.

use indicatif::{ProgressBar, ProgressStyle};

/// Nodes that are written as one step: memory and the number of open files stay small, and one sync serves
/// them all.
pub const BATCH: usize = 64;
/// A bar for less than this would be gone before it is seen.
const WORTH_A_BAR: usize = 200;

/// A bar for so many nodes, beginning with what is being done.
pub fn progress_bar(doing: &str, count: usize) -> ProgressBar {
    if count < WORTH_A_BAR {
        return ProgressBar::hidden();
    }
    // It draws on standard error, and nothing where that is no terminal.
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style).with_prefix(doing.to_owned())
}
