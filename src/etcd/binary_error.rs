//! Why there is no etcd to run.

use std::io;
use std::path::PathBuf;

use zone_pki::ShowPath;

use crate::config::{EtcdVersion, VersionError};

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
    #[error("cannot read {}", path.shown())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a directory, a pipe or the like.
    #[error("{} is not a file", .0.shown())]
    NotAFile(PathBuf),
    /// Root was to run what another user has in a node directory, and may change at any time.
    #[error("{} belongs to {owner}: root does not run it", path.shown())]
    OfAnotherUser {
        /// The file.
        path: PathBuf,
        /// The user's name, or its number if it has none.
        owner: String,
    },
    /// The file has no execute permission.
    #[error("{} is not executable", .0.shown())]
    NotExecutable(PathBuf),
    /// The manifest of the bundle cannot be understood.
    #[error("the bundle's manifest {} cannot be used: {reason}", path.shown())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The bytes are not those that were bundled.
    #[error("{} was altered: its SHA-256 is {found}, the bundle's manifest says {expected}", path.shown())]
    Altered {
        /// The file.
        path: PathBuf,
        /// The digest in the manifest.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// The version is not one that this program drives.
    #[error("{}: {source}", path.shown())]
    Version {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: VersionError,
    },
    /// `etcd --version` did not answer as etcd does.
    #[error("`{} --version` failed: {reason}", path.shown())]
    DidNotAnswer {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| path.shown().to_string()).collect();
    shown.join(" and ")
}
