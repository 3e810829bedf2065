//! `bundles.jsonl`: every bundle that was made in a zone, and what follows from that.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zone_pki::{RecordLog, hex};

use super::contents::NodeContents;
use super::manifest::Manifest;
use super::numbering::Numbering;
use super::unseal::Seal;
use crate::error::Result;
use crate::plan::ZonePaths;
use crate::zone_directory::{ZoneLock, log_failure};

/// What is recorded of a bundle, before it has its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleRecord {
    /// The node, by its full name.
    pub node: String,
    /// Its number among the bundles of the node.
    pub sequence: u64,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
    /// SHA-256 over what it brings: two bundles with the same bring the same.
    pub contents_sha256: String,
    /// SHA-256 of the file.
    pub file_sha256: String,
    /// The certificates that it brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<BundledCertificate>,
    /// The cluster's id; absent for a node without a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    /// Whether it carries the right to bootstrap.
    pub may_bootstrap: bool,
    /// The machine that it was made on, by an id that follows from its machine-id; absent if that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_host: Option<String>,
    /// How it is sealed.
    pub seal: Seal,
    /// The keys that it is sealed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed_to: Vec<String>,
    /// The name of the file.
    pub file: String,
}

/// A certificate that a bundle brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledCertificate {
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// Its role.
    pub role: String,
    /// Last instant of validity.
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
}

/// The log of a zone that nobody else changes, as far as it decides on the next bundles.
#[derive(Debug)]
pub struct BundleHistory {
    path: PathBuf,
    log: RecordLog<BundleRecord>,
    nodes: HashMap<String, NodeHistory>,
    founding: BTreeMap<String, OffsetDateTime>,
    unreadable: usize,
}

/// The bundles of one node.
#[derive(Debug)]
pub struct NodeHistory {
    /// The last one.
    pub latest: BundleRecord,
    /// The number of each, by the digest of its file.
    sequences: HashMap<String, u64>,
}

/// What stands in the place of a file's name where there was no file: the bundle went through a pipe.
pub(super) const NO_FILE: &str = "-";

impl BundleRecord {
    /// The record of a bundle that is not sealed, and in no file.
    pub(super) fn of(manifest: &Manifest, contents: &NodeContents, file_sha256: &[u8]) -> Self {
        Self {
            node: manifest.node.clone(),
            sequence: manifest.sequence,
            issued_at: manifest.issued_at,
            manifest_sha256: hex::encode(&manifest.digest()),
            contents_sha256: contents.sha256.clone(),
            file_sha256: hex::encode(file_sha256),
            certificates: contents.certificates.clone(),
            cluster_id: manifest.cluster_id.clone(),
            may_bootstrap: manifest.may_bootstrap,
            signing_host: manifest.signing_host.clone(),
            seal: Seal::Plain,
            sealed_to: Vec::new(),
            file: NO_FILE.to_owned(),
        }
    }
}

impl NodeHistory {
    /// The number of the bundle in a file with this digest.
    pub fn sequence_of(&self, file_sha256: &str) -> Option<u64> {
        self.sequences.get(file_sha256).copied()
    }
}

impl BundleHistory {
    /// Reads the log.
    pub fn load(paths: &ZonePaths, _held: &ZoneLock) -> Result<Self> {
        let path = paths.bundle_log();
        let failure = |error| log_failure(&path, &error, UNHARMED);
        let log = RecordLog::open(&path).map_err(failure)?;
        let mut history =
            Self { path: path.clone(), log, nodes: HashMap::new(), founding: BTreeMap::new(), unreadable: 0 };
        let (mut nodes, mut founding) = (HashMap::new(), BTreeMap::new());
        history.unreadable =
            history.log.for_each(|record| note(&mut nodes, &mut founding, record)).map_err(failure)?;
        (history.nodes, history.founding) = (nodes, founding);
        Ok(history)
    }

    /// The bundles of a node, if there were any.
    pub fn node(&self, name: &str) -> Option<&NodeHistory> {
        self.nodes.get(name)
    }

    /// What decides on the number of a node's next bundle, which has one above this one by its own word, or 0.
    pub fn numbering(&self, name: &str, above: u64) -> Numbering<'_> {
        Numbering { history: self.node(name), above }
    }

    /// The clusters that bundles have given the right to found, and since when.
    pub fn founding_clusters(&self) -> &BTreeMap<String, OffsetDateTime> {
        &self.founding
    }

    /// How many lines cannot be read: whose bundles they were, nobody knows.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Records bundles, and waits until that is on the disk.
    pub fn append(&mut self, records: &[BundleRecord]) -> Result<()> {
        self.log.append(records).map_err(|error| log_failure(&self.path, &error, UNHARMED))?;
        for record in records {
            note(&mut self.nodes, &mut self.founding, record.clone());
        }
        Ok(())
    }
}

const UNHARMED: &str = "the bundles that were to be made now do not have their names yet";

fn note(
    nodes: &mut HashMap<String, NodeHistory>,
    founding: &mut BTreeMap<String, OffsetDateTime>,
    record: BundleRecord,
) {
    if let Some(cluster) = record.cluster_id.as_ref().filter(|_| record.may_bootstrap) {
        founding.entry(cluster.clone()).or_insert(record.issued_at);
    }
    let entry = (record.file_sha256.clone(), record.sequence);
    match nodes.get_mut(&record.node) {
        Some(history) => {
            history.sequences.extend([entry]);
            // The greatest number, should two be out of order.
            if record.sequence >= history.latest.sequence {
                history.latest = record;
            }
        }
        None => {
            let sequences = HashMap::from([entry]);
            nodes.insert(record.node.clone(), NodeHistory { latest: record, sequences });
        }
    }
}
