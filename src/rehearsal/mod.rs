//! A long operation tried on a zone that nobody needs, under clients that count what it costs them.

mod client;
mod connections;
mod goal;
mod keys;
mod load;
mod measure;
mod measured;
mod read_back;
mod reader;
mod recording;
mod report;
mod supervision;
mod target;
mod throwaway;
mod writer;

pub use goal::{AgainstGoal, GOAL};
pub use keys::Keys;
pub use load::{Load, LoadWatch};
pub use measure::{BEFORE, Figures, Stage, lost, stages};
pub use measured::{Measured, Subject};
pub use recording::{Answered, FailedTry, GivenUp, Noted, Recording, Track};
pub use throwaway::{Programs, rehearse};
