//! A file for the parsers that open one themselves: made once in each process, mode 0600, then filled again
//! for each input.

use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A directory of this process. scripts/fuzz removes all of them.
pub fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("zone-etcd-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        path
    })
}

/// A file that holds one input after the other.
pub struct Scratch {
    path: PathBuf,
    file: Mutex<File>,
}

impl Scratch {
    /// The file `name` of this process, in directories that are made.
    pub fn new(name: &str) -> Self {
        let path = directory().join(name);
        let parent = path.parent().expect("a file in a directory");
        std::fs::create_dir_all(parent).expect("a directory");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).expect("a file");
        Self { path, file: Mutex::new(file) }
    }

    /// Puts these bytes, and nothing else, into the file.
    pub fn fill(&self, bytes: &[u8]) -> &Path {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(bytes))
            .expect("a full file");
        &self.path
    }
}
