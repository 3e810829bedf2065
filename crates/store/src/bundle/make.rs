//! Makes the bundle of a node, or finds that the one which is there will do.

use time::OffsetDateTime;
use zone_pki::{ShowPath, hex, regular_file};

use super::contents::{NodeContents, ZoneContents};
use super::directory::BundleDirectory;
use super::envelope::Envelope;
use super::error::BundleError;
use super::identity::Identity;
use super::log::BundleHistory;
use super::manifest::{FORMAT, Manifest};
use super::open::OpenBundle;
use super::right::{BootstrapRight, JoinOnly};
use super::seal::Sealing;
use super::sequence::Numbering;
use super::write::write_bundle;
use crate::zone_directory::DocumentSigner;
use model::config::Node;
use model::error::{Failure, Result};
use model::formats::BundleRecord;

/// Makes bundles in a zone whose lock is held.
#[derive(Debug)]
pub struct BundleMaker<'z> {
    /// What all bundles share.
    pub contents: &'z ZoneContents,
    pub directory: &'z BundleDirectory,
    pub signer: &'z DocumentSigner,
    /// When they are made, in whole seconds.
    pub now: OffsetDateTime,
}

/// The bundle that a node has now.
#[derive(Debug)]
pub struct Made {
    pub record: BundleRecord,
    pub how: MadeHow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeHow {
    /// Aside; it is to be recorded, and then to get its name.
    Written,
    /// The one that is there brings the same, sealed in the same way.
    Unchanged,
}

impl BundleMaker<'_> {
    /// Writes the bundle of a node aside, unless the one that is there will do.
    #[tracing::instrument(skip_all, name = "make bundle")]
    pub fn make(
        &self,
        node: &Node,
        contents: &NodeContents,
        sealing: &Sealing<'_>,
        right: BootstrapRight,
        numbering: Numbering<'_>,
    ) -> Result<Made> {
        if let Some(record) = self.unchanged(node, contents, sealing, right, numbering.latest())? {
            return Ok(Made { record, how: MadeHow::Unchanged });
        }
        self.directory.check_replaceable(&node.name, numbering.history)?;
        let (manifest, envelope) = signed_manifest(
            self.contents,
            self.signer,
            node,
            contents,
            Stamp {
                sequence: numbering.next(),
                issued_at: self.now,
                may_bootstrap: right.may_bootstrap(),
                signing_host: self.contents.signing_host.clone(),
            },
        )?;
        let path = self.directory.file(&node.name);
        let programs = self.contents.programs.as_deref();
        let mut out = self.directory.begin(&node.name)?;
        let file_sha256 = write_bundle(&mut out, sealing, &manifest, &envelope, &contents.files, programs)
            .map_err(|error| Failure::write(&path, &error))?;
        let mut record = contents.record(&manifest, &file_sha256);
        record.seal = sealing.seal();
        record.sealed_to = sealing.keys();
        record.file = BundleDirectory::file_name(&node.name);
        Ok(Made { record, how: MadeHow::Written })
    }

    /// Records what was written aside, and gives it its name. In this order: what has a name is in the log,
    /// and what is in the log is on the disk.
    pub fn commit<'m>(
        &self,
        nodes: &[&Node],
        made: impl Iterator<Item = &'m Made>,
        history: &mut BundleHistory,
    ) -> Result<()> {
        let (nodes, records): (Vec<&Node>, Vec<BundleRecord>) = nodes
            .iter()
            .zip(made)
            .filter(|(_, made)| made.how == MadeHow::Written)
            .map(|(node, made)| (*node, made.record.clone()))
            .unzip();
        if records.is_empty() {
            return Ok(());
        }
        self.directory.sync()?;
        history.append(&records)?;
        for node in nodes {
            self.directory.place(&node.name, history.node(node.name.full()))?;
        }
        self.directory.sync()
    }

    /// The record of the bundle that is there, if it is the latest one and a new one would say the same.
    fn unchanged(
        &self,
        node: &Node,
        contents: &NodeContents,
        sealing: &Sealing<'_>,
        right: BootstrapRight,
        latest: Option<&BundleRecord>,
    ) -> Result<Option<BundleRecord>> {
        let Some(latest) = latest else { return Ok(None) };
        let is_the_same = latest.contents_sha256 == contents.sha256
            && latest.seal == sealing.seal()
            && latest.sealed_to == sealing.keys()
            // One that was made with the right keeps it; one without is not enough where the right was asked
            // for.
            && (latest.may_bootstrap || !right.may_bootstrap())
            && !(latest.may_bootstrap && right == BootstrapRight::JoinOnly(JoinOnly::Rebuilt));
        if !is_the_same || self.directory.present(&node.name)?.as_ref() != Some(&latest.file_sha256) {
            return Ok(None);
        }
        let Sealing::Passphrase(passphrase) = sealing else { return Ok(Some(latest.clone())) };
        // Nothing that is kept tells one passphrase from another, so it is tried.
        let path = self.directory.file(&node.name);
        let file = regular_file::open(&path).map_err(|error| Failure::read(&path, &error))?;
        match OpenBundle::open(file, Some(&Identity::Passphrase((*passphrase).clone()))) {
            Ok(_) => Ok(Some(latest.clone())),
            Err(BundleError::WrongPassphrase) => Ok(None),
            Err(error) => Err(super::bundle_failure(&path.shown().to_string(), &error)),
        }
    }
}

/// What a bundle says of itself that does not follow from what it brings.
pub(super) struct Stamp {
    pub(super) sequence: u64,
    pub(super) issued_at: OffsetDateTime,
    pub(super) may_bootstrap: bool,
    pub(super) signing_host: Option<String>,
}

/// What a bundle with this stamp says of itself, and its signature.
pub(super) fn signed_manifest(
    zone: &ZoneContents,
    signer: &DocumentSigner,
    node: &Node,
    contents: &NodeContents,
    stamp: Stamp,
) -> Result<(Manifest, Envelope)> {
    let Stamp { sequence, issued_at, may_bootstrap, signing_host } = stamp;
    let manifest = Manifest {
        format: FORMAT,
        zone: zone.zone.clone(),
        node: node.name.full().to_owned(),
        sequence,
        issued_at,
        expires_at: contents.expires_at,
        signer_sha256: hex::encode(&signer.authority.certificate().fingerprint_sha256()),
        other_signer_sha256: signer.other.as_ref().map(|other| hex::encode(&other.fingerprint_sha256())),
        cluster_id: zone.cluster_of(node).map(str::to_owned),
        token: zone.token.clone(),
        restore: zone.restore.clone(),
        may_bootstrap,
        signing_host,
        keys: contents.keys,
        files: zone.entries(&contents.files),
        raw: Vec::new(),
    };
    let manifest =
        manifest.encoded().map_err(|error| Failure::internal("cannot make JSON").because(&error))?;
    let envelope = Envelope::sign(&manifest, signer)
        .map_err(|error| Failure::internal("a CA's key cannot sign").because(&error))?;
    Ok((manifest, envelope))
}
