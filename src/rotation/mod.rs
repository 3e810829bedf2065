//! A CA takes the place of another while the zone runs.
//!
//! | module | what it holds |
//! |---|---|
//! | `stage` | how far a member is, by what it shows. Pure |
//! | `engine` | the stages, one after the other, forward or back |
//! | `clients` | who would be shut out, as far as can be told |
//! | `kit` | what clients outside of the zone directory need |

mod clients;
mod engine;
mod kit;
mod stage;

pub use clients::{OldHolder, old_holders};
pub use engine::{Hands, Rotation, Standing, describe, issue_to_clients, what};
pub use kit::write_kit;
pub use stage::{Seen, Shown, Stage};
