//! Which etcd is run: found, its version known, and its bytes those of the bundle.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::version::{EtcdVersion, Line, VersionError};

/// Which binary is asked for.
#[derive(Clone, Debug, Default)]
pub struct BinaryRequest {
    /// `--etcd PATH`: this file, bundled or not.
    pub given: Option<PathBuf>,
    /// `--system-etcd`: the one in `PATH`, if none is bundled.
    pub system: bool,
    /// The version to look for among the bundled ones.
    pub version: Option<EtcdVersion>,
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
    /// `PATH`.
    System,
}

/// An etcd that may be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdBinary {
    /// The file.
    pub path: PathBuf,
    /// Its version.
    pub version: EtcdVersion,
    /// The line, which decides on the flags.
    pub line: Line,
    /// Where it came from.
    pub origin: Origin,
}

/// Why there is no etcd to run.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// Nothing was found.
    #[error("no etcd {version} is bundled (looked in {})", list(looked_in))]
    NotBundled {
        /// The version that was looked for.
        version: EtcdVersion,
        /// Where.
        looked_in: Vec<PathBuf>,
    },
    /// A file that should be there is not, or cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has no execute permission, or is no regular file.
    #[error("{} is not an executable file", .0.display())]
    NotExecutable(PathBuf),
    /// The manifest of the bundle cannot be understood.
    #[error("the bundle's manifest {} cannot be used: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The bytes are not those that were bundled.
    #[error("{} was altered: its SHA-256 is {found}, the bundle's manifest says {expected}", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// The digest in the manifest.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// The version is not one that this program drives.
    #[error("{}: {source}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: VersionError,
    },
    /// `etcd --version` did not answer as etcd does.
    #[error("`{} --version` failed: {reason}", path.display())]
    DidNotAnswer {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    shown.join(" and ")
}

/// What `scripts/bundle-etcd` says of a bundle.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    version: String,
    source: String,
    files: BTreeMap<String, ManifestFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    sha256: String,
    size: u64,
}

/// The identity of a file on this machine. While it is the same, so are the bytes: every write changes a time that only
/// the kernel sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileIdentity {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What was found out about a file, for as long as its identity stays: the digest of a bundled file, and the version of one
/// that has no manifest. Reading 25 MB or starting Go would cost every start several milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedBinary {
    identity: FileIdentity,
    sha256: Option<String>,
    version: String,
}

impl EtcdBinary {
    /// Finds the etcd that is asked for. `verified` is what an earlier call returned for its file, if anything; what comes
    /// back beside the binary is to be given to the next call.
    pub fn find(
        request: &BinaryRequest,
        verified: Option<&VerifiedBinary>,
    ) -> Result<(Self, VerifiedBinary), BinaryError> {
        if let Some(path) = &request.given {
            let path = std::path::absolute(path)
                .map_err(|source| BinaryError::Read { path: path.clone(), source })?;
            return match manifest_beside(&path) {
                Some(manifest) => Self::bundled(&path, &manifest, verified),
                None => Self::without_manifest(path, Origin::Given, verified),
            };
        }
        let version = request.version.unwrap_or(EtcdVersion::DEFAULT);
        let directories = bundle_directories();
        for directory in &directories {
            let path = directory.join(version.to_string()).join("etcd");
            if let Some(manifest) = manifest_beside(&path) {
                return Self::bundled(&path, &manifest, verified);
            }
        }
        if request.system
            && let Ok(path) = which::which("etcd")
        {
            return Self::without_manifest(path, Origin::System, verified);
        }
        let looked_in = directories.iter().map(|directory| directory.join(version.to_string())).collect();
        Err(BinaryError::NotBundled { version, looked_in })
    }

    /// A tool of the same bundle, such as etcdctl, with the digest of its manifest; without a manifest, the file beside etcd.
    pub fn tool(&self, name: &str) -> Result<PathBuf, BinaryError> {
        let path = self.path.with_file_name(name);
        identity(&path)?;
        if let Some(manifest_path) = manifest_beside(&path) {
            let manifest = read_manifest(&manifest_path)?;
            check_digest(&path, &manifest_path, &manifest, name, None)?;
        }
        Ok(path)
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
        let verified = VerifiedBinary { identity, sha256: Some(sha256), version: manifest.version };
        let origin = Origin::Bundled { source: manifest.source };
        Ok((Self { path: path.to_owned(), version, line, origin }, verified))
    }

