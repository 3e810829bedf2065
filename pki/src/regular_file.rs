//! Public files, which others may have put there: nothing is waited for, and none fills the memory.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;

/// In bytes. What is read whole is far smaller: descriptions, lists and logs of a zone of 10,000 nodes have a
/// few MiB.
pub const SIZE_AT_MOST: u64 = 64 << 20;

/// Opens a file to read it, but no pipe, device or socket, for whose other end it would wait.
///
/// # Errors
/// What the system says, [`ErrorKind::IsADirectory`], and [`ErrorKind::InvalidInput`] for anything else that
/// is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// The same, with other options.
///
/// # Errors
/// As [`open`].
pub fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Without this, opening a named pipe would wait for its other end.
    let file = options.custom_flags(libc::O_NONBLOCK).open(path)?;
    match file.metadata()?.file_type() {
        kind if kind.is_file() => Ok(file),
        kind if kind.is_dir() => Err(ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// Reads a whole file, as [`std::fs::read`] does.
///
/// # Errors
/// As [`open`], and [`ErrorKind::FileTooLarge`] beyond [`SIZE_AT_MOST`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(path, SIZE_AT_MOST)
}

/// The same, of so many bytes at most. The buffer never grows, so that no copy of a part of it is left in
/// memory.
///
/// # Errors
/// As [`read`].
pub fn read_at_most(path: &Path, at_most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    let too_large = |length| {
        let what = format!("it has {length} bytes, of at most {at_most}");
        Err(io::Error::new(ErrorKind::FileTooLarge, what))
    };
    if length > at_most {
        return too_large(length);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default().saturating_add(1));
    // It may grow while it is read.
    file.take(length + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > at_most { too_large(bytes.len() as u64) } else { Ok(bytes) }
}

/// Reads a whole file of text.
///
/// # Errors
/// As [`read`], and [`ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(ErrorKind::InvalidData, error.utf8_error()))
}
