//! A CA takes the place of another while the zone runs.
//!
//! | module | what it holds |
//! |---|---|
//! | `stage` | how far a member is, by what it shows. Pure |
//! | `standing` | where a zone stands, by `ca/` and by its members. Pure |
//! | `engine` | the stages, one after the other, forward or back |
//! | `clients` | what clients get, and who would be shut out, as far as can be told |
//! | `kit` | what clients outside of the zone directory need |

mod clients;
mod engine;
mod kit;
mod stage;
mod standing;

pub use clients::{OldHolder, issue_to_clients, old_holders};
pub use engine::{Hands, Rotation};
pub use kit::write_kit;
pub use stage::{Seen, Shown, Stage};
pub use standing::{Standing, describe};
