//! How the signing host reaches the nodes: the same bundles and the same answers, whatever carries them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`command`] | `zone-etcd` run on a node by the command of `[access]`, and what becomes of it |
//! | `process` | one such process: its input, its outputs, its end, all of them bounded |
//! | `remote_failure` | what a node said that could not do it |
//! | [`answer`] | what a node answers that has activated a bundle |
//! | [`delivery`] | each node gets what the zone has for it |
//! | [`payload`] | what was made for a node, on its way |
//! | `unlisted` | a node refuses more than the zone directory knows of |
//! | `unrecorded` | a node has a bundle that the zone directory does not know of |
//! | [`own_keys`] | nodes that make their own keys make others, and have them certified |
//! | [`offline`] | files that are carried there, and answers that are carried back |

pub mod answer;
pub mod command;
pub mod delivery;
pub mod offline;
pub mod own_keys;
pub mod payload;
mod process;
mod remote_failure;
mod unlisted;
mod unrecorded;

pub use answer::ActivationAnswer;
pub use command::NodeCommand;
pub use delivery::{Delivery, pack_step};
pub(crate) use delivery::{Wanted, pack};
pub use payload::{Delivered, Payload};

use model::config::Node;
use store::zone_directory::ZoneDirectory;

/// How a node is reached.
#[derive(Debug)]
pub enum NodeTransport {
    /// Its member runs from the zone directory: there is nothing to bring.
    InPlace,
    /// `zone.toml` has a command that runs `zone-etcd` there.
    Command(Box<NodeCommand>),
    /// People carry files.
    Offline,
}

impl NodeTransport {
    /// The way to a node.
    pub fn of(zone: &ZoneDirectory, node: &Node) -> Self {
        if zone.runs_here(node) {
            return Self::InPlace;
        }
        match &zone.config.access {
            Some(settings) => Self::Command(Box::new(NodeCommand::new(settings, node))),
            None => Self::Offline,
        }
    }
}
