//! How the signing host reaches the nodes: the same bundles and the same answers, whatever carries them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`command`] | `zone-etcd` run on a node by the command of `[access]`, and what becomes of it |
//! | `process` | one such process: its input, its outputs, its end, all of them bounded |
//! | `remote_failure` | what a node said that could not do it |
//! | `restarter` | members restarted there |
//! | [`answer`] | what a node answers that has activated a bundle |
//! | [`delivery`] | each node gets what the zone has for it |
//! | [`parcel`] | what was made for a node, on its way |
//! | `unlisted` | a node refuses more than the zone directory knows of |
//! | `unrecorded` | a node has a bundle that the zone directory does not know of |
//! | [`own_keys`] | nodes that make their own keys make others, and have them certified |
//! | [`by_hand`] | files that are carried there, and answers that are carried back |

pub mod answer;
pub mod by_hand;
pub mod command;
pub mod delivery;
pub mod own_keys;
pub mod parcel;
mod process;
mod remote_failure;
mod restarter;
mod unlisted;
mod unrecorded;

pub use answer::ActivationAnswer;
pub use command::NodeCommand;
pub use delivery::{Courier, deliver, pack_step};
pub use parcel::{Delivered, Parcel};
pub use restarter::ReachRestarter;

use crate::config::Node;
use crate::zone_directory::ZoneDirectory;

/// How a node is reached.
#[derive(Debug)]
pub enum Access {
    /// Its member runs from the zone directory: there is nothing to carry.
    Here,
    /// `zone.toml` has a command that runs `zone-etcd` there.
    Command(Box<NodeCommand>),
    /// People carry files.
    ByHand,
}

impl Access {
    /// The way to a node.
    pub fn of(zone: &ZoneDirectory, node: &Node) -> Self {
        if zone.runs_here(node) {
            return Self::Here;
        }
        match &zone.config.access {
            Some(settings) => Self::Command(Box::new(NodeCommand::new(settings, node))),
            None => Self::ByHand,
        }
    }
}
