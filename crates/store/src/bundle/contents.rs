//! What a bundle brings: the generation of a node, its part of the zone description, and its local config.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::{Certificate, Generation, ShowPath, hex};

use super::manifest::{FileEntry, FileMode, KeyPlace, Manifest};
use super::programs::Programs;
use super::write::BundleFile;
use crate::zone_directory::{Assessment, Authorities, ZoneDirectory};
use host::signing_host_id;
use model::config::{EtcdSettings, Node, ZoneConfig};
use model::error::{Exit, Failure, Result};
use model::formats::{BundleRecord, BundledCertificate, LocalMembers, RestoredEpoch, Seal};
use model::plan::{InitialCluster, LOCAL_CONFIG};

/// What all bundles of a zone share. It is made once, so that a bundle costs the same in a zone of any size.
#[derive(Debug)]
pub struct ZoneContents {
    pub zone: String,
    /// The cluster's id, as etcd prints it.
    pub cluster_id: String,
    pub token: String,
    /// What the zone was restored to.
    pub restore: Option<RestoredEpoch>,
    /// The machine that bundles are made on.
    pub signing_host: Option<String>,
    /// The programs, if they are to come along.
    pub programs: Option<Arc<Programs>>,
    description: String,
    members: LocalMembers,
}

#[derive(Debug)]
pub struct NodeContents {
    pub files: Vec<BundleFile>,
    pub certificates: Vec<BundledCertificate>,
    pub keys: KeyPlace,
    /// When the first of the certificates expires.
    pub expires_at: OffsetDateTime,
    /// SHA-256 over all of it, hexadecimal: the same as long as nothing in it changes.
    pub sha256: String,
}

impl ZoneContents {
    /// What follows from the zone's description and its root.
    pub fn new(zone: &ZoneDirectory, authorities: &Authorities, programs: Option<Arc<Programs>>) -> Self {
        Self::with_etcd(zone, authorities, &zone.config.etcd, programs)
    }

    /// The same where etcd runs with other settings than `zone.toml` has: with a version on the way to that.
    pub fn with_etcd(
        zone: &ZoneDirectory,
        authorities: &Authorities,
        etcd: &EtcdSettings,
        programs: Option<Arc<Programs>>,
    ) -> Self {
        let described = ZoneConfig { etcd: etcd.clone(), ..zone.config.clone() };
        let token = authorities.token(&zone.config);
        let cluster = InitialCluster::new(&zone.config, token.clone());
        Self {
            zone: zone.config.name.as_str().to_owned(),
            cluster_id: cluster.id.to_string(),
            token: token.as_str().to_owned(),
            restore: authorities.restored().map(RestoredEpoch::order),
            signing_host: signing_host_id(),
            programs,
            description: described.render_members(token.as_str()),
            members: LocalMembers::of(&zone.config),
        }
    }

    /// The cluster that a node can take part in.
    pub fn cluster_of(&self, node: &Node) -> Option<&str> {
        node.member.then_some(self.cluster_id.as_str())
    }

    /// Every line of a manifest for these files.
    pub fn entries(&self, files: &[BundleFile]) -> Vec<FileEntry> {
        let programs = self.programs.iter().flat_map(|programs| &programs.entries);
        files.iter().map(|file| &file.entry).chain(programs).cloned().collect()
    }

    /// What a node gets, whose certificates have been brought up to date since they were assessed.
    pub fn of(&self, node: &Node, assessment: &Assessment<'_>) -> Result<NodeContents> {
        let (mut files, keys, certificates) = generation_files(assessment)?;
        let Some(expires_at) = certificates.iter().map(|certificate| certificate.not_after).min() else {
            return Err(Failure::internal("a node has no certificate"));
        };
        let mut description = self.description.clone();
        if !node.member {
            description.push_str(&node.render());
        }
        files.push(public("zone.toml", description.into_bytes()));
        let local = self.members.local_config(&node.name).map_err(no_json)?;
        files.push(public(LOCAL_CONFIG, local));
        let sha256 = self.digest(node, &files)?;
        Ok(NodeContents { files, certificates, keys, expires_at, sha256 })
    }

    fn digest(&self, node: &Node, files: &[BundleFile]) -> Result<String> {
        let facts = (node.name.full(), self.cluster_of(node), &self.token, self.entries(files));
        let text = serde_json::to_vec(&facts).map_err(no_json)?;
        Ok(hex::encode(digest(&SHA256, &text).as_ref()))
    }
}

impl NodeContents {
    /// The record of a bundle with these contents that is not sealed, and in no file.
    pub(super) fn record(&self, manifest: &Manifest, file_sha256: &[u8]) -> BundleRecord {
        BundleRecord {
            node: manifest.node.clone(),
            sequence: manifest.sequence,
            issued_at: manifest.issued_at,
            manifest_sha256: hex::encode(&manifest.digest()),
            contents_sha256: self.sha256.clone(),
            file_sha256: hex::encode(file_sha256),
            certificates: self.certificates.clone(),
            cluster_id: manifest.cluster_id.clone(),
            may_bootstrap: manifest.may_bootstrap,
            signing_host: manifest.signing_host.clone(),
            signer_sha256: Some(manifest.signer_sha256.clone()),
            seal: Seal::Plain,
            sealed_to: Vec::new(),
            file: BundleRecord::NO_FILE.to_owned(),
        }
    }
}

/// The files of the generation in use, in the order of the role table, and the certificates among them.
fn generation_files(
    assessment: &Assessment<'_>,
) -> Result<(Vec<BundleFile>, KeyPlace, Vec<BundledCertificate>)> {
    let unusable = |error: &dyn std::error::Error| {
        Failure::bad_input(format!("cannot read the certificates of {}", assessment.holder.short_name()))
            .because(error.to_string())
            .next("run the command again; what is missing is issued")
    };
    let current = assessment.store.current().map_err(|error| unusable(&error))?;
    let Some(generation) = current else {
        return Err(Failure::internal("a node has no generation after it was issued"));
    };
    let mut files = Vec::new();
    let mut certificates = Vec::new();
    for (name, _) in &assessment.trust_files {
        files.push(public(name, read(&generation, name)?));
    }
    for entry in &assessment.entries {
        let certificate_file = entry.role.certificate_file();
        let chain = read(&generation, &certificate_file)?;
        let certificate = Certificate::from_pem(&chain).map_err(|error| unusable(&error))?;
        certificates.push(BundledCertificate {
            serial: certificate.serial_hex(),
            role: entry.role.name.to_owned(),
            not_after: certificate.not_after(),
        });
        files.push(public(&certificate_file, chain));
        if entry.request.is_none() {
            let key_file = entry.role.key_file();
            let key = generation.read_private(&key_file).map_err(|error| unusable(&error))?;
            files.push(BundleFile::new(format!("pki/{key_file}"), key, FileMode::Private));
        }
    }
    let keys = if assessment.has_keys_elsewhere() { KeyPlace::OnNode } else { KeyPlace::Included };
    Ok((files, keys, certificates))
}

fn read(generation: &Generation, name: &str) -> Result<Vec<u8>> {
    generation.read(name).map_err(|error| {
        Failure::new(Exit::BadInput, format!("cannot read {name} in {}", generation.path.shown()))
            .because(&error)
            .next("run the command again; what is missing is issued")
    })
}

fn public(name: &str, bytes: Vec<u8>) -> BundleFile {
    BundleFile::new(format!("pki/{name}"), Zeroizing::new(bytes), FileMode::Public)
}

fn no_json(error: serde_json::Error) -> Failure {
    Failure::internal("cannot make JSON").because(&error)
}
