//! Directories in which files are made that are not in use yet: private, beside where they are to be, and
//! gone with the command.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use nix::unistd::geteuid;
use tempfile::TempDir;

use model::error::{Failure, Result};

/// So many letters and digits, drawn at random, follow the prefix: what an operator has made is told apart.
const DRAWN: usize = 6;

/// Makes one whose name begins with `prefix`. The caller holds the lock of `parent`, so any other of that
/// prefix is what an interrupted command has left, with keys that will not be used: it is removed.
pub fn make_aside(parent: &Path, prefix: &str) -> Result<TempDir> {
    remove_abandoned(parent, prefix)?;
    tempfile::Builder::new()
        .prefix(prefix)
        .rand_bytes(DRAWN)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(|error| Failure::write(parent, &error))
}

/// Removes what interrupted commands of this user have left: others may be able to write there too.
pub fn remove_abandoned(parent: &Path, prefix: &str) -> Result<()> {
    let entries = fs::read_dir(parent).map_err(|error| Failure::write(parent, &error))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let drawn = name.to_str().and_then(|name| name.strip_prefix(prefix));
        let has_its_form = drawn.is_some_and(|drawn| {
            drawn.len() == DRAWN && drawn.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        let is_own = |found: fs::Metadata| found.is_dir() && found.uid() == geteuid().as_raw();
        if has_its_form && entry.metadata().is_ok_and(is_own) {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(|error| Failure::write(&path, &error))?;
        }
    }
    Ok(())
}
