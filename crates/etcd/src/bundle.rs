//! The bundle: where it is, what its manifest says, and whether a file is what the manifest says.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use zone_pki::regular_file;

use super::binary_error::BinaryError;
use model::formats;

/// Format of the manifest.
const FORMAT: u32 = 1;

/// What `scripts/bundle-etcd` says of a bundle.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    #[serde(rename = "format")]
    _format: u32,
    pub(super) version: String,
    pub(super) source: String,
    pub(super) files: BTreeMap<String, ManifestFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestFile {
    pub(super) sha256: String,
    pub(super) size: u64,
}

/// The identity of a file on this machine. While it is the same, so are the bytes: every write changes a time
/// that only the kernel sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileIdentity {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Where the bundles of our own installation are: beside our executable as an installation lays it out
/// (`bin/`, `libexec/zone-etcd/`), then in the source tree if the executable lies in its `target/`.
pub(super) fn installed_bundles() -> Vec<PathBuf> {
    let Some(executable) = std::env::current_exe().ok() else { return Vec::new() };
    let mut directories = Vec::new();
    if let Some(prefix) = executable.parent().and_then(Path::parent) {
        directories.push(bundles_below(prefix));
    }
    let target =
        executable.ancestors().find(|ancestor| ancestor.file_name().is_some_and(|name| name == "target"));
    if let Some(tree) = target.and_then(Path::parent).filter(|tree| tree.join("Cargo.toml").is_file()) {
        directories.push(bundles_below(tree));
    }
    directories
}

/// The same below any directory, such as that of a node, to which its bundles bring programs.
pub(super) fn bundles_below(directory: &Path) -> PathBuf {
    directory.join("libexec").join("zone-etcd")
}

impl FileIdentity {
    /// Of a file that is not there yet. None that is has it.
    pub(super) fn absent(path: &Path) -> Self {
        Self { path: path.to_owned(), device: 0, inode: 0, size: 0, modified: (0, 0), changed: (0, 0) }
    }
}

pub(super) fn manifest_beside(path: &Path) -> Option<PathBuf> {
    let manifest = path.with_file_name("manifest.json");
    manifest.is_file().then_some(manifest)
}

pub fn is_bundled(path: &Path) -> bool {
    manifest_beside(path).is_some()
}

/// The version that the bundle in a directory has by its manifest, in which the file `name` has to have this
/// digest.
pub fn version_by_manifest(directory: &Path, name: &str, sha256: &str) -> Result<String, BinaryError> {
    let path = directory.join("manifest.json");
    let manifest = read_manifest(&path)?;
    check_digest(&directory.join(name), &path, &manifest, name, Some(sha256))?;
    Ok(manifest.version)
}

pub(super) fn read_manifest(path: &Path) -> Result<Manifest, BinaryError> {
    let text =
        regular_file::read(path).map_err(|source| BinaryError::Read { path: path.to_owned(), source })?;
    parse_manifest(path, &text)
}

/// The same of its text.
pub(super) fn parse_manifest(path: &Path, text: &[u8]) -> Result<Manifest, BinaryError> {
    formats::read(text, FORMAT)
        .map_err(|error| BinaryError::Manifest { path: path.to_owned(), reason: error.to_string() })
}

/// Compares a file with its manifest, and returns the digest that both have.
pub(super) fn check_digest(
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

#[tracing::instrument(skip_all, level = "debug", fields(path = ?path))]
fn digest(path: &Path) -> io::Result<String> {
    let mut file = regular_file::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => context.update(&buffer[..count]),
        }
    }
    Ok(zone_pki::hex::encode(context.finish().as_ref()))
}

pub(super) fn identity(path: &Path) -> Result<FileIdentity, BinaryError> {
    let metadata =
        std::fs::metadata(path).map_err(|source| BinaryError::Read { path: path.to_owned(), source })?;
    if !metadata.is_file() {
        return Err(BinaryError::NotAFile(path.to_owned()));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
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
