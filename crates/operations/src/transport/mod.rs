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
//! | [`etcd_delivery`] | bundles in the zone's etcd, sealed, and what the nodes answer there |
//! | [`offline`] | files that are carried there, and answers that are carried back |

pub mod answer;
pub mod command;
pub mod delivery;
pub mod etcd_delivery;
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

use model::config::{AccessMethod, Node};
use model::error::{Exit, Failure};
use store::bundle::{Recipient, proposed};
use store::zone_directory::ZoneDirectory;

/// How a bundle comes to a node that etcd has it for, as a dry run tells it.
pub const BY_ETCD: &str = "by the zone's etcd, when it asks";

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
        let methods = zone.config.access.as_ref().map(|settings| (settings, settings.methods(node)));
        let Some((settings, methods)) = methods else { return Self::Offline };
        let way = |method: &AccessMethod| match method {
            // etcd has bundles, and runs nothing.
            AccessMethod::Etcd => None,
            AccessMethod::Command => NodeCommand::new(settings, node).map(|way| Self::Command(Box::new(way))),
            AccessMethod::Files => Some(Self::Offline),
        };
        methods.iter().find_map(way).unwrap_or(Self::Offline)
    }
}

/// The way of a bundle to a node.
#[derive(Debug)]
pub enum BundleTransport {
    /// The zone's etcd has it, sealed to this key.
    Etcd(Recipient),
    /// That of everything else.
    Called(NodeTransport),
}

impl BundleTransport {
    /// The way of a bundle to a node.
    pub fn of(zone: &ZoneDirectory, node: &Node) -> Self {
        match etcd_delivery::recipient_of(zone, node) {
            Some(recipient) => Self::Etcd(recipient),
            None => Self::Called(NodeTransport::of(zone, node)),
        }
    }

    /// Whether etcd has it.
    pub fn is_etcd(&self) -> bool {
        matches!(self, Self::Etcd(_))
    }
}

/// Whether people carry bundles to a node.
pub fn gets_files(zone: &ZoneDirectory, node: &Node) -> bool {
    matches!(BundleTransport::of(zone, node), BundleTransport::Called(NodeTransport::Offline))
}

/// Whether etcd is to have the bundles of a node, be it that none can be sealed to it yet.
pub fn names_etcd(zone: &ZoneDirectory, node: &Node) -> bool {
    zone.config.access.as_ref().is_some_and(|access| access.methods(node).contains(&AccessMethod::Etcd))
}

/// A node that etcd is to have bundles for, and that was not heard yet.
pub fn not_heard_yet(zone: &ZoneDirectory, node: &Node) -> Failure {
    let name = node.name.short();
    let (bundle, seal) = (proposed(zone, &[name]), format!("access recipient {name} KEY"));
    Failure::new(Exit::MissingInput, format!("{name} has told no key that its bundles could be sealed to"))
        .because("the first signed answer of a node tells it, and its first bundle comes another way")
        .next(format!(
            "on {name}: zone-etcd sync; where it has no bundle yet, bring it one: {bundle}; or say its key: \
             {}",
            zone.proposed(&seal)
        ))
}
