//! `node.json` in the node directory: a link to that of the generation in use, so that it is switched with
//! the rest.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use zone_pki::{ShowPath, private_file};

use model::error::{Exit, Failure, Result};
use model::plan::{LOCAL_CONFIG, NodePaths};
use model::report;
use store::zone_directory::private_failure;

/// Where it leads, from the node directory.
const TARGET: &str = "pki/current/node.json";
/// What it is called until it is in its place.
const ASIDE: &str = ".node.json-next";

/// Refuses a node directory with a local config of the operator's: which of the two is meant cannot be known.
pub(super) fn refuse_another(paths: &NodePaths) -> Result<()> {
    let path = place(paths);
    if !leads_elsewhere(&path)? {
        return Ok(());
    }
    let shown = report::shell_quoted_path(&path);
    Err(Failure::new(Exit::CannotCreate, format!("{} is there, and no bundle has made it", path.shown()))
        .because("the local config of a bundle has to be in its place, and nothing is overwritten")
        .next(format!("activate into a directory of its own with --node-dir, or: mv {shown} {shown}.before")))
}

/// Makes the link if it is not there. It leads nowhere until the first generation is in use.
pub(super) fn make(paths: &NodePaths) -> Result<()> {
    let (path, aside) = (place(paths), paths.root().join(ASIDE));
    if path.is_symlink() {
        return Ok(());
    }
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(Failure::write(&aside, &error)),
        _ => {}
    }
    symlink(TARGET, &aside).map_err(|error| Failure::write(&aside, &error))?;
    fs::rename(&aside, &path).map_err(|error| Failure::write(&path, &error))?;
    private_file::sync(paths.root()).map_err(|error| private_failure(paths.root(), &error))
}

fn place(paths: &NodePaths) -> PathBuf {
    paths.root().join(LOCAL_CONFIG)
}

fn leads_elsewhere(path: &Path) -> Result<bool> {
    match fs::read_link(path) {
        Ok(target) => Ok(target != Path::new(TARGET)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // What is there is no link.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(true),
        Err(error) => Err(Failure::read(path, &error)),
    }
}
