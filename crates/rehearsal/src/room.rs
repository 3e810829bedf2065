//! Room on the disk for a throwaway zone.

use std::io;
use std::path::Path;

use host::free_space;
use model::error::{Exit, Failure, Result};
use zone_pki::ShowPath;

/// What a self-test takes at most, in bytes: logs of 64 MiB, which etcd makes two at a time, of three
/// members, once more of the cluster that is restored, and of a member for the drill.
const ROOM: u64 = 900 << 20;
/// With less than this left, the lack of it is why something has failed: etcd makes its log in one piece.
const LITTLE: u64 = 80 << 20;
const NEXT: &str = "free space there, or name another directory by the variable TMPDIR";

/// Refuses a directory without room for a self-test.
pub(super) fn refuse_without_room(directory: &Path) -> Result<()> {
    let free = free(directory).map_err(|error| Failure::write(directory, &error))?;
    if free >= ROOM {
        return Ok(());
    }
    let what = format!("there is no room for a self-test in {}", directory.shown());
    let why = format!("{} MiB are free, and {} are needed", free >> 20, ROOM >> 20);
    Err(Failure::new(Exit::CannotCreate, what).because(why).next(NEXT))
}

/// What went wrong for want of room is told as that. The zone has to be there still.
pub(super) fn explained_by_room(failure: Failure, home: &Path) -> Failure {
    // A member that ended of it has given back what it had begun.
    let is_said = failure.causes.iter().any(|cause| cause.contains("no space left on device"));
    match free(home) {
        Ok(free) if is_said || free < LITTLE => {
            let why = format!("{} MiB are left in {}", free >> 20, home.shown());
            failure.exit(Exit::CannotCreate).because(why).next(NEXT)
        }
        _ => failure,
    }
}

fn free(directory: &Path) -> io::Result<u64> {
    free_space(directory).map(|space| space.free)
}
