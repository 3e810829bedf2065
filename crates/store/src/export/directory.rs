//! Writes an export: all of it or nothing, and over nothing.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use zone_pki::{ShowPath, private_file};

use super::ExportFile;
use crate::zone_directory::{Aside, ZoneLock, private_failure};
use model::error::{Exit, Failure, Result};

const ASIDE: &str = ".zone-etcd-export-";

/// Writes the files, 0600 each, aside and into a directory of this name, 0700, which must not be there yet.
/// What an interrupted export of whatever name has left beside it is removed: there are keys in it.
pub fn write_new(directory: &Path, files: &[ExportFile], _held: &ZoneLock) -> Result<()> {
    refuse_present(directory)?;
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let staged = Aside::make(parent, ASIDE)?;
    for file in files {
        write(staged.path(), file)?;
    }
    sync(staged.path())?;
    std::fs::rename(staged.path(), directory).map_err(|error| Failure::write(directory, &error))?;
    staged.has_moved();
    sync(parent)
}

/// Refuses a directory that is there, before anything is issued for it.
pub fn refuse_present(directory: &Path) -> Result<()> {
    if std::fs::symlink_metadata(directory).is_err() {
        return Ok(());
    }
    Err(Failure::new(Exit::CannotCreate, format!("{} is there already", directory.shown()))
        .because("nothing is overwritten, and keys are not mixed with other files")
        .next("choose another directory with --out"))
}

fn write(staged: &Path, file: &ExportFile) -> Result<()> {
    let path = staged.join(&file.path);
    let directory = path.parent().unwrap_or(staged);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| Failure::write(directory, &error))?;
    private_file::create(&path, &file.bytes, 0o600).map_err(|error| private_failure(&path, &error))?;
    sync(&path)?;
    sync(directory)
}

fn sync(path: &Path) -> Result<()> {
    private_file::sync(path).map_err(|error| private_failure(path, &error))
}
