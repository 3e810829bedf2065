//! `ca/`: the root CA, the two plane CAs and their revocation lists.

use std::fs::File;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::private_file::{self, PrivateFileError};
use zone_pki::{Authority, AuthoritySpec, Certificate, CertificateError, LoadError, Subject};

use crate::config::ZoneConfig;
use crate::error::{Exit, Failure, Result};
use crate::plan::{Plane, ZonePaths, organization, permitted_dns};

/// The stem of the root's files.
pub const ROOT: &str = "root";

/// The certificates and revocation lists of a zone's CAs. Their keys are read when something is to be signed, not before.
#[derive(Debug)]
pub struct Authorities {
    /// The root: what clients trust.
    pub root: Certificate,
    /// The CA of the peer plane.
    pub peer: Certificate,
    /// The CA of the client plane.
    pub client: Certificate,
    /// The revocation list of the peer plane, DER.
    pub peer_revocations: Vec<u8>,
    /// The revocation list of the client plane, DER.
    pub client_revocations: Vec<u8>,
}

impl Authorities {
    /// Whether the zone has no CA at all.
    pub fn are_absent(paths: &ZonePaths) -> bool {
        !paths.authorities().exists()
    }

    /// Reads what the zone has. The owner and mode of `ca/` are checked at each use.
    pub fn load(paths: &ZonePaths, now: OffsetDateTime) -> Result<Self> {
        check_directory(&paths.authorities())?;
        let authorities = Self {
            root: read_certificate(paths, ROOT)?,
            peer: read_certificate(paths, Plane::Peer.name())?,
            client: read_certificate(paths, Plane::Client.name())?,
            peer_revocations: read_revocations(paths, Plane::Peer)?,
            client_revocations: read_revocations(paths, Plane::Client)?,
        };
        for (stem, certificate) in authorities.all() {
            check_usable(paths, stem, certificate, now)?;
        }
        Ok(authorities)
    }

    /// The CA of a plane.
    pub fn plane(&self, plane: Plane) -> &Certificate {
        match plane {
            Plane::Peer => &self.peer,
            Plane::Client => &self.client,
        }
    }

    /// The revocation list of a plane.
    pub fn revocations(&self, plane: Plane) -> &[u8] {
        match plane {
            Plane::Peer => &self.peer_revocations,
            Plane::Client => &self.client_revocations,
        }
    }

    /// Every CA with the stem of its files.
    pub fn all(&self) -> [(&'static str, &Certificate); 3] {
        [(ROOT, &self.root), (Plane::Peer.name(), &self.peer), (Plane::Client.name(), &self.client)]
    }
}

/// Makes what is missing of a zone's CAs: all of them, or the plane CAs below a root that is there. What is there is never
/// replaced. Call it with the zone's lock held.
pub fn create_missing(
    paths: &ZonePaths,
    zone: &ZoneConfig,
    now: OffsetDateTime,
) -> Result<Vec<&'static str>> {
    if Authorities::are_absent(paths) {
        create_all(paths, zone, now)?;
        return Ok(vec![ROOT, Plane::Peer.name(), Plane::Client.name()]);
    }
    let directory = paths.authorities();
    check_directory(&directory)?;
    let missing: Vec<Plane> = Plane::ALL.into_iter().filter(|plane| is_absent(paths, plane.name())).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    if is_absent(paths, ROOT) {
        return Err(Failure::new(Exit::MissingInput, format!("{} has no root CA", directory.display()))
            .because("root.crt and root.key are not there, but the directory is")
            .next(format!(
                "put root.crt and root.key back, or move {} away to let new CAs be made",
                directory.display()
            )));
    }
    let root = load_authority(paths, ROOT, now)?;
    for plane in &missing {
        let authority = issue_plane_authority(&root, zone, *plane, now)?;
        write_authority(&directory, plane.name(), &authority, Some(now))?;
    }
    sync_directory(&directory)?;
    Ok(missing.into_iter().map(Plane::name).collect())
}

/// Reads a CA with its key, to sign with it.
pub fn load_authority(paths: &ZonePaths, stem: &str, now: OffsetDateTime) -> Result<Authority> {
    let (certificate_path, key_path) = (paths.authority_certificate(stem), paths.authority_key(stem));
    check_directory(&paths.authorities())?;
    let certificate = read_public(&certificate_path)?;
    let key = private_file::read(&key_path).map_err(|error| private_failure(&key_path, &error))?;
    Authority::load(&certificate, &key, now)
        .map_err(|error| load_failure(&certificate_path, &key_path, &error))
}

