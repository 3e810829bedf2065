//! Nodes to which people carry files.

use crate::config::Node;
use crate::error::{Exit, Failure};
use crate::zone_directory::ZoneDirectory;

/// A node cannot be reached from here.
pub(super) fn no_command(zone: &ZoneDirectory, node: &Node) -> Failure {
    Failure::new(Exit::Usage, format!("nothing says how {} is reached", node.name.short()))
        .because(format!("{} has no [access]", zone.paths.config().display()))
        .next("add [access] with command = \"ssh root@{address} zone-etcd\"")
}
