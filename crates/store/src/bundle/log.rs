//! `bundles.jsonl`: every bundle that was made in a zone, and what follows from that.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use time::OffsetDateTime;
use zone_pki::RecordLog;

use super::sequence::Numbering;
use crate::zone_directory::{ZoneLock, log_failure};
use model::error::Result;
use model::formats::BundleRecord;
use model::plan::ZonePaths;

/// The log of a zone whose lock is held, as far as it decides on the next bundles.
#[derive(Debug)]
pub struct BundleHistory {
    path: PathBuf,
    log: RecordLog<BundleRecord>,
    nodes: HashMap<String, NodeHistory>,
    founding: BTreeMap<String, OffsetDateTime>,
    unreadable: usize,
}

#[derive(Debug)]
pub struct NodeHistory {
    pub latest: BundleRecord,
    /// The number of each, by the digest of its file.
    sequences: HashMap<String, u64>,
}

impl NodeHistory {
    /// The number of the bundle in a file with this digest.
    pub fn sequence_of(&self, file_sha256: &str) -> Option<u64> {
        self.sequences.get(file_sha256).copied()
    }
}

impl BundleHistory {
    pub fn load(paths: &ZonePaths, _held: &ZoneLock) -> Result<Self> {
        let path = paths.bundle_log();
        let failure = |error| log_failure(&path, &error, UNHARMED);
        let log = BundleRecord::log(paths).map_err(failure)?;
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

    /// What decides on the number of a node's next bundle, which has one above this one by its own word, or
    /// 0.
    pub fn numbering(&self, name: &str, above: u64) -> Numbering<'_> {
        Numbering { history: self.node(name), above }
    }

    /// The clusters that bundles have given the right to found, and since when.
    pub fn founding_clusters(&self) -> &BTreeMap<String, OffsetDateTime> {
        &self.founding
    }

    /// How many lines cannot be read: whose bundles they were is not known.
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
