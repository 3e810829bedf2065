//! A snapshot on its way to the disk. It has its name once it is whole, digested and synced; until then it
//! is a `.part`, which goes away with whatever fails.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};
use zone_pki::{ShowPath, hex, private_file};

use super::digest::PagesDigest;
use super::paths::SnapshotPaths;
use crate::bundle::{Digesting, Sealed, Sealing};
use model::error::{Exit, Failure, Result};
use model::formats::SnapshotDatabase;

pub(super) const PART: &str = ".part";

/// A snapshot of which more is to come.
pub struct PartialSnapshot {
    /// None where it is sent elsewhere as it comes.
    aside: Option<NamedTempFile>,
    path: PathBuf,
    out: Sealed<Digesting<BufWriter<Box<dyn Write>>>>,
    pages: PagesDigest,
}

/// A snapshot that is whole, and on the disk without its name, or sent.
#[derive(Debug)]
pub struct WholeSnapshot {
    aside: Option<NamedTempFile>,
    pub size: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    pub database: SnapshotDatabase,
}

impl PartialSnapshot {
    /// Begins a file of mode 0600.
    ///
    /// # Errors
    /// It is there already, or cannot be written.
    pub fn begin(directory: &Path, stem: &str, sealing: &Sealing<'_>) -> Result<Self> {
        let name = SnapshotPaths::name(stem, sealing.seal()) + PART;
        let path = directory.join(&name);
        let failed = |error: &std::io::Error| Failure::write(&path, error);
        let aside = Builder::new().prefix(&name).rand_bytes(0).tempfile_in(directory);
        let aside = aside.map_err(|error| failed(&error))?;
        // Whether this process still writes to it: `sweep` asks.
        aside.as_file().try_lock().map_err(|error| failed(&error.into()))?;
        let file = aside.as_file().try_clone().map_err(|error| failed(&error))?;
        Self::over(Some(aside), Box::new(file), path, sealing)
    }

    /// Begins one that is sent there as it comes, under this name.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin_sent(to: impl Write + 'static, name: &str, sealing: &Sealing<'_>) -> Result<Self> {
        Self::over(None, Box::new(to), PathBuf::from(name), sealing)
    }

    fn over(
        aside: Option<NamedTempFile>,
        to: Box<dyn Write>,
        path: PathBuf,
        sealing: &Sealing<'_>,
    ) -> Result<Self> {
        let out = sealing.begin(Digesting::new(BufWriter::new(to)));
        let out = out.map_err(|error| Failure::write(&path, &error))?;
        Ok(Self { aside, path, out, pages: PagesDigest::new() })
    }

    /// Writes what comes next.
    ///
    /// # Errors
    /// The disk is full, or has gone.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.pages.update(bytes);
        self.out.write_all(bytes).map_err(|error| Failure::write(&self.path, &error))
    }

    /// How much has come.
    pub fn size(&self) -> u64 {
        self.pages.size()
    }

    /// Compares the digest that came last with what came before, and waits until all is on the disk.
    ///
    /// # Errors
    /// It is not whole (exit 65), or cannot be written.
    pub fn finish(self) -> Result<WholeSnapshot> {
        let size = self.pages.size();
        let Some(database) = self.pages.finish() else {
            return Err(Failure::bad_input("what arrived is not what the member sent")
                .because(format!("the last 32 of its {size} bytes are not the SHA-256 of the others"))
                .next("run the command again; if it happens again, name another member with --from"));
        };
        let failed = |error: &std::io::Error| Failure::write(&self.path, error);
        let digested = self.out.finish().map_err(|error| failed(&error))?;
        let size = digested.count;
        let (out, sha256) = digested.finish();
        out.into_inner().map_err(|error| failed(error.error()))?;
        if let Some(aside) = &self.aside {
            aside.as_file().sync_all().map_err(|error| failed(&error))?;
        }
        Ok(WholeSnapshot { aside: self.aside, size, sha256: hex::encode(&sha256), database })
    }
}

impl WholeSnapshot {
    /// Where it is until it has its name; none if it was sent.
    pub fn path(&self) -> Option<&Path> {
        self.aside.as_ref().map(NamedTempFile::path)
    }

    /// Gives it its name, and lays the manifest beside it: that alone, if it was sent. Neither is written
    /// over.
    ///
    /// # Errors
    /// Something has one of the names, or the directory cannot be written to.
    pub fn place(self, paths: &SnapshotPaths, manifest: &[u8]) -> Result<()> {
        let directory = paths.file.parent().unwrap_or(Path::new("."));
        let failed = |path: &Path, error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => in_the_way(path),
            _ => Failure::write(path, error),
        };
        let mut beside = NamedTempFile::new_in(directory).map_err(|error| failed(directory, &error))?;
        let written = beside.write_all(manifest).and_then(|()| beside.as_file().sync_all());
        written.map_err(|error| failed(&paths.manifest, &error))?;
        if paths.manifest.exists() {
            return Err(in_the_way(&paths.manifest));
        }
        if paths.file.exists() {
            return Err(in_the_way(&paths.file));
        }
        // The manifest first: alone it is seen to lack its file, and a file without one is left for ever.
        let manifest = beside
            .persist_noclobber(&paths.manifest)
            .map_err(|error| failed(&paths.manifest, &error.error))?;
        drop(manifest);
        if let Some(aside) = self.aside {
            aside.persist_noclobber(&paths.file).map_err(|error| failed(&paths.file, &error.error))?;
        }
        private_file::sync(directory).map_err(|error| {
            Failure::new(Exit::CannotCreate, "the snapshot may not be on the disk").because(&error)
        })
    }
}

fn in_the_way(path: &Path) -> Failure {
    Failure::new(Exit::CannotCreate, format!("{} is there already", path.shown()))
        .because("a snapshot is never written over")
        .next("run the command again, or name another directory with --to")
}
