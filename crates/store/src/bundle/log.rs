//! `bundles.jsonl`: every bundle that was made in a zone, and what follows from that.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use time::OffsetDateTime;
use zone_pki::{RecordLog, hex};

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
    /// The number of each, behind the digest of its file, in the order of the log: there are as many as there
    /// were changes in years, for each of thousands of nodes.
    sequences: Vec<([u8; 32], u64)>,
    /// Who has signed them.
    pub signers: SignerRuns,
}

/// Who has signed the bundles of a node: the number of the first by each signer in turn, and the signer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignerRuns(Vec<(u64, String)>);

impl NodeHistory {
    /// The number of the bundle in a file with this digest.
    pub fn sequence_of(&self, file_sha256: &str) -> Option<u64> {
        let digest = digest_of(file_sha256)?;
        self.sequences.iter().rev().find(|(file, _)| *file == digest).map(|(_, sequence)| *sequence)
    }
}

impl SignerRuns {
    fn note(&mut self, record: &BundleRecord) {
        let signer = record.signer_sha256.as_deref().unwrap_or_default();
        if self.0.last().is_none_or(|(_, last)| last != signer) {
            self.0.push((record.sequence, signer.to_owned()));
        }
    }

    /// Which of the bundles that are there a node needs before `latest`, if it has `active` in use: of each
    /// signer before that of the latest the newest, which names the signer after it.
    pub fn needed_before(&self, latest: u64, there: &[u64], active: u64) -> Vec<u64> {
        let run = |number: u64| self.0.partition_point(|(first, _)| *first <= number);
        let mut newest = BTreeMap::new();
        for number in there.iter().copied().filter(|number| *number > active && run(*number) < run(latest)) {
            let kept: &mut u64 = newest.entry(run(number)).or_default();
            *kept = number.max(*kept);
        }
        newest.into_values().collect()
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

fn digest_of(hexadecimal: &str) -> Option<[u8; 32]> {
    hex::decode(hexadecimal)?.try_into().ok()
}

fn note(
    nodes: &mut HashMap<String, NodeHistory>,
    founding: &mut BTreeMap<String, OffsetDateTime>,
    record: BundleRecord,
) {
    if let Some(cluster) = record.cluster_id.as_ref().filter(|_| record.may_bootstrap) {
        founding.entry(cluster.clone()).or_insert(record.issued_at);
    }
    let entry = digest_of(&record.file_sha256).map(|digest| (digest, record.sequence));
    match nodes.get_mut(&record.node) {
        Some(history) => {
            history.sequences.extend(entry);
            history.signers.note(&record);
            // The greatest number, should two be out of order.
            if record.sequence >= history.latest.sequence {
                history.latest = record;
            }
        }
        None => {
            let sequences = Vec::from_iter(entry);
            let mut signers = SignerRuns::default();
            signers.note(&record);
            nodes.insert(record.node.clone(), NodeHistory { latest: record, sequences, signers });
        }
    }
}
