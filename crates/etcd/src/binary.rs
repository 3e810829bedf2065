//! Which etcd is run: found, its version known, and its bytes those of the bundle.

use std::collections::BTreeSet;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User, geteuid};
use serde::{Deserialize, Serialize};

use super::binary_error::BinaryError;
use super::bundle::{
    FileIdentity, bundles_below, check_digest, identity, installed_bundles, manifest_beside, parse_manifest,
    read_manifest,
};
use super::exec::etcd_command;
use super::extra_flags::ExtraFlags;
use super::process_output::{self, Stream};
use model::config::{EtcdVersion, MinorVersion, VersionError};
use model::foreign_text::said;
use payload::{Payload, Place};

#[derive(Clone, Debug, Default)]
pub struct BinaryRequest {
    /// `--etcd PATH`: this file, bundled or not.
    pub given: Option<PathBuf>,
    /// `--system-etcd`: the one in `PATH`, if none is bundled.
    pub system: bool,
    /// The version to look for among the bundled ones.
    pub version: Option<EtcdVersion>,
    /// The directory of the node, to which its bundles bring programs: it is looked at where our own
    /// installation has none.
    pub node_directory: Option<PathBuf>,
    /// Nothing is to be written: an etcd that is packed into our own executable is not unpacked for this.
    pub looks_only: bool,
}

/// Where a binary came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--etcd`.
    Given,
    /// The bundle beside our own executable, or in the source tree; its manifest says how it was made.
    Bundled {
        /// The manifest's `source`.
        source: String,
    },
    /// Packed into our own executable and not unpacked yet: the first start does it, to the path that is
    /// said.
    Packed {
        /// The manifest's `source`.
        source: String,
    },
    /// `PATH`.
    System,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => formatter.write_str("given with --etcd; not checked against a manifest"),
            Self::Bundled { source } => write!(formatter, "bundled: {source}"),
            Self::Packed { source } => {
                write!(formatter, "packed into this program, unpacked by the first start: {source}")
            }
            Self::System => formatter.write_str("found in PATH; not checked against a manifest"),
        }
    }
}

/// An etcd that may be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdBinary {
    pub path: PathBuf,
    pub version: EtcdVersion,
    pub line: MinorVersion,
    pub origin: Origin,
}

/// What was found out about a file, for as long as its identity stays: the digest of a bundled file, and the
/// version of one that has no manifest. Reading 25 MB or starting Go would cost every start several
/// milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedBinary {
    identity: FileIdentity,
    sha256: Option<String>,
    version: String,
    /// The flags that it was last asked about, and takes.
    #[serde(default)]
    accepted_flags: Vec<String>,
}

impl VerifiedBinary {
    /// Whether it takes exactly these flags, as far as is known.
    pub fn has_accepted(&self, flags: &ExtraFlags) -> bool {
        self.accepted_flags == flags.as_arguments()
    }

    /// Of the file, if its manifest has one: in hexadecimal digits.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// Notes that it takes these flags.
    pub fn accept(&mut self, flags: &ExtraFlags) {
        self.accepted_flags = flags.as_arguments();
    }
}

impl EtcdBinary {
    /// Finds the etcd that is asked for. `verified` is what an earlier call returned for its file, if
    /// anything; what comes back beside the binary is to be given to the next call.
    pub fn find(
        request: &BinaryRequest,
        verified: Option<&VerifiedBinary>,
    ) -> Result<(Self, VerifiedBinary), BinaryError> {
        match locate(request)? {
            Located::Bundled { path, manifest } => Self::bundled(&path, &manifest, verified),
            Located::Packed { path, manifest } => Self::packed(path, &manifest),
            Located::Alone { path, origin } => Self::without_manifest(path, origin, verified),
        }
    }

