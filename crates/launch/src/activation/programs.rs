//! The programs that a bundle may bring: `bin/zone-etcd`, and etcd below `libexec/zone-etcd/VERSION/`.
//!
//! They are written to a directory aside, and moved when everything else has been checked. A program that
//! runs keeps its file: it is renamed, not written to.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use zone_pki::{ShowPath, hex, private_file, regular_file};

use model::config::EtcdVersion;
use model::error::{Exit, Failure, Result};
use store::bundle::{BundleError, FileEntry, bundle_failure};
use store::zone_directory::{Aside, private_failure};

/// What programs are called while they are written.
const ASIDE: &str = ".programs-";
/// Where our own program is.
const OWN: &str = "bin/zone-etcd";
/// How many copies are compared in one go.
const BUFFER: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct BundledEtcd {
    /// Where it is, with its tools and its manifest.
    pub directory: PathBuf,
    /// The version that it goes by: the directory's name.
    pub version: EtcdVersion,
    /// The digest of its binary.
    pub sha256: String,
}

/// Programs that are being written, or none.
#[derive(Debug)]
pub(super) struct Programs {
    root: PathBuf,
    aside: Option<Aside>,
    entries: Vec<FileEntry>,
}

impl Programs {
    /// None yet, for the node directory `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), aside: None, entries: Vec::new() }
    }

    /// Writes one aside. `name` is that of the bundle.
    pub fn add(&mut self, entry: &FileEntry, reader: &mut impl Read, name: &str) -> Result<()> {
        let aside = match &self.aside {
            Some(aside) => aside.path().to_owned(),
            None => {
                let made = Aside::make(&self.root, ASIDE)?;
                let path = made.path().to_owned();
                self.aside = Some(made);
                path
            }
        };
        let path = aside.join(&entry.path);
        let failed = |error: &io::Error| Failure::write(&path, error);
        make_directories(&path)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(entry.mode.bits())
            .open(&path)
            .map_err(|error| failed(&error))?;
        copy(reader, &mut file, &path, name)?;
        file.sync_all().map_err(|error| failed(&error))?;
        self.entries.push(entry.clone());
        Ok(())
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn etcd(&self) -> Vec<BundledEtcd> {
        let Some(aside) = &self.aside else { return Vec::new() };
        let brought = self.entries.iter().filter_map(|entry| {
            let path = Path::new(&entry.path);
            let directory = path.parent().filter(|_| path.ends_with("etcd"))?;
            let version = directory.file_name()?.to_str()?.parse().ok()?;
            let directory = aside.path().join(directory);
            Some(BundledEtcd { directory, version, sha256: entry.sha256.clone() })
        });
        brought.collect()
    }

    /// Moves them to their places. One that is there already with the same bytes stays; etcd of one version
    /// is never replaced by another of that version, and our own program is kept beside the one that takes
    /// its place.
    #[tracing::instrument(skip_all, name = "install programs")]
    pub fn install(self) -> Result<()> {
        let Some(aside) = &self.aside else { return Ok(()) };
        for entry in &self.entries {
            let (from, to) = (aside.path().join(&entry.path), self.root.join(&entry.path));
            match digest_of(&to) {
                Ok(present) if present == entry.sha256 => continue,
                Ok(present) if entry.path == OWN => keep_old(&to, &present)?,
                Ok(_) => return Err(another_version(&to)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Failure::read(&to, &error)),
            }
            make_directories(&to)?;
            fs::rename(&from, &to).map_err(|error| Failure::write(&to, &error))?;
            let directory = to.parent().unwrap_or(&self.root);
            private_file::sync(directory).map_err(|error| private_failure(directory, &error))?;
        }
        Ok(())
    }
}

/// Copies, and tells a bundle that cannot be read from a disk that cannot be written.
fn copy(reader: &mut impl Read, file: &mut fs::File, path: &Path, name: &str) -> Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = reader
            .read(&mut buffer)
            .map_err(|error| bundle_failure(name, &BundleError::from_reader(error)))?;
        if count == 0 {
            return Ok(());
        }
        io::Write::write_all(file, &buffer[..count]).map_err(|error| Failure::write(path, &error))?;
    }
}

fn make_directories(file: &Path) -> Result<()> {
    let directory = file.parent().unwrap_or(file);
    let made = DirBuilder::new().recursive(true).mode(0o755).create(directory);
    made.map_err(|error| Failure::write(directory, &error))
}

/// SHA-256 of a file, hexadecimal.
fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = regular_file::open(path)?;
    let (mut context, mut buffer) = (Context::new(&SHA256), vec![0; BUFFER]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(context.finish().as_ref())),
            count => context.update(&buffer[..count]),
        }
    }
}

/// Gives the program another name beside its own, unless it has one. Both names are one file until the new
/// one takes its place, so there is one at any time.
fn keep_old(path: &Path, digest: &str) -> Result<()> {
    for number in 1_u32.. {
        let kept = path.with_file_name(format!("zone-etcd.old-{number}"));
        match fs::hard_link(path, &kept) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if digest_of(&kept).is_ok_and(|kept| kept == digest) {
                    return Ok(());
                }
            }
            Err(error) => return Err(Failure::write(&kept, &error)),
        }
    }
    Ok(())
}

fn another_version(path: &Path) -> Failure {
    Failure::new(Exit::CannotCreate, format!("{} is there, and is another one", path.shown()))
        .because(
            "the bundle brings one of the same name and version with other bytes; nothing is overwritten",
        )
        .next(format!(
            "if a member runs from it, stop it; then: mv {0} {0}.old, and activate again",
            model::report::shell_quoted_path(path.parent().unwrap_or(path))
        ))
}
