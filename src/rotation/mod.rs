//! A CA takes the place of another while the zone runs.

mod stage;

pub use stage::{Seen, Shown, Stage};