    /// A tool of the same bundle, such as etcdctl, with the digest of its manifest; without a manifest, the
    /// file beside etcd. etcd itself is not looked at: it is not what is run.
    pub fn find_tool(request: &BinaryRequest, name: &str) -> Result<PathBuf, BinaryError> {
        match locate(request)? {
            Located::Bundled { path, manifest: manifest_path } => {
                let path = path.with_file_name(name);
                identity(&path)?;
                let manifest = read_manifest(&manifest_path)?;
                check_digest(&path, &manifest_path, &manifest, name, None)?;
                Ok(path)
            }
            Located::Packed { path, .. } => Ok(path.with_file_name(name)),
            Located::Alone { path, .. } => {
                let path = path.with_file_name(name);
                identity(&path).map(|_| path)
            }
        }
    }

    fn bundled(
        path: &Path,
        manifest_path: &Path,
        verified: Option<&VerifiedBinary>,
    ) -> Result<(Self, VerifiedBinary), BinaryError> {
        let identity = identity(path)?;
        let manifest = read_manifest(manifest_path)?;
        let known =
            verified.filter(|known| known.identity == identity).and_then(|known| known.sha256.as_deref());
        let sha256 = check_digest(path, manifest_path, &manifest, "etcd", known)?;
        let (version, line) = supported(path, &manifest.version)?;
        let accepted_flags = accepted_before(&identity, verified);
        let verified =
            VerifiedBinary { identity, sha256: Some(sha256), version: manifest.version, accepted_flags };
        let origin = Origin::Bundled { source: manifest.source };
        Ok((Self { path: path.to_owned(), version, line, origin }, verified))
    }

    fn packed(path: PathBuf, manifest: &[u8]) -> Result<(Self, VerifiedBinary), BinaryError> {
        let manifest = parse_manifest(&path.with_file_name("manifest.json"), manifest)?;
        let (version, line) = supported(&path, &manifest.version)?;
        let verified = VerifiedBinary {
            identity: FileIdentity::absent(&path),
            sha256: None,
            version: manifest.version,
            accepted_flags: Vec::new(),
        };
        Ok((Self { path, version, line, origin: Origin::Packed { source: manifest.source } }, verified))
    }

    fn without_manifest(
        path: PathBuf,
        origin: Origin,
        verified: Option<&VerifiedBinary>,
    ) -> Result<(Self, VerifiedBinary), BinaryError> {
        let identity = identity(&path)?;
        let text = match verified.filter(|known| known.identity == identity) {
            Some(known) => known.version.clone(),
            None => reported_version(&path)?.to_string(),
        };
        let (version, line) = supported(&path, &text)?;
        let accepted_flags = accepted_before(&identity, verified);
        let verified = VerifiedBinary { identity, sha256: None, version: text, accepted_flags };
        Ok((Self { path, version, line, origin }, verified))
    }
}

/// What the very same file was asked about before.
fn accepted_before(identity: &FileIdentity, verified: Option<&VerifiedBinary>) -> Vec<String> {
    let known = verified.filter(|known| known.identity == *identity);
    known.map(|known| known.accepted_flags.clone()).unwrap_or_default()
}

/// Where etcd is, not yet looked at.
enum Located {
    /// With a manifest beside it.
    Bundled { path: PathBuf, manifest: PathBuf },
    /// In our own executable, and only looked for.
    Packed { path: PathBuf, manifest: Vec<u8> },
    /// Without one.
    Alone { path: PathBuf, origin: Origin },
}

