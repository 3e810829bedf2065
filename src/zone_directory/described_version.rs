//! The version of etcd in `zone.toml`, changed by a command that was told to. What was written there is kept beside it.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use zone_pki::{ShowPath, regular_file};

use super::ZoneDirectory;
use crate::config::{EtcdVersion, ZoneConfig, with_etcd_version};
use crate::error::{Exit, Failure, Result};

/// Writes a version into `zone.toml`, and keeps the file as it was as `zone.toml.old-N`. A reader sees the one or the other.
///
/// # Errors
/// The file has no place for it, or cannot be written: then it is as it was.
pub fn describe_version(zone: &ZoneDirectory, version: EtcdVersion) -> Result<()> {
    let _held = zone.lock()?;
    let path = zone.paths.config();
    let refused = |why: &str| {
        Failure::new(Exit::Configuration, format!("cannot change the version in {}", path.shown()))
            .because(why.to_owned())
            .next(format!("write it yourself: version = \"{version}\" in [etcd]"))
    };
    let text = regular_file::read_to_string(&path).map_err(|error| Failure::read(&path, &error))?;
    if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(refused("it is a symbolic link, to a file that others may keep"));
    }
    let changed = with_etcd_version(&text, version)
        .filter(|changed| says_the_same_but(&text, changed, version))
        .ok_or_else(|| refused("it has no line for it that can be found"))?;
    replace(&path, &changed).map_err(|error| Failure::write(&path, &error))
}

fn says_the_same_but(before: &str, after: &str, version: EtcdVersion) -> bool {
    let [Ok((mut before, _)), Ok((after, _))] = [before, after].map(ZoneConfig::parse) else { return false };
    before.etcd.version = Some(version);
    before == after
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".zone.toml-").tempfile_in(directory)?;
    file.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    for number in 1_u32.. {
        match fs::hard_link(path, path.with_file_name(format!("zone.toml.old-{number}"))) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => {
                result?;
                break;
            }
        }
    }
    file.persist(path).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}
