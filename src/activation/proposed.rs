//! What an operator types to have a bundle activated.

use std::path::Path;

use crate::bundle::{OUT_ELSEWHERE, Seal};
use crate::plan::proposed_on_node;

/// The command that activates a bundle. `file` is as a shell reads it.
pub fn proposed_activate(file: &str, seal: Seal, root: &Path) -> String {
    proposed_on_node(&format!("activate {file}{}", seal.opened_with()), root)
}

/// How a node comes to what it lacks, said where nobody knows how its bundles are encrypted. `command` writes the bundle: `bundle` with
/// what there is, `pki renew` with new certificates. `place` is where the node's directory `root` is: here, or on a node.
pub fn proposed_renewal(command: &str, node: &str, place: &str, root: &Path) -> String {
    let activate = proposed_activate(&format!("DIR/{node}.bundle"), Seal::Passphrase, root);
    format!("on the signing host: zone-etcd {command} {node} {OUT_ELSEWHERE}; then {place}: {activate}")
}
