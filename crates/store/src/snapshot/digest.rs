//! The digest that etcd puts behind the pages of a snapshot.

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use zone_pki::hex;

use model::formats::SnapshotDatabase;

/// Pages are multiples of it (`snapshot.go` of etcd's `client/v3/snapshot`, `hasChecksum`).
const BLOCK: u64 = 512;

/// Digests all but the last 32 bytes of what comes.
pub(super) struct PagesDigest {
    digest: Context,
    last: Vec<u8>,
    size: u64,
}

impl PagesDigest {
    pub(super) fn new() -> Self {
        Self { digest: Context::new(&SHA256), last: Vec::new(), size: 0 }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.last.extend_from_slice(bytes);
        let pages = self.last.len().saturating_sub(SHA256_OUTPUT_LEN);
        self.digest.update(&self.last[..pages]);
        self.last.drain(..pages);
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The database, if what comes last is the digest of what came before.
    pub(super) fn finish(self) -> Option<SnapshotDatabase> {
        let digest = self.digest.finish();
        let has_trailer = self.size % BLOCK == SHA256_OUTPUT_LEN as u64 && self.last == digest.as_ref();
        has_trailer.then(|| SnapshotDatabase { size: self.size, sha256: hex::encode(digest.as_ref()) })
    }
}
