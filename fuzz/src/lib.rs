//! What the fuzz targets share. A target is a file in `src/bin`; `scripts/fuzz` builds and runs them.

pub mod bundle;
pub mod file;
mod memory;
pub mod pem;

use model::config::Problem;

/// What is told of a text: at least one problem, each at a place that is in it, and each can be printed.
pub fn check_problems(text: &str, problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a reason");
    let lines = text.matches('\n').count() + 1;
    for problem in problems {
        if let Some(place) = problem.location {
            assert!((1..=lines).contains(&place.line) && place.column >= 1, "{place:?} is not in the text");
        }
        problem.render("file");
    }
}
