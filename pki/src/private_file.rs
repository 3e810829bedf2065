//! Files that hold secrets: they have their mode from creation, and are read only if other users could not.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc;
use nix::unistd::geteuid;
use zeroize::Zeroizing;

/// No key and no passphrase is longer, and what is read is held in memory.
const SIZE_AT_MOST: u64 = 1 << 20;

/// Why a file or directory cannot be used, or a file not be made.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// There is nothing of that name.
    #[error("it does not exist")]
    NotFound,
    /// It is a directory, a device or the like; or it should be a directory and is not.
    #[error("it is not of the right kind: expected a {expected}")]
    Kind {
        /// `regular file` or `directory`.
        expected: &'static str,
    },
    /// Its group or others may read, write or enter it.
    #[error("its mode is {mode:04o}: only its owner may have access")]
    Mode {
        /// The permission bits.
        mode: u32,
    },
    /// It belongs neither to the user of this process nor to root.
    #[error("it belongs to user {uid}")]
    Owner {
        /// The user.
        uid: u32,
    },
    /// It has no bytes.
    #[error("it is empty")]
    Empty,
    /// It is larger than any secret, so it is something else.
    #[error("it has {size} bytes, and no key has more than {SIZE_AT_MOST}")]
    TooLarge {
        /// Its length in bytes.
        size: u64,
    },
    /// Something of that name is there already; nothing is overwritten.
    #[error("it exists already")]
    Exists,
    /// The system refused.
    #[error("{0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for PrivateFileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Io(error),
        }
    }
}

/// Reads a file that only its owner may read. Symbolic links are followed; what is checked is the file
/// that was opened, so that it cannot be exchanged between the check and the reading.
///
/// # Errors
/// As [`PrivateFileError`] says; an empty file is an error, for no secret is empty.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    read_open(open(path)?)
}

/// Reads what is open already, which may be a pipe, to its end.
///
/// # Errors
/// [`PrivateFileError::Empty`], [`PrivateFileError::TooLarge`] and [`PrivateFileError::Io`].
pub fn read_open(file: File) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    let metadata = file.metadata()?;
    let length = if metadata.is_file() { metadata.len() } else { SIZE_AT_MOST };
    if length > SIZE_AT_MOST {
        return Err(PrivateFileError::TooLarge { size: length });
    }
    // One byte more than there can be, so that the end is seen without the buffer growing and leaving a copy
    // behind.
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1)));
    file.take(SIZE_AT_MOST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        0 => Err(PrivateFileError::Empty),
        size if size > SIZE_AT_MOST => Err(PrivateFileError::TooLarge { size }),
        _ => Ok(bytes),
    }
}

/// Opens a file to read it, checked as [`read`] checks it: for one of which only a part is wanted.
///
/// # Errors
/// As [`PrivateFileError`] says, but for [`PrivateFileError::Empty`].
pub fn open(path: &Path) -> Result<File, PrivateFileError> {
    open_checked(OpenOptions::new().read(true), path)
}

/// Checks that a directory exists, that only its owner may enter it, and that its owner is the user of
/// this process or root.
///
/// # Errors
/// As [`PrivateFileError`] says.
pub fn check_directory(path: &Path) -> Result<(), PrivateFileError> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_dir() {
        return Err(PrivateFileError::Kind { expected: "directory" });
    }
    check_access(&metadata)
}

/// Makes a new file with this content and these permission bits, such as `0o600`. The umask of the process
/// can take bits away but adds none; the mode is not changed afterwards. The content is not yet synchronized:
/// see [`sync`].
///
/// # Errors
/// [`PrivateFileError::Exists`] if something of that name is there, even a dangling link. A file that could
/// not be written whole is removed again.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), PrivateFileError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    if let Err(error) = file.write_all(bytes) {
        // The first error is the one to report.
        let _ = fs::remove_file(path);
        return Err(error.into());
    }
    Ok(())
}

/// Waits until a file's content, or a directory's entries, are on the disk.
///
/// # Errors
/// [`PrivateFileError::NotFound`] and [`PrivateFileError::Io`].
pub fn sync(path: &Path) -> Result<(), PrivateFileError> {
    Ok(File::open(path)?.sync_all()?)
}

/// Opens a file and checks what was opened.
pub(crate) fn open_checked(options: &mut OpenOptions, path: &Path) -> Result<File, PrivateFileError> {
    // Without this, opening a named pipe would wait for its other end before anything could be checked.
    let file = options.custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(PrivateFileError::Kind { expected: "regular file" });
    }
    check_access(&metadata)?;
    Ok(file)
}

fn check_access(metadata: &Metadata) -> Result<(), PrivateFileError> {
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(PrivateFileError::Mode { mode });
    }
    let uid = metadata.uid();
    if uid != 0 && uid != geteuid().as_raw() {
        return Err(PrivateFileError::Owner { uid });
    }
    Ok(())
}