    fn without_manifest(
        path: PathBuf,
        origin: Origin,
        verified: Option<&VerifiedBinary>,
    ) -> Result<(Self, VerifiedBinary), BinaryError> {
        let identity = identity(&path)?;
        let text = match verified.filter(|known| known.identity == identity) {
            Some(known) => known.version.clone(),
            None => ask_version(&path)?,
        };
        let (version, line) = supported(&path, &text)?;
        Ok((Self { path, version, line, origin }, VerifiedBinary { identity, sha256: None, version: text }))
    }
}

fn supported(path: &Path, text: &str) -> Result<(EtcdVersion, Line), BinaryError> {
    let version_error = |source| BinaryError::Version { path: path.to_owned(), source };
    let version: EtcdVersion = text.parse().map_err(version_error)?;
    Ok((version, version.line().map_err(version_error)?))
}

/// Where bundles are: beside our own executable as an installation lays it out (`bin/`, `libexec/zone-etcd/`), then in the
/// source tree if the executable lies in its `target/`.
fn bundle_directories() -> Vec<PathBuf> {
    let bundle = Path::new("libexec").join("zone-etcd");
    let Some(executable) = std::env::current_exe().ok() else { return Vec::new() };
    let mut directories = Vec::new();
    if let Some(prefix) = executable.parent().and_then(Path::parent) {
        directories.push(prefix.join(&bundle));
    }
    let target =
        executable.ancestors().find(|ancestor| ancestor.file_name().is_some_and(|name| name == "target"));
    if let Some(tree) = target.and_then(Path::parent).filter(|tree| tree.join("Cargo.toml").is_file()) {
        directories.push(tree.join(&bundle));
    }
    directories
}

fn manifest_beside(path: &Path) -> Option<PathBuf> {
    let manifest = path.with_file_name("manifest.json");
    manifest.is_file().then_some(manifest)
}

fn read_manifest(path: &Path) -> Result<Manifest, BinaryError> {
    let unusable = |reason: String| BinaryError::Manifest { path: path.to_owned(), reason };
    let text = std::fs::read(path).map_err(|source| BinaryError::Read { path: path.to_owned(), source })?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
    if manifest.format == 1 {
        Ok(manifest)
    } else {
        Err(unusable(format!("its format is {}, not 1", manifest.format)))
    }
}

/// Compares a file with its manifest, and returns the digest that both have.
fn check_digest(
    path: &Path,
    manifest_path: &Path,
    manifest: &Manifest,
    name: &str,
    known: Option<&str>,
) -> Result<String, BinaryError> {
    let Some(expected) = manifest.files.get(name) else {
        let reason = format!("it does not list {name}");
        return Err(BinaryError::Manifest { path: manifest_path.to_owned(), reason });
    };
    let read_error = |source| BinaryError::Read { path: path.to_owned(), source };
    let found = match known {
        Some(known) => known.to_owned(),
        None => digest(path).map_err(read_error)?,
    };
    let size = std::fs::metadata(path).map_err(read_error)?.len();
    if found.eq_ignore_ascii_case(&expected.sha256) && size == expected.size {
        Ok(found)
    } else {
        Err(BinaryError::Altered { path: path.to_owned(), expected: expected.sha256.clone(), found })
    }
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => context.update(&buffer[..count]),
        }
    }
    Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn identity(path: &Path) -> Result<FileIdentity, BinaryError> {
    let metadata =
        std::fs::metadata(path).map_err(|source| BinaryError::Read { path: path.to_owned(), source })?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        return Err(BinaryError::NotExecutable(path.to_owned()));
    }
    Ok(FileIdentity {
        path: path.to_owned(),
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

fn ask_version(path: &Path) -> Result<String, BinaryError> {
    let failed = |reason: String| BinaryError::DidNotAnswer { path: path.to_owned(), reason };
    let output = Command::new(path)
        .arg("--version")
        .env_clear()
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = EtcdVersion::from_banner(&text).map_err(|error| match error {
        VersionError::Unreadable(line) => failed(format!("it answered `{line}`")),
        source => BinaryError::Version { path: path.to_owned(), source },
    })?;
    Ok(version.to_string())
}
