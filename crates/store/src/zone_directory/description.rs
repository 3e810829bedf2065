//! `zone.toml`, changed by a command that was told to. What was written there is kept beside it.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use zone_pki::{ShowPath, regular_file};

use crate::zone_directory::ZoneDirectory;
use model::config::{Edit, Severity, ZoneConfig};
use model::error::{Exit, Failure, Result};

/// Changes `zone.toml`, and keeps the file as it was as `zone.toml.old-N`. A reader sees the one or the
/// other.
///
/// # Errors
/// The file has no place for it, or cannot be written: then it is as it was.
pub fn describe(zone: &ZoneDirectory, edit: &Edit) -> Result<()> {
    let _held = zone.lock()?;
    let path = zone.paths.config();
    let changed = edited(zone, edit)?;
    replace(&path, &changed).map_err(|error| Failure::write(&path, &error))
}

/// What the zone would be then.
///
/// # Errors
/// The file has no place for it.
pub fn described(zone: &ZoneDirectory, edit: &Edit) -> Result<ZoneConfig> {
    let text = edited(zone, edit)?;
    ZoneConfig::parse(&text)
        .map(|(config, _)| config)
        .map_err(|_| Failure::internal("what was changed in zone.toml is no zone"))
}

fn edited(zone: &ZoneDirectory, edit: &Edit) -> Result<String> {
    let path = zone.paths.config();
    let refused = |why: &str| {
        Failure::new(Exit::Configuration, format!("cannot change {}", path.shown()))
            .because(why.to_owned())
            .next(format!("write it yourself: {edit}"))
    };
    let text = regular_file::read_to_string(&path).map_err(|error| Failure::read(&path, &error))?;
    if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(refused("it is a symbolic link, to a file that others may keep"));
    }
    edit.apply(&text).map_err(|problems| {
        if problems.is_empty() {
            return refused("it has no place for the change, or would say something else as well");
        }
        let failure = Failure::new(Exit::Configuration, format!("{} cannot say {edit}", path.shown()));
        let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
        let failure = errors.fold(failure, |failure, problem| failure.because(problem.what));
        failure.next("choose another name, address or port, or change what is in its way in zone.toml")
    })
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
