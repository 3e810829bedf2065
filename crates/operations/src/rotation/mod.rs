//! A CA takes the place of another while the zone runs.
//!
//! | module | what it holds |
//! |---|---|
//! | `stage` | how far a member is, by what it shows. Pure |
//! | `progress` | where a zone stands, by `ca/` and by its members. Pure |
//! | `steps` | what is to be done from a stage, forward or back, and what each step would do |
//! | `engine` | the steps, carried out |
//! | `carried` | a stage carried in files, and the answers to it |
//! | `clients` | what clients get, and who would be shut out, as far as can be told |
//! | `kit` | what clients outside of the zone directory need |

mod carried;
mod clients;
mod engine;
mod kit;
mod progress;
mod stage;
mod steps;

pub use carried::{Answered, Carried, PendingBundle};
pub use clients::{OldHolder, old_holders};
pub use engine::{Pending, Rotation};
pub use kit::write_kit;
pub use progress::{Progress, describe};
pub use stage::{Seen, Shown, Stage};
