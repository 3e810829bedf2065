//! Public files, of which nothing is waited for.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;

/// Reads a whole file, as [`std::fs::read`] does, but no pipe, device or socket, for whose other end it would wait.
///
/// # Errors
/// What the system says, and [`ErrorKind::InvalidInput`] for what is no regular file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
