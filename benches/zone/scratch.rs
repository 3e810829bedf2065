//! Where measurements write: below the build directory, which lies on a disk, while the system's temporary
//! directory may lie in memory, where a synchronization costs nothing.
//!
//! Nothing is removed before the end. ext4 passes over inodes that were freed within the last minutes, one by
//! one (`recently_deleted` in fs/ext4/ialloc.c), so making thousands of files where thousands were just
//! removed takes several times as long.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Result;

/// A directory that goes with its owner.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
    made: Cell<usize>,
}

impl Scratch {
    /// An empty one.
    pub fn new() -> Result<Self> {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(parent)?;
        let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(parent)?;
        // Each directory in it then gets a part of the disk of its own, most likely not where the last run
        // was removed. Where there is no such attribute, nothing is lost but that.
        let mut spread = Command::new("chattr");
        let _ = spread.arg("+T").arg(directory.path()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        Ok(Self { directory, made: Cell::new(0) })
    }

    /// A new directory in it.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        self.made.set(self.made.get() + 1);
        // The name decides on the part of the disk, so it is another one in every run.
        let unique = format!("{name}-{}-{}", std::process::id(), self.made.get());
        let path = self.directory.path().join(unique);
        std::fs::create_dir(&path)?;
        Ok(path)
    }

    /// Waits until the disk has nothing left to do from before, so that the next measurement does not pay for
    /// it.
    pub fn settle(&self) {
        nix::unistd::sync();
    }
}
