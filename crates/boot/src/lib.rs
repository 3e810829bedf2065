//! The six steps in which a node starts, and what runs on it from then on.
//!
//! | module | what it holds |
//! |---|---|
//! | `step` | the steps, by number and name |
//! | `node` | what is written of this node: its local config and boot.toml |
//! | `members` | where its members are, and with what they are asked |
//! | `quorum` | whether a member takes requests |
//! | `service` | the gateway; the nameservice: started, told of the zone's etcd, asked whether it has it |
//! | `sequence` | the steps one after the other, and what happens afterwards |
//! | `preview` | the steps as they would be, for `--dry-run` |
//! | `connection` | what is left of them where systemd looks after processes |
//! | `export` | units of systemd for that |
//! | `notification` | what systemd is told |

mod connection;
mod export;
mod members;
mod node;
mod notification;
mod preview;
mod quorum;
mod sequence;
mod service;
mod step;

pub use connection::connect;
pub use export::{units, write_units};
pub use preview::{PlannedStep, preview};
pub use sequence::{Ended, boot};
pub use step::Step;

use std::path::PathBuf;

/// What a node is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The local config.
    pub config: PathBuf,
    /// The last step that is done.
    pub until: Step,
    /// Further arguments for `run`.
    pub run_arguments: Vec<String>,
}
