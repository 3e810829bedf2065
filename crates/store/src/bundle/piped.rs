//! A bundle that goes to its node by another way than a file: through a pipe, and then it is on no disk
//! before it gets there, or sealed, through the zone's etcd.

use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::hex;

use super::contents::{NodeContents, ZoneContents};
use super::make::{Stamp, signed_manifest};
use super::programs::Programs;
use super::right::BootstrapRight;
use super::seal::Sealing;
use super::sequence::Numbering;
use super::write::write_bundle;
use crate::zone_directory::DocumentSigner;
use model::config::Node;
use model::error::{Failure, Result};
use model::formats::BundleRecord;

/// More than the manifest, its signature and the heads of the archive take.
const AROUND_FILES: usize = 256 * 1024;

/// A bundle for such a way. One that is not sealed goes through what is.
#[derive(Debug)]
pub struct PipedBundle {
    pub record: BundleRecord,
    /// Whether it is to be recorded before it goes out: it was not made before.
    pub is_new: bool,
    pub bytes: Zeroizing<Vec<u8>>,
}

impl PipedBundle {
    /// Makes the bundle of a node. As long as a node is to have what its latest bundle brought, that very
    /// bundle is made again, by its number and time: whether it has arrived only the node knows, and one that
    /// has it changes nothing.
    pub fn make(
        zone: &ZoneContents,
        signer: &DocumentSigner,
        (node, sealing): (&Node, &Sealing<'_>),
        contents: &NodeContents,
        right: BootstrapRight,
        numbering: Numbering<'_>,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let signed = |stamp| signed_manifest(zone, signer, node, contents, stamp);
        let mut again = None;
        if let Some(latest) = numbering.latest().filter(|latest| latest.contents_sha256 == contents.sha256) {
            let made = signed(Stamp {
                sequence: latest.sequence,
                issued_at: latest.issued_at,
                may_bootstrap: latest.may_bootstrap,
                signing_host: latest.signing_host.clone(),
            })?;
            again = (hex::encode(&made.0.digest()) == latest.manifest_sha256).then_some(made);
        }
        let is_new = again.is_none();
        let (manifest, envelope) = match again {
            Some(made) => made,
            None => signed(Stamp {
                sequence: numbering.next(),
                issued_at: now,
                may_bootstrap: right.may_bootstrap(),
                signing_host: zone.signing_host.clone(),
            })?,
        };
        let programs = zone.programs.as_deref();
        let mut bytes = match sealing {
            // Sized beforehand, so that no copy of a key is left behind in freed memory.
            Sealing::Plain => {
                let size: usize = contents.files.iter().map(|file| file.bytes.len()).sum();
                let brought = programs.map_or(Ok(0), Programs::compressed_size);
                let brought =
                    brought.map_err(|error| Failure::internal("cannot make a bundle").because(&error))?;
                Zeroizing::new(Vec::with_capacity(size + brought + AROUND_FILES))
            }
            // There may be hundreds at once, and what is sealed is no secret.
            Sealing::Passphrase(_) | Sealing::Recipients(_) => Zeroizing::new(Vec::new()),
        };
        let sha256 = write_bundle(&mut *bytes, sealing, &manifest, &envelope, &contents.files, programs)
            .map_err(|error| Failure::internal("cannot make a bundle").because(&error))?;
        let mut record = contents.record(&manifest, &sha256);
        (record.seal, record.sealed_to) = (sealing.seal(), sealing.keys());
        Ok(Self { record, is_new, bytes })
    }
}
