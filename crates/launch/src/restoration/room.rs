//! Whether restored data fits beside the data of a node. Asked of every node before any is changed, and again
//! by the node that makes it.

use std::path::PathBuf;

use bytesize::ByteSize;
use zone_pki::ShowPath;

use crate::data_move::refuse_unmovable;
use crate::verdict::refuse_open_directory;
use host::free_space;
use model::error::{Exit, Failure, Result};
use model::plan::NodePaths;

/// The log of a member that has just begun, in bytes.
const LOG: u64 = 64 << 20;

/// The room for restored data, in bytes.
#[derive(Debug)]
pub struct Room {
    /// What is above the data directory, or will be.
    pub directory: PathBuf,
    pub free: u64,
    /// For the database as it comes, what is made of it, and a log.
    pub needed: u64,
}

/// Looks whether the data of a database of this size can be made beside the data, and take its place.
///
/// # Errors
/// There is no room (exit 73), the data directory cannot be renamed, or others can write to what is above it.
pub fn room_for(paths: &NodePaths, database: u64) -> Result<Room> {
    if paths.root().exists() {
        refuse_open_directory(paths)?;
    }
    let data = paths.data();
    refuse_unmovable(&data)?;
    let directory = data.parent().unwrap_or(&data).to_owned();
    let free = free_space(&directory).map_err(|error| Failure::write(&directory, &error))?.free;
    let room = Room { directory, free, needed: database.saturating_mul(2).saturating_add(LOG) };
    if room.free >= room.needed {
        return Ok(room);
    }
    let iec = |bytes| ByteSize::b(bytes).display().iec().to_string();
    let what = format!("there is no room for the restored data in {}", room.directory.shown());
    Err(Failure::new(Exit::CannotCreate, what)
        .because(format!("{} are free, and {} are needed beside the data", iec(room.free), iec(room.needed)))
        .next("free space there, and run the command again"))
}
