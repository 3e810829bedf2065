//! `manifest.json`: whose bundle it is, and every file in it.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::error::BundleError;
use super::programs::is_program;
use model::formats::{self, RestoredEpoch};

/// Format of the manifest. A newer one is refused, since what it means is not known.
pub(super) const FORMAT: u32 = 1;
/// More files than a bundle can have, and few enough to be held in memory.
const FILES_AT_MOST: usize = 4096;
/// Certificates, lists and descriptions are read into memory by who takes them.
const PKI_FILE_AT_MOST: u64 = 16 << 20;
/// Programs are copied, and no etcd is as large as this.
const PROGRAM_AT_MOST: u64 = 1 << 30;
/// Programs and certificates together. `bundle inspect` reads all of it before it is verified.
const TOGETHER_AT_MOST: u64 = 4 << 30;
/// What an activation itself writes beside the files of a bundle.
const RESERVED: [&str; 4] = ["manifest.json", "manifest.sig", "founding.json", "founding.sig"];
/// The longest name that the header of a tar entry holds in one piece.
const PATH_AT_MOST: usize = 100;

/// What a bundle says of itself. Nothing in it is to be believed before the signature is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub(super) format: u32,
    pub zone: String,
    /// The node, by its full name.
    pub node: String,
    /// Counts the bundles of the node, from 1.
    pub sequence: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// When the first of its certificates expires.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// SHA-256 of the signer's certificate, DER, hexadecimal: what `openssl x509 -fingerprint -sha256`
    /// prints. The signer is the zone's root, or the CA of the peer plane if the root's key is kept
    /// elsewhere.
    pub signer_sha256: String,
    /// The same of the CA that is to sign in its place, or did, while one takes the place of the other: what
    /// it signs is believed as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_signer_sha256: Option<String>,
    /// The cluster's id, as etcd prints it; absent for a node without a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    pub token: String,
    /// What the zone was restored to, if it was: its members need the restored data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoredEpoch>,
    /// Whether the node may bootstrap the cluster, and not only join it.
    pub may_bootstrap: bool,
    /// The machine that it was made on, by an id that follows from its machine-id; absent if that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_host: Option<String>,
    pub keys: KeyPlace,
    /// The files, in the order of the archive.
    pub files: Vec<FileEntry>,
    /// The bytes that were read or are to be written, which is what is signed.
    #[serde(skip)]
    pub(super) raw: Vec<u8>,
}

/// Where the private keys of the certificates are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    Included,
    OnNode,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Where it goes, relative: `pki/ca.crt`.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: FileMode,
}

/// The permission bits that a file of a bundle can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileMode {
    #[serde(rename = "0600")]
    Private,
    /// Anyone may read it.
    #[serde(rename = "0644")]
    Public,
    #[serde(rename = "0755")]
    Program,
}

impl FileMode {
    pub fn bits(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Public => 0o644,
            Self::Program => 0o755,
        }
    }
}

impl FileEntry {
    /// The entry for these bytes.
    pub fn of(path: impl Into<String>, bytes: &[u8], mode: FileMode) -> Self {
        let sha256 = zone_pki::hex::encode(digest(&SHA256, bytes).as_ref());
        Self { path: path.into(), sha256, size: bytes.len() as u64, mode }
    }

    /// The name within the generation, for a file that belongs there: `ca.crt` for `pki/ca.crt`.
    pub fn generation_file(&self) -> Option<&str> {
        self.path.strip_prefix("pki/")
    }
}

impl Manifest {
    /// Reads a manifest, and refuses paths, sizes and modes that no bundle has.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, BundleError> {
        let mut manifest: Self = formats::read(&bytes, FORMAT)?;
        manifest.raw = bytes;
        manifest.check_files()?;
        Ok(manifest)
    }

    /// The same with the bytes that are to be written and signed.
    pub(super) fn encoded(mut self) -> serde_json::Result<Self> {
        self.raw = serde_json::to_vec_pretty(&self)?;
        self.raw.push(b'\n');
        Ok(self)
    }

    /// The bytes that are signed.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// SHA-256 of the manifest's bytes: the same for the same bundle, and for no other.
    pub fn digest(&self) -> [u8; 32] {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, &self.raw).as_ref());
        sha256
    }

    fn check_files(&self) -> Result<(), BundleError> {
        if self.files.len() > FILES_AT_MOST {
            return Err(BundleError::Manifest { why: format!("it lists {} files", self.files.len()) });
        }
        let together = self.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        let mut seen = BTreeSet::new();
        for file in &self.files {
            check_path(&file.path)?;
            if !seen.insert(file.path.as_str()) {
                return Err(BundleError::Duplicate { path: file.path.clone() });
            }
            let in_generation = file.generation_file().is_some();
            let most = if in_generation { PKI_FILE_AT_MOST } else { PROGRAM_AT_MOST };
            if file.size > most {
                return Err(BundleError::TooLarge { path: file.path.clone(), size: file.size, most });
            }
            if file.path.ends_with(".key") && file.mode != FileMode::Private {
                return Err(BundleError::OpenKey { path: file.path.clone() });
            }
            if file.path.ends_with(".key") && self.keys == KeyPlace::OnNode {
                let why = format!("it lists {}, and says that the keys are on the node", file.path);
                return Err(BundleError::Manifest { why });
            }
            if file.sha256.len() != 64 || zone_pki::hex::decode(&file.sha256).is_none() {
                return Err(BundleError::Manifest {
                    why: format!("the SHA-256 of {} is not valid", file.path),
                });
            }
        }
        if together > TOGETHER_AT_MOST {
            let why = format!("its files have {together} bytes together, of at most {TOGETHER_AT_MOST}");
            return Err(BundleError::Manifest { why });
        }
        Ok(())
    }
}

/// A bundle writes to the generation, and brings programs of the names that are known: its signer chooses
/// what they do, but not what else is found where they lie.
fn check_path(path: &str) -> Result<(), BundleError> {
    let refuse = || Err(BundleError::Path { path: path.to_owned() });
    let parts: Vec<&str> = path.split('/').collect();
    let is_plain = |part: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed)
    };
    if path.len() > PATH_AT_MOST || !parts.iter().all(is_plain) {
        return refuse();
    }
    match parts.as_slice() {
        ["pki", name] if RESERVED.contains(name) => refuse(),
        ["pki", _] => Ok(()),
        _ if is_program(&parts) => Ok(()),
        _ => refuse(),
    }
}
