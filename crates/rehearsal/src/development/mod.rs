//! A zone of several members on 127.0.0.1, supervised: for development, tests and rehearsals.

mod log_line;
mod member;
mod preparation;
mod zone;

pub use member::Ended;
pub use preparation::{DevelopmentOptions, prepare};
pub use zone::{DevelopmentZone, Progress};
