//! Why there is no etcd to run.

use std::io;
use std::path::{Path, PathBuf};

use zone_pki::ShowPath;

use model::config::{EtcdVersion, VersionError};
use model::error::{Exit, Failure};
use model::report;

/// Where the packages of `scripts/packages` have etcd, each version in one of its own.
const PACKAGED: &str = "/usr/libexec/zone-etcd";

/// Why there is no etcd to run.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    #[error("no etcd {version} is bundled (looked in {})", list(looked_in))]
    NotBundled { version: EtcdVersion, looked_in: Vec<PathBuf> },
    /// A file that should be there is not, or cannot be read.
    #[error("cannot read {}", path.shown())]
    Read { path: PathBuf, source: io::Error },
    /// It is a directory, a pipe or the like.
    #[error("{} is not a file", .0.shown())]
    NotAFile(PathBuf),
    /// Root was to run what another user has in a node directory, and may change at any time.
    #[error("{} belongs to {owner}: root does not run it", path.shown())]
    OfAnotherUser {
        path: PathBuf,
        /// The user's name, or its number if it has none.
        owner: String,
    },
    /// The file has no execute permission.
    #[error("{} is not executable", .0.shown())]
    NotExecutable(PathBuf),
    /// The manifest of the bundle cannot be understood.
    #[error("the bundle's manifest {} cannot be used: {reason}", path.shown())]
    Manifest { path: PathBuf, reason: String },
    /// The bytes are not those that were bundled.
    #[error("{} was altered: its SHA-256 is {found}, the bundle's manifest says {expected}", path.shown())]
    Altered {
        path: PathBuf,
        /// The digest in the manifest.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// The version is not one that this program drives.
    #[error("{}: {source}", path.shown())]
    Version {
        path: PathBuf,
        /// Why not.
        source: VersionError,
    },
    /// What is packed into our own executable, or where that is unpacked, cannot be used.
    #[error("{0}")]
    Packed(Failure),
    /// `etcd --version` did not answer as etcd does.
    #[error("`{} --version` failed: {reason}", path.shown())]
    DidNotAnswer { path: PathBuf, reason: String },
}

impl From<Failure> for BinaryError {
    fn from(failure: Failure) -> Self {
        Self::Packed(failure)
    }
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| path.shown().to_string()).collect();
    shown.join(" and ")
}

/// The directory that our own executable has unpacked, if a file is in it.
fn unpacked_above(path: &Path) -> Option<PathBuf> {
    let place = payload::Payload::own().ok()??.place().ok()?;
    let (payload::Place::Unpacked(directory) | payload::Place::NotYet(directory)) = place;
    path.starts_with(&directory).then_some(directory)
}

/// The failure of a command that found no etcd to run.
pub fn binary_failure(error: BinaryError) -> Failure {
    let error = match error {
        BinaryError::Packed(failure) => return failure,
        error => error,
    };
    let bundle_again = |path: &Path| {
        format!(
            "bundle it again: scripts/bundle-etcd --force, or run a known etcd with --etcd; not {}",
            path.shown()
        )
    };
    match &error {
        BinaryError::NotBundled { version, looked_in } => {
            let next = if looked_in.iter().any(|place| place.starts_with(PACKAGED)) {
                format!("install the package zone-etcd-etcd-{version}, or name an etcd with --etcd PATH")
            } else {
                format!(
                    "run scripts/bundle-etcd --version {version} (with --archive FILE for one that it cannot \
                     build), or name an etcd with --etcd PATH"
                )
            };
            Failure::new(Exit::MissingInput, error.to_string()).next(next)
        }
        BinaryError::Read { path, source } => {
            Failure::read(path, source).next("name an etcd with --etcd PATH, or run scripts/bundle-etcd")
        }
        BinaryError::NotAFile(_) => {
            Failure::bad_input(error.to_string()).next("name the etcd binary itself with --etcd")
        }
        BinaryError::OfAnotherUser { owner, .. } => Failure::new(Exit::Permission, error.to_string())
            .next(format!("run it as that user: the same command behind `runuser -u {owner} --`")),
        BinaryError::NotExecutable(path) => {
            Failure::new(Exit::Permission, error.to_string()).next(format!("chmod 755 {}", path.shown()))
        }
        BinaryError::Manifest { path, .. } | BinaryError::Altered { path, .. } => {
            Failure::bad_input(error.to_string()).next(match unpacked_above(path) {
                Some(directory) => {
                    format!("have it unpacked again: rm -r {}", report::shell_quoted_path(&directory))
                }
                None => bundle_again(path),
            })
        }
        BinaryError::Version { .. } => Failure::new(Exit::Configuration, error.to_string())
            .next("run a supported one: scripts/bundle-etcd bundles 3.7.3"),
        BinaryError::DidNotAnswer { .. } | BinaryError::Packed(_) => Failure::bad_input(error.to_string())
            .next("name an etcd binary for this machine with --etcd PATH"),
    }
}
