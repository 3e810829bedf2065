//! Directories in which files are made that are not in use yet: private, beside where they are to be, and
//! gone with the command.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc::{O_DIRECTORY, O_NOFOLLOW};
use nix::unistd::geteuid;
use tempfile::TempDir;
use zone_pki::ShowPath;

use model::error::{Exit, Failure, Result};
use model::report;

/// So many letters and digits, drawn at random, follow the prefix: no one gives a copy such a name.
const DRAWN: usize = 24;
/// Another command may take one for abandoned before it is locked.
const TRIES: usize = 5;

/// One of them. As long as this lives it is locked (flock(2)), which tells it from what was abandoned. Where
/// the file system has no such locks, nothing counts as abandoned.
#[derive(Debug)]
pub struct Aside {
    directory: TempDir,
    _in_use: Option<File>,
}

impl Aside {
    /// Makes one whose name begins with `prefix`. Any other of that prefix that no command is using is what
    /// an interrupted one has left, with keys that will not be used: it is removed.
    pub fn make(parent: &Path, prefix: &str) -> Result<Self> {
        remove_abandoned(parent, prefix);
        for _ in 0..TRIES {
            let made = tempfile::Builder::new()
                .prefix(prefix)
                .rand_bytes(DRAWN)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent);
            let directory = made.map_err(|error| Failure::write(parent, &error))?;
            match lock(directory.path()) {
                Ok(None) => {}
                locked => return Ok(Self { directory, _in_use: locked.ok().flatten() }),
            }
        }
        Err(Failure::new(Exit::TryAgain, format!("cannot keep a directory in {}", parent.shown()))
            .next("run the command again"))
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// It has another name now, so that there is nothing left to remove.
    pub fn has_moved(self) {
        let _ = self.directory.keep();
    }
}

/// Removes what interrupted commands of this user have left: others may be able to write there too. That it
/// is still there is no reason not to go on.
pub fn remove_abandoned(parent: &Path, prefix: &str) {
    for (path, _unused) in unused(parent, prefix) {
        match fs::remove_dir_all(&path) {
            Ok(()) => {
                report::message(&format!("removed {}, which an interrupted command had left", path.shown()))
            }
            Err(error) => report::warning(&format!(
                "{}, which an interrupted command has left, cannot be removed: {error}",
                path.shown()
            )),
        }
    }
}

/// What interrupted commands of this user have left there.
pub fn abandoned(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    unused(parent, prefix).into_iter().map(|(path, _)| path).collect()
}

/// Each with its lock.
fn unused(parent: &Path, prefix: &str) -> Vec<(PathBuf, File)> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let unused = entries.filter_map(|entry| {
        let name = entry.file_name();
        let drawn = name.to_str()?.strip_prefix(prefix)?;
        let has_its_form = drawn.len() == DRAWN && drawn.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_own = |found: fs::Metadata| found.is_dir() && found.uid() == geteuid().as_raw();
        let path = Some(entry.path()).filter(|_| has_its_form && entry.metadata().is_ok_and(is_own))?;
        let lock = lock(&path).ok()??;
        Some((path, lock))
    });
    unused.collect()
}

/// None if another command has it, or it is not there any more.
///
/// # Errors
/// It cannot be locked there at all.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let locked = || {
        let opened = OpenOptions::new().read(true).custom_flags(O_DIRECTORY | O_NOFOLLOW).open(path)?;
        opened.try_lock()?;
        let (opened_is, is_there) = (opened.metadata()?, fs::symlink_metadata(path)?);
        let is_same = (opened_is.dev(), opened_is.ino()) == (is_there.dev(), is_there.ino());
        Ok(Some(opened).filter(|_| is_same))
    };
    locked().or_else(|error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::NotFound => Ok(None),
        _ => Err(error),
    })
}
