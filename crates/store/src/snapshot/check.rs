//! A snapshot, compared with its own digest and with its manifest. etcd's own `snapshot status` looks at
//! neither.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zone_pki::{Certificate, ShowPath, hex, regular_file};

use super::digest::PagesDigest;
use super::paths::SnapshotPaths;
use super::signed::SignedManifest;
use crate::bundle::{BundleError, Digesting, Identity, bundle_failure, open_age};
use model::error::{Failure, Result};
use model::formats::{Seal, SnapshotDatabase, SnapshotManifest};
use model::report::{Progress, Unit};

/// What is known of the zone that a snapshot should be of.
#[derive(Clone, Debug)]
pub struct Trust {
    pub zone: String,
    /// The CAs that sign there, or did.
    pub authorities: Vec<Certificate>,
}

/// What is wrong with a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFault {
    #[error("there is no manifest beside it: {}", .0.file_name().unwrap_or_default().to_string_lossy())]
    NoManifest(std::path::PathBuf),
    #[error("its manifest cannot be used: {0}")]
    Manifest(String),
    #[error("the manifest was changed: its signature is not by the CA that it names")]
    Signature,
    #[error("the manifest is not signed")]
    NotSigned,
    #[error("the CA that has signed the manifest was compared with no zone: name one with --zone")]
    NotCompared,
    #[error("the manifest is signed by {signer}, which is no CA of the zone {zone}")]
    OtherSigner { signer: String, zone: String },
    #[error("it is of the zone {found}, not of {expected}")]
    OtherZone { found: String, expected: String },
    #[error("it has {found} bytes, and {listed} in the manifest")]
    Size { found: u64, listed: u64 },
    #[error("the SHA-256 of the file is {found}, and {listed} in the manifest")]
    Digest { found: String, listed: String },
    #[error("the last 32 bytes are not the SHA-256 of what is before them: it was cut off or changed")]
    Trailer,
    #[error("the database in it is not the one of the manifest")]
    OtherDatabase,
    #[error("its seal cannot be opened: {0}")]
    Seal(String),
}

/// A snapshot that was read to its end.
#[derive(Debug)]
pub struct Checked {
    pub paths: SnapshotPaths,
    pub manifest: Option<SnapshotManifest>,
    /// The SHA-256 of the signer's certificate, if the signature is right.
    pub signed_by: Option<String>,
    /// Whether the signer was compared with the CAs of a zone.
    pub is_signer_known: bool,
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The database in it; none if it is sealed and nothing was given to open it.
    pub database: Option<SnapshotDatabase>,
    pub faults: Vec<SnapshotFault>,
}

