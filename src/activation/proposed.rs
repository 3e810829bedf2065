//! What an operator types to have a bundle taken up.

use std::path::{Path, PathBuf};

use super::{DEFAULT_NODE_DIRECTORY, LOCAL_CONFIG};
use crate::bundle::{Seal, proposed_elsewhere};
use crate::config::{Node, ZoneConfig};
use crate::report::shell_quoted_path;

/// A command for a node directory, as the operator can type it.
pub fn proposed(command: &str, root: &Path) -> String {
    if root == Path::new(DEFAULT_NODE_DIRECTORY) {
        return format!("zone-etcd {command}");
    }
    format!("zone-etcd {command} --node-dir {}", shell_quoted_path(root))
}

/// The same for a command that is told the local config.
pub fn proposed_with_config(command: &str, root: &Path) -> String {
    if root == Path::new(DEFAULT_NODE_DIRECTORY) {
        return format!("zone-etcd {command}");
    }
    format!("zone-etcd {command} --config {}", shell_quoted_path(&root.join(LOCAL_CONFIG)))
}

/// The command that takes up a bundle. `file` is as a shell reads it.
pub fn proposed_activate(file: &str, seal: Seal, root: &Path) -> String {
    proposed(&format!("activate {file}{}", seal.opened_with()), root)
}

/// How a node comes to other certificates, lists and descriptions, said where nobody knows how its bundles are sealed. `place` is where
/// its directory `root` is: here, or on a node.
pub fn proposed_renewal(node: &str, place: &str, root: &Path) -> String {
    let activate = proposed_activate(&format!("DIR/{node}.bundle"), Seal::Passphrase, root);
    format!("on the signing machine: {}; then {place}: {activate}", proposed_elsewhere(node))
}

/// The directory of a node on its machine, as far as the zone tells.
pub fn directory_there(zone: &ZoneConfig, node: &Node) -> PathBuf {
    let told = zone.access.as_ref().map(|access| access.node_directory(node));
    PathBuf::from(told.as_deref().unwrap_or(DEFAULT_NODE_DIRECTORY))
}
