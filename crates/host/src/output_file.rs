//! Files that the user names for an output.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};

/// As many symbolic links as Linux follows (path_resolution(7)).
const LINKS_AT_MOST: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputFile {
    /// Nothing is there yet.
    New(PathBuf),
    Regular(PathBuf),
    /// A pipe, a device, or a file that a process has open, such as `/dev/stdout`: it can be written to, and
    /// never replaced.
    Stream(PathBuf),
}

impl OutputFile {
    /// What is behind a name and the links there.
    pub fn behind(path: &Path) -> io::Result<Self> {
        let mut at = path.to_owned();
        for _ in 0..=LINKS_AT_MOST {
            let kind = match fs::symlink_metadata(&at) {
                Ok(metadata) => metadata.file_type(),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::New(at)),
                Err(error) => return Err(error),
            };
            if kind.is_file() {
                return Ok(Self::Regular(at));
            }
            if kind.is_dir() {
                return Err(ErrorKind::IsADirectory.into());
            }
            let directory = directory_of(&at);
            // A link there stands for the open file itself, whatever path it shows (proc_pid_fd(5)).
            if !kind.is_symlink() || statfs(directory)?.filesystem_type() == PROC_SUPER_MAGIC {
                return Ok(Self::Stream(at));
            }
            at = directory.join(fs::read_link(&at)?);
        }
        Err(nix::errno::Errno::ELOOP.into())
    }

    /// Refuses a regular file whose owner has kept it from all others: what is written is for all to read,
    /// and a key or a zone file is not given up for it.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`].
    pub fn refuse_private(self) -> io::Result<Self> {
        if let Self::Regular(path) = &self
            && fs::metadata(path)?.permissions().mode() & 0o077 == 0
        {
            let why = "it is there already, and private: name another file, or remove it";
            return Err(io::Error::new(ErrorKind::AlreadyExists, why));
        }
        Ok(self)
    }

    /// Writes to it. A reader of a regular file sees what was there or what is new, never a part; the file
    /// beside it has a name that begins with a dot and has no extension.
    pub fn write(&self, bytes: &[u8], mode: u32) -> io::Result<()> {
        match self {
            Self::New(path) | Self::Regular(path) => {
                let mut file =
                    tempfile::Builder::new().prefix(".zone-etcd-").tempfile_in(directory_of(path))?;
                file.write_all(bytes)?;
                file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
                file.persist(path)?;
                Ok(())
            }
            // It may be a regular file that a shell has open, with something in it.
            Self::Stream(path) => OpenOptions::new().append(true).open(path)?.write_all(bytes),
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
