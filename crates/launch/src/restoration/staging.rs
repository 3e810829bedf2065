//! The restored data is made beside the data that is there, which is not touched.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use zone_pki::ShowPath;

use super::{NodeRestore, RestoreState, room_for, staged_path, sync_directory};
use crate::node_disk::read_past;
use etcd::{DataFromSnapshot, EtcdBinary, binary_failure, observe_data_directory, read_snapshot};
use model::error::{Exit, Failure, Result};
use model::plan::{DataDirectory, MinorVersion};
use store::snapshot::receive_database;
use store::zone_directory::create_directory;

/// Makes the restored data beside the data, of the database that comes. Nothing if that was done before.
///
/// # Errors
/// It is another snapshot (exit 65) or one of a newer etcd (exit 78), there is no room (exit 73), the node
/// has had the data and lost it (exit 65), or another command is at it (exit 75).
#[tracing::instrument(skip_all, name = "stage restored data", fields(node = restore.node.name.short()))]
pub fn stage(restore: &NodeRestore<'_>, database: &mut dyn Read) -> Result<()> {
    create_directory(restore.paths.root())?;
    let lock = lock(restore.paths.root())?;
    if restore.state()? != RestoreState::Nothing {
        return Ok(());
    }
    refuse_lost(restore)?;
    let above = room_for(&restore.paths, restore.epoch.snapshot.database.size)?.directory;
    create_directory(&above)?;
    let (part, copy) = (beside(restore, "part"), beside(restore, "db"));
    // What an interrupted call has left.
    remove(&part)?;
    let received = receive_database(database, &copy, &restore.epoch.snapshot.database);
    let made = received.and_then(|()| make(restore, &copy, &part, &lock));
    let _ = fs::remove_file(&copy);
    if let Err(failure) = made {
        let _ = remove(&part);
        return Err(failure);
    }
    sync_tree(&part)?;
    let staged = staged_path(&restore.paths, &restore.epoch);
    fs::rename(&part, &staged).map_err(|error| Failure::write(&staged, &error))?;
    sync_directory(&above)
}

fn make(restore: &NodeRestore<'_>, database: &Path, part: &Path, lock: &File) -> Result<()> {
    refuse_newer(restore, database)?;
    let tool = EtcdBinary::find_tool(&restore.binary_request()?, "etcdutl").map_err(binary_failure)?;
    create_directory(part)?;
    let lock = lock.try_clone().map_err(|error| Failure::read(restore.paths.root(), &error))?;
    let data = DataFromSnapshot {
        tool: &tool,
        database,
        data: part,
        name: restore.node.name.short(),
        cluster: &restore.cluster,
        bump_revision: Some(restore.epoch.bump_revision),
    };
    // A tool that is left alone keeps the lock.
    data.make(Stdio::from(lock))?;
    match observe_data_directory(part) {
        Ok(DataDirectory::Log(ids)) if ids == restore.ids => Ok(()),
        found => Err(Failure::internal("etcdutl has made another member than was asked for")
            .because(format!("{found:?}"))),
    }
}

/// etcd 3.5 starts on data of 3.6 and 3.7 without a word.
fn refuse_newer(restore: &NodeRestore<'_>, database: &Path) -> Result<()> {
    let of_snapshot = read_snapshot(database).ok().and_then(|facts| facts.version);
    let here = restore.version()?;
    let Some(newer) = of_snapshot.filter(|version| *version > MinorVersion::from(here)) else {
        return Ok(());
    };
    let what = format!("{} runs etcd {here}, and the snapshot is of {newer}", restore.node.name.short());
    Err(Failure::new(Exit::Configuration, what).because("an older etcd would misread it, or not start").next(
        format!("set `version` in [etcd] of zone.toml to a bundled {newer}, and run the command again"),
    ))
}

/// One that has run with the data has votes in it. That all nodes had it, the order says once it is so.
fn refuse_lost(restore: &NodeRestore<'_>) -> Result<()> {
    let past = read_past(&restore.paths).ok().flatten();
    match past.is_some_and(|(_, past)| past.ids == restore.ids) || restore.epoch.completed_at.is_some() {
        true => Err(restore.lost()),
        false => Ok(()),
    }
}

/// Keeps every other call away that would stage.
fn lock(directory: &Path) -> Result<File> {
    let opened = File::open(directory).map_err(|error| Failure::read(directory, &error))?;
    match opened.try_lock() {
        Ok(()) => Ok(opened),
        Err(TryLockError::Error(error)) => Err(Failure::read(directory, &error)),
        Err(TryLockError::WouldBlock) => {
            let what = format!("another command restores in {}", directory.shown());
            Err(Failure::new(Exit::TryAgain, what)
                .next("wait until it has ended, then run the command again"))
        }
    }
}

fn beside(restore: &NodeRestore<'_>, end: &str) -> PathBuf {
    restore.paths.beside_data(&format!(".restored-{}.{end}", restore.epoch.cluster_id))
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::write(directory, &error)),
        _ => Ok(()),
    }
}

/// etcdutl syncs the files, and no directory.
fn sync_tree(directory: &Path) -> Result<()> {
    let entries = fs::read_dir(directory).map_err(|error| Failure::read(directory, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| Failure::read(directory, &error))?.path();
        match path.is_dir() {
            true => sync_tree(&path)?,
            false => File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(|error| Failure::write(&path, &error))?,
        }
    }
    sync_directory(directory)
}