fn create_all(paths: &ZonePaths, zone: &ZoneConfig, now: OffsetDateTime) -> Result<()> {
    let issue_failure =
        |error: &zone_pki::IssueError| Failure::internal("cannot make the zone's CAs").because(error);
    let root = Authority::generate(&root_spec(zone), now).map_err(|error| issue_failure(&error))?;
    // Everything is written aside and renamed at once: a zone has all of its CAs or none.
    let staged = tempfile::Builder::new()
        .prefix(".ca-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(paths.root())
        .map_err(|error| Failure::write(paths.root(), &error))?;
    write_authority(staged.path(), ROOT, &root, None)?;
    for plane in Plane::ALL {
        let authority = issue_plane_authority(&root, zone, plane, now)?;
        write_authority(staged.path(), plane.name(), &authority, Some(now))?;
    }
    sync_directory(staged.path())?;
    let directory = paths.authorities();
    std::fs::rename(staged.path(), &directory).map_err(|error| Failure::write(&directory, &error))?;
    // The directory has another name now, so there is nothing left to remove.
    let _ = staged.keep();
    sync_directory(paths.root())
}

fn root_spec(zone: &ZoneConfig) -> AuthoritySpec {
    AuthoritySpec { path_length: 1, permitted_dns: Vec::new(), ..authority_spec(zone, "root CA") }
}

fn authority_spec(zone: &ZoneConfig, what: &str) -> AuthoritySpec {
    let full = format!("{} {what}", zone.name);
    let subject = Subject {
        common_name: Some(Subject::fit_common_name(&full, what)),
        organization: Some(organization(zone)),
        organizational_unit: None,
    };
    let validity = Duration::try_from(zone.pki.authority_validity).unwrap_or(Duration::MAX);
    AuthoritySpec { subject, path_length: 0, permitted_dns: permitted_dns(zone), validity, key: zone.pki.key }
}

fn issue_plane_authority(
    root: &Authority,
    zone: &ZoneConfig,
    plane: Plane,
    now: OffsetDateTime,
) -> Result<Authority> {
    let spec = authority_spec(zone, &format!("{} CA", plane.name()));
    root.issue_authority(&spec, now).map_err(|error| {
        Failure::bad_input(format!("the root CA cannot issue the {} plane's CA", plane.name()))
            .because(&error)
    })
}

fn write_authority(
    directory: &Path,
    stem: &str,
    authority: &Authority,
    revocations_at: Option<OffsetDateTime>,
) -> Result<()> {
    // The key comes first: a certificate without its key would look like a finished pair whose key was lost.
    create(&directory.join(format!("{stem}.key")), authority.key().to_pem().as_bytes(), 0o600)?;
    if let Some(now) = revocations_at {
        let list = authority
            .revocation_list(&[], 1, now, authority.certificate().not_after())
            .map_err(|error| Failure::internal("cannot make a revocation list").because(&error))?;
        create(&directory.join(format!("{stem}.crl")), &list, 0o644)?;
    }
    create(&directory.join(format!("{stem}.crt")), authority.certificate().pem().as_bytes(), 0o644)
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    private_file::create(path, bytes, mode).map_err(|error| private_failure(path, &error))?;
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| Failure::write(path, &error))
}

fn sync_directory(path: &Path) -> Result<()> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|error| Failure::write(path, &error))
}

/// Makes a directory of ours with its mode, and its parents.
pub fn create_directory(path: &Path) -> Result<()> {
    match std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) => Err(Failure::write(path, &error)),
    }
}

fn is_absent(paths: &ZonePaths, stem: &str) -> bool {
    !paths.authority_certificate(stem).exists() && !paths.authority_key(stem).exists()
}

fn check_directory(directory: &Path) -> Result<()> {
    private_file::check_directory(directory).map_err(|error| match error {
        PrivateFileError::NotFound => {
            Failure::new(Exit::MissingInput, format!("there is no {}", directory.display()))
                .next("make the zone's CAs with `zone-etcd init --zone DIR`")
        }
        error => private_failure(directory, &error),
    })
}

fn read_public(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let failure = Failure::read(path, &error);
        if error.kind() == io::ErrorKind::NotFound {
            failure.next("put the file back from your copy of the zone directory")
        } else {
            failure
        }
    })
}

