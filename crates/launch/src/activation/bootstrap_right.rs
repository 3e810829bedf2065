//! The right to bootstrap the cluster, which a node's first bundle gives and later ones do not take away.
//!
//! It belongs to one cluster: when the list of members changes, so does the id of the cluster that a start
//! would found, and what was given for another is worth nothing.

use std::path::Path;

use zone_pki::regular_file;

use store::bundle::{MANIFEST_FILE, Manifest, SIGNATURE_FILE};
use store::node_directory::{FOUNDING, FOUNDING_SIGNATURE};

/// A manifest that gives the right, with its signature.
#[derive(Debug)]
pub(super) struct BootstrapRight {
    manifest: Vec<u8>,
    signature: Vec<u8>,
}

impl BootstrapRight {
    /// What a generation passes on to one with this manifest; none if that has the right itself, or the
    /// generation has none for the same cluster.
    pub fn passed_on(generation: &Path, to: &Manifest) -> Option<Self> {
        if to.may_bootstrap {
            return None;
        }
        let pairs = [(MANIFEST_FILE, SIGNATURE_FILE), (FOUNDING, FOUNDING_SIGNATURE)];
        pairs.into_iter().find_map(|(manifest, signature)| {
            let manifest = regular_file::read(&generation.join(manifest)).ok()?;
            let signature = regular_file::read(&generation.join(signature)).ok()?;
            let parsed = Manifest::parse(manifest.clone()).ok()?;
            let gives =
                parsed.may_bootstrap && parsed.cluster_id.is_some() && parsed.cluster_id == to.cluster_id;
            gives.then_some(Self { manifest, signature })
        })
    }

    pub fn files(&self) -> [(&'static str, &[u8]); 2] {
        [(FOUNDING, &self.manifest), (FOUNDING_SIGNATURE, &self.signature)]
    }
}

/// Whether a generation gives the right to bootstrap the cluster of its own manifest.
pub(super) fn may_bootstrap(generation: &Path, manifest: &Manifest) -> bool {
    manifest.may_bootstrap || generation.join(FOUNDING).exists()
}
