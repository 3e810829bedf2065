//! The cache that programs are unpacked into: where it is, and whether what is there can be believed.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};
use zone_pki::ShowPath;

use super::format::Index;
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted_path;

/// Names the directory instead of the place of this user.
pub const VARIABLE: &str = "ZONE_ETCD_CACHE";
const OF_ROOT: &str = "/var/cache/zone-etcd";
/// Bits of a mode with which others can write.
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// The cache of the user that this process acts as. Root has one that no variable of another user moves.
///
/// # Errors
/// The user has no home directory.
pub(crate) fn directory() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(directory) = variable(VARIABLE) {
        return std::path::absolute(&directory).map_err(|error| Failure::read(&directory, &error));
    }
    if geteuid().is_root() {
        return Ok(PathBuf::from(OF_ROOT));
    }
    // Root that has become the owner of a directory has root's environment still.
    let owner = host::environment_of_owner().into_iter().find(|(name, _)| *name == "HOME");
    let own = match owner {
        Some((_, home)) => Some(PathBuf::from(home).join(".cache")),
        None => variable("XDG_CACHE_HOME").filter(|directory| directory.is_absolute()).or_else(|| {
            let home = variable("HOME").filter(|home| home.is_absolute());
            let home = home.or_else(|| User::from_uid(geteuid()).ok().flatten().map(|user| user.dir));
            home.map(|home| home.join(".cache"))
        }),
    };
    own.map(|cache| cache.join("zone-etcd")).ok_or_else(|| {
        Failure::new(Exit::Configuration, "there is no place to unpack etcd: this user has no home directory")
            .next(format!("set {VARIABLE} to a directory of this user's alone"))
    })
}

/// Creates the cache directory with mode 0700 if it is absent.
pub(crate) fn create(cache: &Path) -> Result<()> {
    let parents = if geteuid().is_root() { 0o755 } else { 0o700 };
    let made =
        cache.parent().map_or(Ok(()), |above| DirBuilder::new().recursive(true).mode(parents).create(above));
    match made.and_then(|()| create_private(cache)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Failure::write(cache, &error)
                .next(format!("set {VARIABLE} to a directory of this user's alone")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn create_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(directory)
}

/// Refuses a cache that others could change, or exchange for another: by its own mode and owner, or by those
/// of a directory above it.
///
/// # Errors
/// As said, with exit 77.
pub(crate) fn refuse_open(cache: &Path) -> Result<PathBuf> {
    let unreadable = |error: io::Error| Failure::read(cache, &error);
    let cache = cache.canonicalize().map_err(unreadable)?;
    refuse_others(&cache)?;
    for above in cache.ancestors().skip(1) {
        let metadata = fs::symlink_metadata(above).map_err(unreadable)?;
        // Of a directory with the sticky bit, others cannot rename what is not theirs.
        let is_open = metadata.mode() & OTHERS_WRITE != 0 && metadata.mode() & STICKY == 0;
        if is_open || is_of_another(&metadata) {
            return Err(open(above, &metadata));
        }
    }
    Ok(cache)
}

fn is_of_another(metadata: &Metadata) -> bool {
    metadata.uid() != 0 && metadata.uid() != geteuid().as_raw()
}

fn refuse_others(path: &Path) -> Result<Metadata> {
    let metadata = fs::symlink_metadata(path).map_err(|error| Failure::read(path, &error))?;
    if metadata.mode() & OTHERS_WRITE != 0 || is_of_another(&metadata) {
        return Err(open(path, &metadata));
    }
    Ok(metadata)
}

fn open(path: &Path, metadata: &Metadata) -> Failure {
    let failure =
        Failure::new(Exit::Permission, format!("{} is not believed: others could change it", path.shown()));
    let elsewhere = format!("set {VARIABLE} to a directory of this user's alone");
    if is_of_another(metadata) {
        return failure.because(format!("it belongs to user {}", metadata.uid())).next(elsewhere);
    }
    failure
        .because(format!("its mode is {:04o}", metadata.mode() & 0o7777))
        .next(format!("if nothing was changed: chmod go-w {}", shell_quoted_path(path)))
}

/// Whether all that the index names is in a directory, with its size. What its bytes are the manifest of each
/// bundle says, with which a start compares them.
///
/// # Errors
/// Others could change something of it (exit 77).
pub(crate) fn is_whole(directory: &Path, index: &Index) -> Result<bool> {
    if fs::symlink_metadata(directory).is_err() {
        return Ok(false);
    }
    if !refuse_others(directory)?.is_dir() {
        return Ok(false);
    }
    for file in &index.files {
        let path = directory.join(&file.path);
        let above = path.parent().unwrap_or(directory);
        if fs::symlink_metadata(above).is_err() || fs::symlink_metadata(&path).is_err() {
            return Ok(false);
        }
        let (above, found) = (refuse_others(above)?, refuse_others(&path)?);
        if !above.is_dir() || !found.is_file() || found.len() != file.size {
            return Ok(false);
        }
    }
    Ok(true)
}
