//! Why a bundle is refused, for a person and for the signing host.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zone_pki::{Certificate, hex, regular_file};

use super::node_store::BundledGeneration;
use model::error::Failure;
use model::foreign_text;
use model::plan::{Plane, VersionRefusal};
use store::bundle::Manifest;

#[derive(Debug)]
pub struct RefusedBundle {
    pub failure: Failure,
    /// What to tell a program, if there is anything that it can do.
    pub refusal: Option<Box<Refusal>>,
}

/// The answer to a program whose bundle is refused: what `--format json` prints beside exit code 65.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Refusal {
    /// Its etcd must not run on the data.
    VersionRefused { missing: Missing },
    /// Its number is not above that of the bundle in use, which is another one.
    Older(ActiveBundle),
    /// Its revocation lists are older than those in use.
    OlderLists(ListsInUse),
}

/// What is missing for a version of etcd to run on the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// A snapshot written by 3.6, which 3.6 can be made to write.
    Snapshot,
    /// The agreement of all members on the version before, which comes some seconds after the last of them
    /// runs it.
    ClusterVersion,
    /// Anything that time does not bring.
    Other,
}

impl From<VersionRefusal> for Missing {
    fn from(refusal: VersionRefusal) -> Self {
        match refusal {
            VersionRefusal::SnapshotOf36Missing { .. } => Self::Snapshot,
            VersionRefusal::ClusterBehind { .. } => Self::ClusterVersion,
            _ => Self::Other,
        }
    }
}

/// The revocation lists that a node has, of the planes whose lists in a bundle are older.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListsInUse {
    /// The node, by its full name.
    pub node: String,
    /// Each list in DER, hexadecimal, by the name of its file. One that is too long for an answer is left
    /// out.
    lists: BTreeMap<String, Hex>,
}

/// Bytes, hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Hex(Vec<u8>);

impl From<Hex> for String {
    fn from(bytes: Hex) -> Self {
        hex::encode(&bytes.0)
    }
}

impl TryFrom<String> for Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex::decode(&text).map(Self).ok_or("it is not hexadecimal")
    }
}

impl ListsInUse {
    /// In bytes: both lists fit into an answer, which is read up to 1 MiB.
    const LIST_AT_MOST: usize = 200 << 10;

    /// Those of a node, each in DER.
    pub(super) fn new(node: &str, lists: impl IntoIterator<Item = (Plane, Vec<u8>)>) -> Self {
        let fitting = lists.into_iter().filter(|(_, der)| der.len() <= Self::LIST_AT_MOST);
        let lists = fitting.map(|(plane, der)| (plane.revocation_file().to_owned(), Hex(der)));
        Self { node: node.to_owned(), lists: lists.collect() }
    }

    /// The list of a plane in DER, as the node sent it, not verified.
    pub fn of(&self, plane: Plane) -> Option<&[u8]> {
        self.lists.get(plane.revocation_file()).map(|der| der.0.as_slice())
    }
}

/// The bundle that a node has: the one with the highest number, which is in use unless the node went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveBundle {
    /// The node, by its full name.
    pub node: String,
    pub sequence: u64,
    /// SHA-256 of its manifest, hexadecimal.
    pub manifest_sha256: String,
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// The machine that it was made on, by an id that follows from its machine-id; absent if that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_host: Option<String>,
    /// SHA-256 of each CA that members there trust, hexadecimal.
    pub trusted_sha256: Vec<String>,
}

impl Refusal {
    /// Reads what a node printed; none if it is anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        // Lists are longer than what is shown to a person, and nothing of this answer is.
        let whole = serde_json::from_slice(bytes).ok();
        whole
            .filter(|refusal| matches!(refusal, Self::OlderLists(_)))
            .or_else(|| foreign_text::json(bytes).ok())
    }
}

impl ActiveBundle {
    /// What the generation in use trusts, and the bundle with the highest number that the node has had.
    pub(super) fn of(active: &BundledGeneration, manifest: &Manifest) -> Self {
        let generation = &active.generation;
        let trusted = |plane: Plane| {
            let text = regular_file::read(&generation.path.join(plane.authority_file())).unwrap_or_default();
            Certificate::chain_from_pem(&text).unwrap_or_default()
        };
        let fingerprint = |ca: Certificate| hex::encode(&ca.fingerprint_sha256());
        Self {
            node: manifest.node.clone(),
            sequence: manifest.sequence,
            manifest_sha256: hex::encode(&manifest.digest()),
            issued_at: manifest.issued_at,
            signing_host: manifest.signing_host.clone(),
            trusted_sha256: Plane::ALL.into_iter().flat_map(trusted).map(fingerprint).collect(),
        }
    }
}

impl From<Failure> for RefusedBundle {
    fn from(failure: Failure) -> Self {
        Self { failure, refusal: None }
    }
}
