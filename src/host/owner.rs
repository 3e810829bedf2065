//! Root, acting as who owns what it works on.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, geteuid, getuid, setegid, seteuid};

/// Has this process act as the owner of a directory from here on, if it is root's and the directory somebody else's: what root writes
/// there the owner could not read, and what the owner can write root should not believe. [`as_root_again`] is for what only root may do.
pub fn act_as_owner(directory: &Path) -> io::Result<()> {
    let metadata = fs::metadata(directory)?;
    if !geteuid().is_root() || metadata.uid() == 0 {
        return Ok(());
    }
    setegid(Gid::from_raw(metadata.gid())).map_err(io::Error::from)?;
    seteuid(Uid::from_raw(metadata.uid())).map_err(io::Error::from)
}

/// Has a command run as root, if this process was started by root.
pub fn as_root_again(command: &mut Command) {
    if getuid().is_root() && !geteuid().is_root() {
        command.uid(0);
    }
}
