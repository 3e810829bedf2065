//! The pages of `docs/`, inside the program, so that a node has them without the repository.

mod files;
mod pages;
mod rendered;

pub use files::{FILES, File};
pub use pages::{Page, TOPICS, Topic, explain_command, names, page, page_at, problems};
pub use rendered::rendered;
