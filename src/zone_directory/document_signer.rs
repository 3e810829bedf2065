//! Who signs the zone's documents: its root, or, where the root's key is kept elsewhere, the CA of the peer plane.

use time::OffsetDateTime;
use zone_pki::Authority;

use super::authorities::{ROOT, load_authority};
use crate::error::{Failure, Result};
use crate::plan::{Plane, ZonePaths};

/// A CA that signs documents.
#[derive(Debug)]
pub struct DocumentSigner {
    /// The CA with its key.
    pub authority: Authority,
    /// The stem of its files: `root`, or `peer`.
    pub stem: &'static str,
}

/// The root if its key is here. A zone whose plane CAs were certified elsewhere has none; then the CA of the peer plane, which
/// every member trusts and whose thief could act as any of them.
pub fn document_signer(paths: &ZonePaths, now: OffsetDateTime) -> Result<DocumentSigner> {
    let root_key = paths.authority_key(ROOT);
    let is_here = root_key.try_exists().map_err(|error| Failure::read(&root_key, &error))?;
    let stem = if is_here { ROOT } else { Plane::Peer.name() };
    Ok(DocumentSigner { authority: load_authority(paths, stem, now)?, stem })
}
