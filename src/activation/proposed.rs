//! What an operator types to have a bundle taken up.

use std::path::Path;

use crate::bundle::{Seal, proposed_elsewhere};
use crate::plan::proposed_on_node;

/// The command that takes up a bundle. `file` is as a shell reads it.
pub fn proposed_activate(file: &str, seal: Seal, root: &Path) -> String {
    proposed_on_node(&format!("activate {file}{}", seal.opened_with()), root)
}

/// How a node comes to other certificates, lists and descriptions, said where nobody knows how its bundles are sealed. `place` is where
/// its directory `root` is: here, or on a node.
pub fn proposed_renewal(node: &str, place: &str, root: &Path) -> String {
    let activate = proposed_activate(&format!("DIR/{node}.bundle"), Seal::Passphrase, root);
    format!("on the signing machine: {}; then {place}: {activate}", proposed_elsewhere(node))
}
