//! Commands for a node directory, as the operator of that node can type them.

use std::path::{Path, PathBuf};

use crate::config::{Node, ZoneConfig};
use crate::report::shell_quoted_path;

/// Where the directory of a node is unless something else is said.
pub const DEFAULT_NODE_DIRECTORY: &str = "/var/lib/zone-etcd";

/// The local config of a node, in its directory.
pub const LOCAL_CONFIG: &str = "node.json";

/// A command for the node directory `root`.
pub fn proposed_on_node(command: &str, root: &Path) -> String {
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

/// The directory of a node on its machine, as far as the zone tells.
pub fn directory_there(zone: &ZoneConfig, node: &Node) -> PathBuf {
    let told = zone.access.as_ref().map(|access| access.node_directory(node));
    PathBuf::from(told.as_deref().unwrap_or(DEFAULT_NODE_DIRECTORY))
}
