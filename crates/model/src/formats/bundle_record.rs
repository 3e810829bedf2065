//! `bundles.jsonl`: a record of each bundle that was made in a zone.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zone_pki::{LogError, RecordLog};

use crate::plan::ZonePaths;

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
    /// SHA-256 of the certificate of the CA that has signed it; absent from records of before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_sha256: Option<String>,
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

/// How a bundle is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seal {
    /// Not at all.
    Plain,
    /// With a passphrase.
    Passphrase,
    /// To public keys.
    Recipients,
}

impl Seal {
    /// What `activate` has to be told to open it, as an operator types it.
    pub fn opened_with(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Passphrase => " --passphrase-file FILE",
            Self::Recipients => " --identity KEYFILE",
        }
    }
}

impl BundleRecord {
    /// What stands in the place of a file's name where there was no file: the bundle went through a pipe.
    pub const NO_FILE: &str = "-";

    /// The log of a zone.
    ///
    /// # Errors
    /// As [`RecordLog::open`].
    pub fn log(zone: &ZonePaths) -> Result<RecordLog<Self>, LogError> {
        RecordLog::open(zone.bundle_log())
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plain => "not sealed",
            Self::Passphrase => "sealed with a passphrase",
            Self::Recipients => "sealed to a key",
        })
    }
}