impl Checked {
    /// Reads the file and what lies beside it. A sealed one is opened if there is something to open it with.
    ///
    /// # Errors
    /// The system refuses to read the file.
    pub fn read(file: &Path, trust: Option<&Trust>, identity: Option<&Identity>) -> io::Result<Self> {
        let paths = SnapshotPaths::of(file);
        let source = regular_file::open(file)?;
        let mut faults = Vec::new();
        let manifest = read_manifest(&paths, &mut faults);
        let (mut signed_by, mut is_signer_known) = (None, false);
        if let Some(signed) = &manifest {
            match (signed.verified_signer(), trust) {
                (None, _) if signed.is_signed() => faults.push(SnapshotFault::Signature),
                (None, _) => {}
                (Some(signer), Some(trust)) if !trust.authorities.contains(&signer) => {
                    let signer = signer.subject().to_owned();
                    faults.push(SnapshotFault::OtherSigner { signer, zone: trust.zone.clone() });
                }
                (Some(signer), trust) => {
                    signed_by = Some(hex::encode(&signer.fingerprint_sha256()));
                    is_signer_known = trust.is_some();
                }
            }
            if let Some(trust) = trust.filter(|trust| trust.zone != signed.manifest.zone) {
                let (found, expected) = (signed.manifest.zone.clone(), trust.zone.clone());
                faults.push(SnapshotFault::OtherZone { found, expected });
            }
        }
        let manifest = manifest.map(|signed| signed.manifest);
        let is_sealed = match &manifest {
            Some(manifest) => manifest.seal != Seal::Plain,
            None => paths.file.to_string_lossy().ends_with(super::paths::SEALED),
        };
        let progress = Progress::begin("reading", Unit::Bytes, source.metadata()?.len());
        let mut source = Through { source, digest: Digesting::new(io::sink()), size: 0, progress };
        let database = match (is_sealed, identity) {
            (false, _) => Some(digest_pages(&mut source)?),
            (true, None) => None,
            (true, Some(identity)) => match open_age(&mut source, Some(identity)) {
                Err(error) => {
                    faults.push(SnapshotFault::Seal(error.to_string()));
                    None
                }
                Ok(mut opened) => match digest_pages(&mut opened) {
                    Ok(database) => Some(database),
                    Err(error) => {
                        faults.push(SnapshotFault::Seal(BundleError::from_reader(error).to_string()));
                        None
                    }
                },
            },
        };
        io::copy(&mut source, &mut io::sink())?;
        let (size, sha256) = (source.size, hex::encode(&source.digest.finish().1));
        let mut checked = Self {
            paths,
            manifest,
            signed_by,
            is_signer_known,
            size,
            sha256,
            database: database.clone().flatten(),
            faults,
        };
        if database == Some(None) {
            checked.faults.push(SnapshotFault::Trailer);
        }
        checked.compare();
        Ok(checked)
    }

    fn compare(&mut self) {
        let Some(manifest) = &self.manifest else { return };
        if self.size != manifest.size {
            self.faults.push(SnapshotFault::Size { found: self.size, listed: manifest.size });
        }
        if self.sha256 != manifest.sha256 {
            let (found, listed) = (self.sha256.clone(), manifest.sha256.clone());
            self.faults.push(SnapshotFault::Digest { found, listed });
        }
        if self.database.as_ref().is_some_and(|database| *database != manifest.database) {
            self.faults.push(SnapshotFault::OtherDatabase);
        }
    }
}

fn read_manifest(paths: &SnapshotPaths, faults: &mut Vec<SnapshotFault>) -> Option<SignedManifest> {
    let fault = match regular_file::read(&paths.manifest) {
        Ok(text) => match SignedManifest::parse(&text) {
            Ok(manifest) => return Some(manifest),
            Err(error) => SnapshotFault::Manifest(error.to_string()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            SnapshotFault::NoManifest(paths.manifest.clone())
        }
        Err(error) => SnapshotFault::Manifest(error.to_string()),
    };
    faults.push(fault);
    None
}

/// Writes what is below the seal of a snapshot to a file, mode 0600.
///
/// # Errors
/// It cannot be opened with this, or the file cannot be written.
pub fn unseal(file: &Path, identity: &Identity, to: &Path) -> Result<()> {
    let source = regular_file::open(file).map_err(|error| Failure::read(file, &error))?;
    let mut opened = open_age(source, Some(identity))
        .map_err(|error| bundle_failure(&file.shown().to_string(), &error))?;
    let mut options = OpenOptions::new();
    let copied = options.write(true).create_new(true).mode(0o600).open(to);
    copied
        .and_then(|mut copy| io::copy(&mut opened, &mut copy))
        .map_err(|error| Failure::write(to, &error))?;
    Ok(())
}

/// The database that comes, if the digest behind it is right.
fn digest_pages(source: &mut dyn Read) -> io::Result<Option<SnapshotDatabase>> {
    let mut pages = PagesDigest::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(pages.finish()),
            count => {
                pages.update(&buffer[..count]);
            }
        }
    }
}

/// Digests what is read.
struct Through {
    source: File,
    digest: Digesting<io::Sink>,
    size: u64,
    progress: Progress,
}

impl Read for Through {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.digest.write_all(&buffer[..count])?;
        self.size += count as u64;
        self.progress.set(self.size);
        Ok(count)
    }
}
