//! Directories in which files are made that are not in use yet: private, beside where they are to be, and
//! gone with the command.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use model::error::{Failure, Result};

/// Makes one whose name begins with `prefix`. The caller holds the lock of `parent`, so any other of that
/// prefix is what an interrupted command has left, with keys that will not be used: it is removed.
pub fn make_aside(parent: &Path, prefix: &str) -> Result<TempDir> {
    remove_abandoned(parent, prefix)?;
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(|error| Failure::write(parent, &error))
}

/// Removes what interrupted commands have left.
pub fn remove_abandoned(parent: &Path, prefix: &str) -> Result<()> {
    let entries = fs::read_dir(parent).map_err(|error| Failure::read(parent, &error))?;
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(|error| Failure::write(&path, &error))?;
        }
    }
    Ok(())
}
