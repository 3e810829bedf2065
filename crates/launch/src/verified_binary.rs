//! What was found out about the etcd binary, remembered in the node directory.

use zone_pki::regular_file;

use etcd::VerifiedBinary;
use host::{Durability, write_json};
use model::error::{Failure, Result};
use model::plan::NodePaths;

/// What an earlier start remembered. A file that cannot be read is no reason to stop: the digest is then
/// taken again.
pub(super) fn read(paths: &NodePaths) -> Option<VerifiedBinary> {
    let text = regular_file::read(&paths.verified_binary()).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Remembers a binary for the next start of this node.
pub fn remember(paths: &NodePaths, verified: &VerifiedBinary) -> Result<()> {
    let path = paths.verified_binary();
    write_json(&path, verified, Durability::Expendable).map_err(|error| Failure::write(&path, &error))
}
