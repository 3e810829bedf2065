//! Unpacks once what is packed into the executable: written aside, synced and renamed, under a lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use zone_pki::{ShowPath, regular_file};

pub use super::cache::VARIABLE;
use super::cache::{create, create_private, directory, is_whole, refuse_open};
use super::format::{MANIFEST, Packed};
use super::packed::Payload;
use host::{beside, runs_no_programs};
use model::error::{Exit, Failure, Result};
use model::report::{self, shell_quoted_path};

/// How long another process is waited for that unpacks the same.
const LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);
/// From then on it is said.
const SILENT: Duration = Duration::from_secs(1);
const PARTIAL: &str = ".partial-";

/// Where the programs of a payload are: below it, `VERSION/etcd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Unpacked(PathBuf),
    /// They will be, once they are needed.
    NotYet(PathBuf),
}

impl Payload {
    /// Where the programs are, or will be. Writes nothing.
    ///
    /// # Errors
    /// What is there could be changed by others.
    pub fn place(&self) -> Result<Place> {
        let cache = directory()?;
        if fs::symlink_metadata(&cache).is_err() {
            return Ok(Place::NotYet(cache.join(self.name())));
        }
        let place = refuse_open(&cache)?.join(self.name());
        Ok(match is_whole(&place, self.index())? {
            true => Place::Unpacked(place),
            false => Place::NotYet(place),
        })
    }

    /// Where the programs are; they are unpacked if they are not there yet.
    ///
    /// # Errors
    /// As [`Payload::place`], and what cannot be written.
    pub fn unpacked(&self) -> Result<PathBuf> {
        if let Place::Unpacked(place) = self.place()? {
            return Ok(place);
        }
        let cache = directory()?;
        create(&cache)?;
        let cache = refuse_open(&cache)?;
        if runs_no_programs(&cache) {
            return Err(Failure::new(Exit::Permission, format!("no program runs in {}", cache.shown()))
                .because("its file system is mounted noexec")
                .next(format!("set {VARIABLE} to a directory where programs run")));
        }
        let _lock = lock(&cache, LIMIT)?;
        let place = cache.join(self.name());
        // Another process may have done it meanwhile.
        if !is_whole(&place, self.index())? {
            self.unpack(&cache, &place)?;
        }
        Ok(place)
    }

    #[tracing::instrument(skip_all, name = "unpack etcd")]
    fn unpack(&self, cache: &Path, place: &Path) -> Result<()> {
        let failed = |error: io::Error| Failure::write(place, &error);
        remove_leftovers(cache);
        let aside = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(cache).map_err(failed)?;
        let new = aside.path().join("new");
        create_private(&new).map_err(failed)?;
        self.write_files(&new)?;
        // What is there is not whole, and a rename would not replace it.
        match fs::rename(place, aside.path().join("old")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        fs::rename(&new, place).and_then(|()| File::open(cache)?.sync_all()).map_err(failed)
    }

    fn write_files(&self, new: &Path) -> Result<()> {
        let mut written: Vec<&Packed> = Vec::new();
        let mut work: Vec<(usize, File, u64)> = Vec::new();
        let failed = |error: io::Error| Failure::write(new, &error);
        for file in &self.index().files {
            let path = new.join(&file.path);
            let above = path.parent().unwrap_or(new);
            if !above.exists() {
                create_private(above).map_err(failed)?;
            }
            // One program under several names is one file.
            if let Some(same) = written.iter().find(|other| other.parts == file.parts) {
                fs::hard_link(new.join(&same.path), &path).map_err(failed)?;
                continue;
            }
            let mode = if file.path.ends_with(MANIFEST) { 0o600 } else { 0o700 };
            let made =
                OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).map_err(failed)?;
            let mut at = 0;
            for part in &file.parts {
                work.push((*part, made.try_clone().map_err(failed)?, at));
                at += self.index().part_size(*part);
            }
            written.push(file);
        }
        let threads = thread::available_parallelism().map_or(1, usize::from).min(4);
        let shares: Vec<Vec<&(usize, File, u64)>> =
            (0..threads).map(|first| work.iter().skip(first).step_by(threads).collect()).collect();
        thread::scope(|scope| {
            let shares: Vec<_> = shares
                .into_iter()
                .map(|share| beside(scope, move || self.write_parts(&share, new)))
                .collect();
            shares.into_iter().try_for_each(host::Beside::join)
        })?;
        // A directory's entries are on the disk once it is synced itself.
        let versions = self.index().files.iter().filter_map(|file| Path::new(&file.path).parent());
        let directories = versions.map(|version| new.join(version)).chain([new.to_owned()]);
        directories.into_iter().try_for_each(|directory| File::open(directory)?.sync_all()).map_err(failed)
    }

    fn write_parts(&self, share: &[&(usize, File, u64)], new: &Path) -> Result<()> {
        let failed = |error: io::Error| Failure::write(new, &error);
        for (part, file, at) in share {
            let mut at = *at;
            self.decode(*part, &mut |piece| {
                file.write_all_at(piece, at).map_err(failed)?;
                at += piece.len() as u64;
                Ok(())
            })?;
        }
        share.iter().try_for_each(|(_, file, _)| file.sync_all()).map_err(failed)
    }
}

/// What a killed process has left behind. Only with the lock: no other one unpacks then.
fn remove_leftovers(cache: &Path) {
    let Ok(entries) = fs::read_dir(cache) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PARTIAL)) {
        // What stays is in no one's way.
        let _ = fs::remove_dir_all(entry.path());
    }
}

/// Keeps every other process away that unpacks into a cache.
///
/// # Errors
/// One has not ended within the limit (exit 75).
pub fn lock(cache: &Path, limit: Duration) -> Result<File> {
    let path = cache.join(".lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let unusable = |error: io::Error| Failure::write(&path, &error);
    let file = regular_file::open_with(&mut options, &path).map_err(unusable)?;
    let (begun, mut told) = (Instant::now(), false);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
            Err(TryLockError::WouldBlock) if begun.elapsed() > limit => {
                return Err(Failure::new(
                    Exit::TryAgain,
                    format!("another process unpacks etcd in {}", cache.shown()),
                )
                .because(format!("{} s were waited for it", limit.as_secs_f64()))
                .next(format!("see which it is: fuser -v {}", shell_quoted_path(&path))));
            }
            Err(TryLockError::WouldBlock) => {
                if !told && begun.elapsed() > SILENT {
                    report::message(&format!(
                        "waiting for another process that unpacks etcd in {}",
                        cache.shown()
                    ));
                    told = true;
                }
                thread::sleep(PAUSE);
            }
        }
    }
}
