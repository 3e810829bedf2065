//! What the disk takes of issuing: the same directories, files and links, written again and synchronized
//! once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Result;
use crate::statistics::timed;

/// Something in a tree, by its path from the tree's root.
enum Entry {
    Directory(PathBuf),
    File(PathBuf, Vec<u8>),
    Link(PathBuf, PathBuf),
}

/// How long it takes to write what is in `from` into `to`, which exists and is empty.
pub fn write_again(from: &Path, to: &Path) -> Result<Duration> {
    let mut entries = Vec::new();
    collect(from, Path::new(""), &mut entries)?;
    let (duration, outcome) = timed(|| {
        for entry in &entries {
            match entry {
                Entry::Directory(path) => fs::create_dir(to.join(path)),
                Entry::File(path, content) => fs::write(to.join(path), content),
                Entry::Link(path, target) => symlink(target, to.join(path)),
            }?;
        }
        nix::unistd::sync();
        std::io::Result::Ok(())
    });
    outcome?;
    Ok(duration)
}

fn collect(root: &Path, below: &Path, entries: &mut Vec<Entry>) -> Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            let target = fs::read_link(entry.path())?;
            entries.push(Entry::Link(path, target));
        } else if kind.is_dir() {
            entries.push(Entry::Directory(path.clone()));
            collect(root, &path, entries)?;
        } else {
            let content = fs::read(entry.path())?;
            entries.push(Entry::File(path, content));
        }
    }
    Ok(())
}
