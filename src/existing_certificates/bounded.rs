//! Files that somebody else made, read so that none can hold a start up or fill the memory.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

/// Every CA of the public web together has a quarter of this.
const SIZE_AT_MOST: u64 = 1 << 20;

/// Reads a regular file. The error of anything else says what it is.
pub(super) fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Without this, opening a named pipe would wait for somebody to write into it.
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if metadata.len() > SIZE_AT_MOST {
        let what = format!("it has {} bytes, of at most {SIZE_AT_MOST}", metadata.len());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(SIZE_AT_MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
