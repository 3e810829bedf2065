//! A zone of several members on 127.0.0.1, supervised: for development, tests and rehearsals.

mod log_line;
mod member;
mod zone;

pub use member::Ended;
pub use zone::{DevelopmentOptions, DevelopmentZone, Progress, prepare};
