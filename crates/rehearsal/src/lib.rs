//! A long operation tried on a throwaway zone, under clients that count what it costs them.

mod client;
mod connections;
pub mod development;
mod drill;
mod figures;
mod goal;
mod history;
mod keys;
mod load;
mod measurement;
mod reader;
mod report;
mod supervision;
mod target;
mod temporary_zone;
mod verification;
mod writer;

pub use drill::Drill;
pub use figures::{BEFORE, Figures, Stage, lost, stages};
pub use goal::{AgainstGoal, GOAL};
pub use history::{Answered, FailedTry, GivenUp, History, TimedEvent, Track};
pub use keys::Keys;
pub use load::{Load, LoadWatch};
pub use measurement::{Measurement, Subject};
pub use temporary_zone::{Programs, rehearse};
