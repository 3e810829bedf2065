//! A directory of snapshots.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use zone_pki::{private_file, regular_file};

use super::partial::PART;
use super::paths::{DRILL, MANIFEST, PLAIN, SEALED, SnapshotPaths};
use super::signed::SignedManifest;
use model::error::{Failure, Result};
use model::formats::{self, DrillRecord, SnapshotManifest};

/// A snapshot as its directory shows it. Its bytes were not read.
#[derive(Debug)]
pub struct ListedSnapshot {
    pub paths: SnapshotPaths,
    pub manifest: Option<SnapshotManifest>,
    pub is_signed: bool,
    /// The last drill, if it was of these bytes.
    pub drill: Option<DrillRecord>,
    /// What is wrong with it, as far as can be seen without reading it.
    pub fault: Option<String>,
}

/// The snapshots of a directory, the oldest first; those whose age is not known come first.
///
/// # Errors
/// The directory cannot be read.
pub fn list(directory: &Path) -> Result<Vec<ListedSnapshot>> {
    let failed = |error: io::Error| Failure::read(directory, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    names.sort_unstable();
    let of_manifest = |stem: &str| {
        let ends = [SEALED, PLAIN].map(|end| format!("{stem}{end}"));
        ends.into_iter().find(|name| names.contains(name))
    };
    let mut listed = Vec::new();
    for name in &names {
        if name.ends_with(PLAIN) || name.ends_with(SEALED) {
            listed.push(look(&directory.join(name)));
        } else if let Some(stem) = name.strip_suffix(MANIFEST)
            && !name.ends_with(DRILL)
            && of_manifest(stem).is_none()
            && let Ok(signed) = read(&directory.join(name))
            && [SEALED, PLAIN].iter().any(|end| signed.manifest.file == format!("{stem}{end}"))
        {
            listed.push(look(&directory.join(&signed.manifest.file)));
        }
    }
    listed.sort_by_key(|listed| {
        listed.manifest.as_ref().map(|manifest| (manifest.taken_at, manifest.revision))
    });
    Ok(listed)
}

fn read(path: &Path) -> std::result::Result<SignedManifest, String> {
    let text = regular_file::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no manifest beside it".to_owned(),
        _ => format!("its manifest cannot be read: {error}"),
    })?;
    SignedManifest::parse(&text).map_err(|error| format!("its manifest cannot be used: {error}"))
}

fn look(file: &Path) -> ListedSnapshot {
    let paths = SnapshotPaths::of(file);
    let signed = match read(&paths.manifest) {
        Ok(signed) => signed,
        Err(fault) => {
            return ListedSnapshot {
                paths,
                manifest: None,
                is_signed: false,
                drill: None,
                fault: Some(fault),
            };
        }
    };
    let is_signed = signed.is_signed();
    let manifest = signed.manifest;
    let fault = match fs::metadata(file) {
        Err(_) => Some("the file is not there".to_owned()),
        Ok(found) if found.len() != manifest.size => {
            Some(format!("it has {} bytes, and {} in the manifest", found.len(), manifest.size))
        }
        Ok(_) if file.file_name() != Some(OsStr::new(&manifest.file)) => {
            Some(format!("its manifest is that of {}", manifest.file))
        }
        Ok(_) => None,
    };
    let drill = last_drill(&paths, &manifest.sha256);
    ListedSnapshot { paths, manifest: Some(manifest), is_signed, drill, fault }
}

/// The last drill of a snapshot, if it was of these bytes.
pub fn last_drill(paths: &SnapshotPaths, sha256: &str) -> Option<DrillRecord> {
    let text = regular_file::read(&paths.drill).ok()?;
    let drill: DrillRecord = formats::read(&text, DrillRecord::FORMAT).ok()?;
    (drill.sha256 == sha256).then_some(drill)
}

/// Removes a snapshot with what lies beside it: its manifest last, so that what is left of an interrupted
/// removal is known.
///
/// # Errors
/// The directory cannot be written to.
pub fn remove(paths: &SnapshotPaths) -> Result<()> {
    for path in [&paths.file, &paths.drill, &paths.manifest] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::write(path, &error));
            }
            _ => {}
        }
    }
    let directory = paths.file.parent().unwrap_or(Path::new("."));
    private_file::sync(directory)
        .map_err(|error| Failure::internal("cannot sync a directory").because(&error))
}

/// Removes what calls that were killed have left of snapshots of this zone, and returns what it was.
pub fn sweep(directory: &Path, zone: &str) -> Vec<PathBuf> {
    let begins = format!("{zone}-");
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let is_part = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let ends = [SEALED, PLAIN].map(|end| format!("{end}{PART}"));
        name.starts_with(&begins) && ends.iter().any(|end| name.ends_with(end))
    };
    // One that is still written to is locked.
    let is_left = |path: &PathBuf| {
        let file: io::Result<File> = regular_file::open(path);
        file.is_ok_and(|file| file.try_lock().is_ok())
    };
    let parts = entries.map(|entry| entry.path()).filter(is_part).filter(is_left);
    parts.filter(|path| fs::remove_file(path).is_ok()).collect()
}
