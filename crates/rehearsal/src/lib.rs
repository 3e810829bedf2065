//! Throwaway zones: a long operation tried under clients that count what it costs them, a snapshot restored
//! for a try, and a test of this machine.

mod client;
mod connections;
pub mod development;
mod drill;
mod figures;
mod foreground;
mod goal;
mod history;
mod keys;
mod load;
mod measurement;
mod programs;
mod reader;
mod report;
mod room;
mod self_test;
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
pub use programs::Programs;
pub use self_test::{FailedStep, SelfTest, SelfTestReport, StepReport};
pub use temporary_zone::rehearse;
