//! From a written directory to the generation in use, in steps of which each leaves a usable store.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;

use super::staged_generation::{Staged, is_abandoned};
use super::{CURRENT, GENERATION, Generation, GenerationStore, KEPT, StoreError};
use crate::private_file;

/// The link before it takes the place of `current`. One name is enough: it is only touched under the store's
/// lock.
const NEXT: &str = ".current-next";

/// The points between which a commit can be interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The files are on the disk, under their temporary directory.
    Synced,
    /// The directory has its number; nothing points at it.
    Renamed,
    /// The new link is made, beside the old one.
    Linked,
    /// The new generation is in use.
    Switched,
    /// The switch is on the disk.
    Durable,
}

/// Told of each step when it is done; an error stops the commit there. Only tests stop it.
pub(super) type Observer<'a> = &'a mut dyn FnMut(Step) -> Result<(), StoreError>;

/// All steps, each synchronized.
pub(super) fn commit(staged: Staged, observe: Observer<'_>) -> Result<Generation, StoreError> {
    staged.sync()?;
    observe(Step::Synced)?;
    let store = staged.store.clone();
    let _lock = store.lock()?;
    let generation = rename(staged)?;
    sync_directory(&store)?;
    observe(Step::Renamed)?;
    switch(&store, generation.number, observe)?;
    sync_directory(&store)?;
    observe(Step::Durable)?;
    prune(&store)?;
    Ok(generation)
}

/// The last steps of a commit, for a generation that was committed before.
pub(super) fn switch_to(store: &GenerationStore, number: u64) -> Result<(), StoreError> {
    let _lock = store.lock()?;
    if !store.generation(number).path.is_dir() {
        return Err(StoreError::Missing { path: store.directory().join(CURRENT), number });
    }
    switch(store, number, &mut |_| Ok(()))?;
    sync_directory(store)
}

/// Gives the directory its number. The caller holds the lock, so that it is not taken in between.
pub(super) fn rename(staged: Staged) -> Result<Generation, StoreError> {
    let Staged { store, directory, files: _ } = staged;
    let number = highest(&store)?.saturating_add(1);
    let generation = store.generation(number);
    let failed = StoreError::io("rename a directory to", &generation.path);
    // Renaming onto an empty directory would succeed.
    match fs::symlink_metadata(&generation.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(_) => return Err(failed(ErrorKind::AlreadyExists.into())),
    }
    fs::rename(directory.path(), &generation.path).map_err(failed)?;
    // It has a new name: there is nothing left to remove under the old one.
    let _ = directory.keep();
    Ok(generation)
}

/// Points `current` at a generation. The caller holds the lock.
pub(super) fn switch(store: &GenerationStore, number: u64, observe: Observer<'_>) -> Result<(), StoreError> {
    let next = store.directory().join(NEXT);
    let current = store.directory().join(CURRENT);
    match fs::remove_file(&next) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(StoreError::io("remove", &next)(error));
        }
        _ => {}
    }
    symlink(format!("{GENERATION}{number}"), &next).map_err(StoreError::io("create the link", &next))?;
    observe(Step::Linked)?;
    fs::rename(&next, &current).map_err(StoreError::io("rename a link to", &current))?;
    observe(Step::Switched)
}

/// Removes all but the newest generations, what interrupted processes left behind, but never the one in use.
/// The caller holds the lock.
pub(super) fn prune(store: &GenerationStore) -> Result<(), StoreError> {
    let current = store.current()?;
    let generations = store.generations()?;
    let surplus = generations.len().saturating_sub(KEPT);
    let old = generations.into_iter().take(surplus).filter(|generation| Some(generation) != current.as_ref());
    let left_behind = store.names()?.into_iter().filter(|name| is_abandoned(name));
    let left_behind = left_behind.map(|name| store.directory().join(name));
    for path in old.map(|generation| generation.path).chain(left_behind) {
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The highest number that the store has seen: also one that `current` still names after its directory was
/// removed.
fn highest(store: &GenerationStore) -> Result<u64, StoreError> {
    let listed = store.generations()?.last().map_or(0, |generation| generation.number);
    match store.current() {
        Ok(current) => Ok(listed.max(current.map_or(0, |generation| generation.number))),
        Err(StoreError::Missing { number, .. }) => Ok(listed.max(number)),
        Err(error) => Err(error),
    }
}

fn sync_directory(store: &GenerationStore) -> Result<(), StoreError> {
    private_file::sync(store.directory()).map_err(StoreError::file(store.directory()))
}

/// An error of the system, for where there is no better path than the store's.
pub(super) fn system(
    store: &GenerationStore,
    action: &'static str,
    error: impl Into<io::Error>,
) -> StoreError {
    StoreError::io(action, store.directory())(error.into())
}