fn read_certificate(paths: &ZonePaths, stem: &str) -> Result<Certificate> {
    let path = paths.authority_certificate(stem);
    let text = read_public(&path)?;
    let certificate = Certificate::from_pem(&text)
        .map_err(|error| certificate_failure(&path, &paths.authority_key(stem), &error))?;
    if certificate.is_authority() {
        return Ok(certificate);
    }
    Err(Failure::bad_input(format!("{} is not a CA certificate", path.display()))
        .because(format!(
            "{} may not sign certificates (no CA:TRUE, or no keyCertSign)",
            certificate.subject()
        ))
        .next("put the CA's own certificate there, not one that it issued"))
}

fn read_revocations(paths: &ZonePaths, plane: Plane) -> Result<Vec<u8>> {
    let path = paths.revocation_list(plane.name());
    let list = read_public(&path)?;
    if list.is_empty() {
        return Err(Failure::bad_input(format!("{} is empty", path.display()))
            .because("etcd would refuse every connection")
            .next("put the file back from your copy of the zone directory"));
    }
    Ok(list)
}

fn check_usable(paths: &ZonePaths, stem: &str, certificate: &Certificate, now: OffsetDateTime) -> Result<()> {
    let path = paths.authority_certificate(stem);
    if now < certificate.not_before() {
        return Err(not_yet_valid(&path, certificate.not_before(), now));
    }
    if now > certificate.not_after() {
        return Err(expired(&path, certificate.not_after()));
    }
    Ok(())
}

fn not_yet_valid(path: &Path, not_before: OffsetDateTime, now: OffsetDateTime) -> Failure {
    Failure::bad_input(format!("{} is not valid yet", path.display()))
        .because(format!(
            "it is valid from {}, and this machine's clock says {}",
            instant(not_before),
            instant(now)
        ))
        .next("set this machine's clock; if the clock is right, wait, or use a CA that is valid now")
}

fn expired(path: &Path, not_after: OffsetDateTime) -> Failure {
    Failure::bad_input(format!("{} has expired", path.display()))
        .because(format!("it was valid until {}", instant(not_after)))
        .next("check this machine's clock; if it is right, the zone needs a new CA")
}

fn instant(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    time.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_else(|_| time.to_string())
}

fn certificate_failure(certificate: &Path, key: &Path, error: &CertificateError) -> Failure {
    let failure =
        Failure::bad_input(format!("{} holds no usable certificate", certificate.display())).because(error);
    match error {
        CertificateError::PrivateKey => {
            failure.next(format!("{} and {} seem to be swapped", certificate.display(), key.display()))
        }
        _ => failure.next("put the file back from your copy of the zone directory"),
    }
}

fn load_failure(certificate: &Path, key: &Path, error: &LoadError) -> Failure {
    let pair = format!("the CA {} cannot sign", certificate.display());
    match error {
        LoadError::Expired { not_after } => expired(certificate, *not_after),
        LoadError::Certificate(error) => certificate_failure(certificate, key, error),
        LoadError::Key(error) => Failure::bad_input(format!("{} holds no usable key", key.display()))
            .because(error)
            .next("put the CA's key back from your copy of the zone directory"),
        error => Failure::bad_input(pair)
            .because(error)
            .next(format!("check that {} is the key of that certificate", key.display())),
    }
}

/// The failure of a private file or directory, with the command that mends its mode.
pub fn private_failure(path: &Path, error: &PrivateFileError) -> Failure {
    let shown = path.display();
    match error {
        PrivateFileError::NotFound => Failure::new(Exit::MissingInput, format!("cannot read {shown}"))
            .because("it is not there")
            .next("put the file back from your copy of the zone directory"),
        PrivateFileError::Mode { mode } => {
            let right = if path.is_dir() { "700" } else { "600" };
            Failure::new(Exit::Permission, format!("others can use {shown}"))
                .because(format!("its mode is {:04o}", mode & 0o7777))
                .next(format!("if nobody else has read it: chmod {right} {shown}"))
        }
        PrivateFileError::Owner { uid } => {
            Failure::new(Exit::Permission, format!("{shown} belongs to another user"))
                .because(format!(
                    "its owner is user {uid}, this program runs as user {}",
                    nix::unistd::geteuid()
                ))
                .next(format!("run the command as that user, or: chown {} {shown}", nix::unistd::geteuid()))
        }
        PrivateFileError::Empty => Failure::bad_input(format!("{shown} is empty"))
            .next("put the file back from your copy of the zone directory"),
        PrivateFileError::Io(error) => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem => Failure::write(path, error),
            _ => Failure::read(path, error),
        },
        other => Failure::bad_input(format!("cannot use {shown}")).because(other),
    }
}
