//! PEM: certificate and key apart, and together in one file as HAProxy, MongoDB and others take them.

use super::{ExportFile, Identity, pair};
use model::plan::ROOT_FILE;

/// `ca.crt`, and for each certificate `STEM.crt` with its chain, `STEM.key`, and `STEM.pem` with the key and
/// the chain.
pub fn pem(root: &[u8], identities: &[Identity]) -> Vec<ExportFile> {
    let mut files = vec![ExportFile::new(ROOT_FILE, root)];
    for identity in identities {
        files.extend(pair(&identity.stem, identity));
        let mut together = ExportFile::new(format!("{}.pem", identity.stem), &[]);
        // Of its full size from the start, so that no copy of the key is left behind when it would grow.
        together.bytes.reserve_exact(identity.key.len() + identity.chain.len());
        together.bytes.extend_from_slice(&identity.key);
        together.bytes.extend_from_slice(&identity.chain);
        files.push(together);
    }
    files
}
