//! A change of `ca/` as a whole: a copy is changed aside, and takes the place of what is there in one step.
//!
//! Whatever interrupts it, the zone has the CAs of before or those of after, with all of their keys.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use zone_pki::{ShowPath, private_file, regular_file};

use super::aside::Aside;
use crate::zone_directory::ZoneLock;
use crate::zone_directory::authorities::create_authorities::{create, create_directory, stage, sync};
use crate::zone_directory::failures::private_zone_failure;
use model::error::{Exit, Failure, Result};
use model::plan::ZonePaths;

pub(in crate::zone_directory) struct Exchange<'p> {
    paths: &'p ZonePaths,
    staged: Aside,
}

impl<'p> Exchange<'p> {
    pub(in crate::zone_directory) fn begin(paths: &'p ZonePaths, _held: &ZoneLock) -> Result<Self> {
        let directory = paths.authorities();
        if directory.is_symlink() {
            return Err(Failure::bad_input(format!(
                "{} is a link, and cannot be exchanged",
                directory.shown()
            ))
            .because("the keys of new CAs would lie here, and not where it leads")
            .next("have the whole zone directory there, and name it with --zone"));
        }
        let staged = stage(paths)?;
        copy(&directory, staged.path())?;
        keep_owner(&directory, staged.path())?;
        Ok(Self { paths, staged })
    }

    /// A file or directory of it, as it is now.
    pub(in crate::zone_directory) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.staged.path().join(name)
    }

    /// Adds a file, or writes another in its place.
    pub(in crate::zone_directory) fn write(&self, name: &str, bytes: &[u8], mode: u32) -> Result<()> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            create_directory(parent)?;
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::write(&path, &error)),
            _ => create(&path, bytes, mode),
        }?;
        keep_owner(&self.paths.authorities(), &path)
    }

    /// Gives a file another place, which nothing has yet.
    pub(in crate::zone_directory) fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.path(from), self.path(to));
        if let Some(parent) = to.parent() {
            create_directory(parent)?;
        }
        if to.exists() {
            return Err(Failure::internal("a file of a CA would take the place of another"));
        }
        std::fs::rename(&from, &to).map_err(|error| Failure::write(&to, &error))
    }

    pub(in crate::zone_directory) fn remove_if_empty(&self, name: &str) {
        // It stays if it has anything in it.
        let _ = std::fs::remove_dir(self.path(name));
    }

    /// Puts it in the place of what is there. That was copied, and nothing of the copy was dropped, so it can
    /// go.
    pub(in crate::zone_directory) fn put_in_place(self) -> Result<()> {
        sync_all(self.staged.path())?;
        let directory = self.paths.authorities();
        let flags = RenameFlags::EXCHANGE;
        renameat_with(CWD, self.staged.path(), CWD, &directory, flags).map_err(|error| {
            Failure::new(Exit::CannotCreate, format!("cannot exchange {} for another", directory.shown()))
                .because(&io::Error::from(error))
                .next(
                    "nothing was changed; move the zone directory to a file system that has RENAME_EXCHANGE, \
                     as ext4, XFS and Btrfs do",
                )
        })?;
        sync(self.paths.root())
    }
}

/// Root may work in the zone of a user, who has to be able to read it afterwards.
fn keep_owner(of: &Path, target: &Path) -> Result<()> {
    let read = |path: &Path| std::fs::symlink_metadata(path).map_err(|error| Failure::read(path, &error));
    let (wanted, present) = (read(of)?, read(target)?);
    if (wanted.uid(), wanted.gid()) == (present.uid(), present.gid()) {
        return Ok(());
    }
    std::os::unix::fs::lchown(target, Some(wanted.uid()), Some(wanted.gid()))
        .map_err(|error| Failure::write(target, &error))
}

/// A key that is kept elsewhere, as on a medium that is taken away, stays there. The link is made absolute,
/// since it may get another place.
fn copy_link(path: &Path, target: &Path) -> Result<()> {
    let leads_to = std::fs::read_link(path).map_err(|error| Failure::read(path, &error))?;
    let leads_to = path.parent().unwrap_or(path).join(leads_to);
    let absolute = std::path::absolute(&leads_to).map_err(|error| Failure::read(path, &error))?;
    std::os::unix::fs::symlink(absolute, target).map_err(|error| Failure::write(target, &error))
}

/// Copies files with their modes, directories with theirs, and links as links.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let entries = std::fs::read_dir(from).map_err(|error| Failure::read(from, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::read(from, &error))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(|error| Failure::read(&path, &error))?;
        if kind.is_dir() {
            create_directory(&target)?;
            copy(&path, &target)?;
        } else if kind.is_symlink() {
            copy_link(&path, &target)?;
        } else if path.extension().is_some_and(|extension| extension == "key") {
            let key = private_file::read(&path).map_err(|error| private_zone_failure(&path, &error))?;
            create(&target, &key, 0o600)?;
        } else {
            let bytes = regular_file::read(&path).map_err(|error| Failure::read(&path, &error))?;
            let metadata = std::fs::metadata(&path).map_err(|error| Failure::read(&path, &error))?;
            create(&target, &bytes, metadata.mode() & 0o777)?;
        }
        keep_owner(&path, &target)?;
    }
    Ok(())
}

/// Syncs every directory; files were synced as they were written.
fn sync_all(directory: &Path) -> Result<()> {
    let entries = std::fs::read_dir(directory).map_err(|error| Failure::read(directory, &error))?;
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sync_all(&entry.path())?;
        }
    }
    sync(directory)
}
