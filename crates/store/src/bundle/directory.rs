//! The directory that bundles are written to. A name there always means a whole bundle that is in the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use nix::unistd::syncfs;
use zone_pki::{ShowPath, hex, regular_file};

use super::log::NodeHistory;
use model::config::NodeName;
use model::error::{Exit, Failure, Result};

/// Where the bundles of a zone are written.
#[derive(Debug)]
pub struct BundleDirectory {
    path: PathBuf,
}

impl BundleDirectory {
    /// Makes the directory, mode 0700, if it is not there.
    pub fn open(path: &Path) -> Result<Self> {
        crate::zone_directory::create_directory(path)?;
        Ok(Self { path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file_name(node: &NodeName) -> String {
        format!("{}.bundle", node.short())
    }

    pub fn file(&self, node: &NodeName) -> PathBuf {
        self.path.join(Self::file_name(node))
    }

    fn partial(&self, node: &NodeName) -> PathBuf {
        self.path.join(format!(".{}.bundle.partial", node.short()))
    }

    /// Finishes or removes what an interrupted call has left for this node. What is in the log is whole, and
    /// only lacks its name.
    pub fn recover(&self, node: &NodeName, history: Option<&NodeHistory>) -> Result<()> {
        let partial = self.partial(node);
        let metadata = match fs::symlink_metadata(&partial) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Failure::read(&partial, &error)),
        };
        if !metadata.is_file() || metadata.mode() & 0o7777 != 0o600 {
            return Err(Failure::new(Exit::CannotCreate, format!("{} is in the way", partial.shown()))
                .because("it is not what an interrupted call leaves behind")
                .next(format!("move it away, or choose another directory than {}", self.path.shown())));
        }
        let digest = sha256_of(&partial)?;
        if history.is_some_and(|history| digest.as_deref() == Some(&history.latest.file_sha256)) {
            return self.place(node, history);
        }
        fs::remove_file(&partial).map_err(|error| Failure::write(&partial, &error))
    }

    /// The digest of the bundle that is there for a node, if there is one.
    pub fn present(&self, node: &NodeName) -> Result<Option<String>> {
        sha256_of(&self.file(node))
    }

    /// Begins a bundle, aside, mode 0600.
    pub fn begin(&self, node: &NodeName) -> Result<BufWriter<File>> {
        let path = self.partial(node);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.map(BufWriter::new).map_err(|error| Failure::write(&path, &error))
    }

    /// Waits until everything that was written is on the disk, as one step for all.
    pub fn sync(&self) -> Result<()> {
        let directory = File::open(&self.path).map_err(|error| Failure::read(&self.path, &error))?;
        syncfs(&directory).map_err(|error| Failure::write(&self.path, &error.into()))
    }

    /// Gives a bundle that is in the log its name. One that is there already is kept beside it, by its
    /// number.
    pub fn place(&self, node: &NodeName, history: Option<&NodeHistory>) -> Result<()> {
        let (partial, path) = (self.partial(node), self.file(node));
        self.move_aside(node, history)?;
        fs::rename(&partial, &path).map_err(|error| Failure::write(&path, &error))
    }

    /// A bundle that is not in the log is not ours to move.
    pub fn check_replaceable(&self, node: &NodeName, history: Option<&NodeHistory>) -> Result<()> {
        self.aside(node, history).map(drop)
    }

    fn move_aside(&self, node: &NodeName, history: Option<&NodeHistory>) -> Result<()> {
        let path = self.file(node);
        match self.aside(node, history)? {
            Some(aside) => fs::rename(&path, &aside).map_err(|error| Failure::write(&aside, &error)),
            None => Ok(()),
        }
    }

    /// Where the bundle that is there is to be moved.
    fn aside(&self, node: &NodeName, history: Option<&NodeHistory>) -> Result<Option<PathBuf>> {
        let path = self.file(node);
        let Some(digest) = self.present(node)? else { return Ok(None) };
        let in_the_way = |what: &Path, why: &str| {
            Failure::new(Exit::CannotCreate, format!("{} is there already", what.shown()))
                .because(why)
                .next(format!("move it away, or choose another directory than {}", self.path.shown()))
        };
        let Some(sequence) = history.and_then(|history| history.sequence_of(&digest)) else {
            return Err(in_the_way(&path, "it is not a bundle of this zone, or was changed"));
        };
        let aside = self.path.join(format!("{}.{sequence}", Self::file_name(node)));
        if fs::symlink_metadata(&aside).is_ok() {
            return Err(in_the_way(&aside, "an earlier bundle is to have this name"));
        }
        Ok(Some(aside))
    }
}

/// The digest of a regular file; none if there is nothing of that name.
fn sha256_of(path: &Path) -> Result<Option<String>> {
    let digest = |path| -> io::Result<String> {
        let mut file = regular_file::open(path)?;
        let mut context = Context::new(&SHA256);
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hex::encode(context.finish().as_ref())),
                count => context.update(&buffer[..count]),
            }
        }
    };
    match digest(path) {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::read(path, &error)),
    }
}