fn locate(request: &BinaryRequest) -> Result<Located, BinaryError> {
    if let Some(path) = &request.given {
        let path =
            std::path::absolute(path).map_err(|source| BinaryError::Read { path: path.clone(), source })?;
        return Ok(match manifest_beside(&path) {
            Some(manifest) => Located::Bundled { path, manifest },
            None => Located::Alone { path, origin: Origin::Given },
        });
    }
    let version = request.version.unwrap_or(EtcdVersion::DEFAULT);
    let etcd_in = |directory: &Path| directory.join(version.to_string()).join("etcd");
    let mut directories = installed_bundles();
    for path in directories.iter().map(|directory| etcd_in(directory)) {
        if let Some(manifest) = manifest_beside(&path) {
            return Ok(Located::Bundled { path, manifest });
        }
    }
    if let Some(packed) = packed_bundle(version, request.looks_only)? {
        return Ok(packed);
    }
    if let Some(directory) = request.node_directory.as_deref().map(bundles_below) {
        let path = etcd_in(&directory);
        if let Some(manifest) = manifest_beside(&path) {
            refuse_for_root(&path)?;
            return Ok(Located::Bundled { path, manifest });
        }
        directories.push(directory);
    }
    if request.system
        && let Ok(path) = which::which("etcd")
    {
        return Ok(Located::Alone { path, origin: Origin::System });
    }
    let looked_in = directories.iter().map(|directory| directory.join(version.to_string())).collect();
    Err(BinaryError::NotBundled { version, looked_in })
}

/// The versions of etcd that an installation brings: beside our own executable, and packed into it. The
/// newest is last.
///
/// # Errors
/// What is packed into our own executable cannot be used.
pub fn versions_here() -> Result<Vec<EtcdVersion>, BinaryError> {
    let mut versions = match Payload::own()? {
        Some(payload) => payload.versions(),
        None => BTreeSet::new(),
    };
    for directory in installed_bundles() {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let names = entries.filter(|entry| entry.path().join("manifest.json").is_file());
        versions.extend(names.filter_map(|entry| entry.file_name().to_str()?.parse::<EtcdVersion>().ok()));
    }
    Ok(versions.into_iter().collect())
}

/// The bundle that is packed into our own executable, if it is of this version.
fn packed_bundle(version: EtcdVersion, looks_only: bool) -> Result<Option<Located>, BinaryError> {
    let Some(payload) = Payload::own()? else { return Ok(None) };
    let Some(text) = payload.manifest(version)? else { return Ok(None) };
    let place = match looks_only {
        true => payload.place()?,
        false => Place::Unpacked(payload.unpacked()?),
    };
    let etcd_in = |directory: PathBuf| directory.join(version.to_string()).join("etcd");
    Ok(Some(match place {
        Place::Unpacked(directory) => {
            let path = etcd_in(directory);
            Located::Bundled { manifest: path.with_file_name("manifest.json"), path }
        }
        Place::NotYet(directory) => Located::Packed { path: etcd_in(directory), manifest: text },
    }))
}

/// Who owns a node directory could have root run anything. A start, which is the owner's, runs it.
fn refuse_for_root(path: &Path) -> Result<(), BinaryError> {
    let read = |source| BinaryError::Read { path: path.to_owned(), source };
    let uid = std::fs::metadata(path).map_err(read)?.uid();
    if !geteuid().is_root() || uid == 0 {
        return Ok(());
    }
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let owner = user.map_or_else(|| uid.to_string(), |user| user.name);
    Err(BinaryError::OfAnotherUser { path: path.to_owned(), owner })
}

fn supported(path: &Path, text: &str) -> Result<(EtcdVersion, MinorVersion), BinaryError> {
    let version_error = |source| BinaryError::Version { path: path.to_owned(), source };
    let version: EtcdVersion = text.parse().map_err(version_error)?;
    Ok((version, version.line().map_err(version_error)?))
}

/// The version that a binary reports, which takes that it can be run here.
#[tracing::instrument(skip_all, level = "debug", name = "ask etcd for its version", fields(path = ?path))]
pub fn reported_version(path: &Path) -> Result<EtcdVersion, BinaryError> {
    let failed = |reason: String| BinaryError::DidNotAnswer { path: path.to_owned(), reason };
    let text = process_output::said(etcd_command(path).arg("--version"), Stream::Output)
        .map_err(|error| failed(error.to_string()))?;
    EtcdVersion::from_banner(&text).map_err(|error| match error {
        VersionError::Unreadable(line) => failed(format!("it answered `{}`", said(&line))),
        source => BinaryError::Version { path: path.to_owned(), source },
    })
}
