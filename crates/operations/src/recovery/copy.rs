//! The data of a member, copied beside it, in a directory that goes with this process.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytesize::ByteSize;
use zone_pki::ShowPath;

use super::log_report::log_failure;
use etcd::DataCopy;
use host::{LockError, NodeLock, free_space};
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted_path;
use store::zone_directory::create_directory;

/// What its name ends with. A call that was killed leaves it behind, and the next one clears it.
const SUFFIX: &str = ".recover";
/// By this a directory is known to be one.
const LOCK: &str = "zone-etcd-recover.lock";
/// How often the data of a member that runs is copied, before it counts as one that is written to.
const ATTEMPTS: usize = 3;

/// A directory of mode 0700 beside the data, on the same file system, for one call at a time.
#[derive(Debug)]
pub(super) struct WorkDirectory {
    path: PathBuf,
    _lock: NodeLock,
}

impl WorkDirectory {
    /// Makes it, and clears what an earlier call has left in it.
    ///
    /// # Errors
    /// Another call works there (exit 75), or it cannot be made.
    pub(super) fn begin(data: &Path) -> Result<Self> {
        let mut name = data.file_name().unwrap_or_default().to_owned();
        name.push(SUFFIX);
        let path = data.with_file_name(name);
        refuse_foreign(&path)?;
        create_directory(&path)?;
        let lock = NodeLock::take(&path.join(LOCK)).map_err(|error| match error {
            LockError::Io { path, source } => Failure::write(&path, &source),
            held @ LockError::Held { .. } => {
                Failure::new(Exit::TryAgain, "another `recover` is at work on this data")
                    .because(&held)
                    .next("wait until it has ended, and run the command again")
            }
        })?;
        let work = Self { path, _lock: lock };
        work.clear().map_err(|error| Failure::write(&work.path, &error))?;
        Ok(work)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            match path.symlink_metadata()?.is_dir() {
                true => fs::remove_dir_all(path)?,
                false if path.ends_with(LOCK) => {}
                false => fs::remove_file(path)?,
            }
        }
        Ok(())
    }

    /// Copies the data into it. `is_live` says that a member may run on it: then it must not have changed
    /// meanwhile.
    ///
    /// # Errors
    /// There is no room (exit 73), a file cannot be read, the log is damaged, or the data is written to (75).
    pub(super) fn copy(&self, data: &Path, is_live: bool) -> Result<DataCopy> {
        let to = self.path.join("data");
        refuse_without_room(data, &self.path)?;
        for _ in 0..ATTEMPTS {
            let before = state(data).map_err(|error| Failure::read(data, &error))?;
            let copy = DataCopy::make(data, &to);
            let after = state(data).map_err(|error| Failure::read(data, &error))?;
            if !is_live || before == after {
                return copy.map_err(|error| log_failure(&error));
            }
            fs::remove_dir_all(&to).map_err(|error| Failure::write(&to, &error))?;
        }
        Err(Failure::new(Exit::TryAgain, format!("{} is written to while it is copied", data.shown()))
            .because("a member runs on it, and has a quorum")
            .next("see how the members are: zone-etcd status"))
    }
}

/// Refuses what is in the place of the directory and was not made here: a copy of the operator's, for one.
fn refuse_foreign(path: &Path) -> Result<()> {
    let is_ours = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::read(path, &error)),
        Ok(metadata) if !metadata.is_dir() => false,
        Ok(_) => {
            let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
            path.join(LOCK).symlink_metadata().is_ok_and(|lock| lock.is_file()) || is_empty()
        }
    };
    if is_ours {
        return Ok(());
    }
    let quoted = shell_quoted_path(path);
    Err(Failure::new(Exit::CannotCreate, format!("{} is there already", path.shown()))
        .because("the copy of the data is to be made there")
        .next(format!("move it away, then run the command again: mv {quoted} {quoted}.mine")))
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Sizes and times of all files, by which a change shows.
fn state(data: &Path) -> io::Result<Vec<(PathBuf, u64, SystemTime)>> {
    let mut files = Vec::new();
    for part in ["snap", "wal"] {
        for entry in fs::read_dir(data.join("member").join(part))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            files.push((entry.path(), metadata.len(), metadata.modified()?));
        }
    }
    files.sort();
    Ok(files)
}

/// The copy, and the database once more as a snapshot.
fn refuse_without_room(data: &Path, directory: &Path) -> Result<()> {
    let files = state(data).map_err(|error| Failure::read(data, &error))?;
    let size: u64 = files.iter().map(|(_, size, _)| size).sum();
    let needed = size + host::database_size(data);
    let free = free_space(directory).map_err(|error| Failure::write(directory, &error))?.free;
    if free >= needed {
        return Ok(());
    }
    let iec = |bytes| ByteSize::b(bytes).display().iec().to_string();
    Err(Failure::new(Exit::CannotCreate, format!("there is no room for a copy beside {}", data.shown()))
        .because(format!("{} are free, and {} are needed", iec(free), iec(needed)))
        .next("free space on that file system, and run the command again"))
}
