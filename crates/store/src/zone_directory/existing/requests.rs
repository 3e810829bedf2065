//! Requests for the certificates of the plane CAs, for an authority that only signs: one in an HSM, or in
//! another department.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::{Certificate, CertificateRequest, PrivateKey, ShowPath};

use super::check::{Part, check, check_authority, warn};
use super::read::read_certificates;
use crate::zone_directory::authorities::authority_files::{check_directory, refuse_if_lost};
use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::authorities::chain::pem;
use crate::zone_directory::authorities::create_authorities::{create, plane_spec, put_in_place, stage};
use crate::zone_directory::failures::private_zone_failure;
use crate::zone_directory::{CaPassphrase, NewKeys, ZoneLock};
use model::config::ZoneConfig;
use model::error::{Exit, Failure, Result};
use model::plan::{Plane, ZonePaths};
use model::report::shell_quoted_path;

#[derive(Debug)]
pub struct Requests {
    pub files: [PathBuf; 2],
    /// Whether they were made now; they may be there from before.
    pub are_new: bool,
}

/// Writes the requests for both plane CAs, with their keys, or finds those that were written before.
/// `authority` holds the certificate of the CA that is to sign, and the chain above it, if they are at hand.
pub fn request(
    paths: &ZonePaths,
    zone: &ZoneConfig,
    authority: Option<&Path>,
    keys: &NewKeys<'_>,
    now: OffsetDateTime,
    _held: &ZoneLock,
) -> Result<Requests> {
    let files = Plane::ALL.map(|plane| paths.authority_request(plane.name()));
    let external = authority.map(|file| read_authority(file, zone, now)).transpose()?;
    if !Authorities::are_absent(paths)? {
        check_directory(&paths.authorities())?;
        if !is_pending(paths) {
            return Err(Failure::new(
                Exit::CannotCreate,
                format!("{} has its CAs already", paths.root().shown()),
            )
            .because("they are never replaced: every certificate follows from them")
            .next("for another zone choose another directory with --zone"));
        }
        refuse_other_authority(paths, external.as_deref())?;
        return Ok(Requests { files, are_new: false });
    }
    refuse_if_lost(paths)?;
    let way: Vec<&Certificate> = external.iter().flatten().collect();
    if let (Some(file), Some((first, above))) =
        (authority, external.as_ref().and_then(|all| all.split_first()))
    {
        warn(file, first, above, zone, now);
    }
    let staged = stage(paths)?;
    for plane in Plane::ALL {
        let spec = plane_spec(zone, (plane, 1), &way);
        let failed = |error: &dyn std::error::Error| {
            Failure::internal("cannot make a certificate request").because(error.to_string())
        };
        let key = PrivateKey::generate(spec.key).map_err(|error| failed(&error))?;
        let request = CertificateRequest::make_authority(&key, &spec).map_err(|error| failed(&error))?;
        let name = plane.name();
        create(&staged.path().join(format!("{name}.key")), keys.text(name, &key)?.as_bytes(), 0o600)?;
        create(&staged.path().join(format!("{name}.csr")), request.pem().as_bytes(), 0o644)?;
    }
    if let Some(external) = &external {
        create(
            &staged.path().join(super::name_of(&paths.external_authority())),
            pem(external).as_bytes(),
            0o644,
        )?;
    }
    put_in_place(paths, staged)?;
    Ok(Requests { files, are_new: true })
}

/// Whether the zone has asked for its plane CAs and has not been given both.
pub(super) fn is_pending(paths: &ZonePaths) -> bool {
    Plane::ALL.into_iter().any(|plane| {
        paths.authority_request(plane.name()).exists() && !paths.authority_certificate(plane.name()).exists()
    })
}

/// Such a zone can do nothing yet.
pub(in crate::zone_directory) fn refuse_if_pending(paths: &ZonePaths) -> Result<()> {
    if !is_pending(paths) {
        return Ok(());
    }
    let [peer, client] = Plane::ALL.map(|plane| paths.authority_request(plane.name()));
    Err(Failure::new(Exit::MissingInput, "the zone's CAs wait for their certificates")
        .because(format!("{} and {} are still to be signed", peer.shown(), client.shown()))
        .next(format!(
            "give the certificates: zone-etcd init --zone {} --continue peer.crt client.crt chain.crt",
            shell_quoted_path(paths.root())
        )))
}

pub(super) fn read_key(paths: &ZonePaths, plane: Plane, passphrase: &CaPassphrase) -> Result<PrivateKey> {
    let path = paths.authority_key(plane.name());
    let text = zone_pki::private_file::read(&path).map_err(|error| private_zone_failure(&path, &error))?;
    passphrase.open(&path, &text)
}

/// Whether the authority in `file` may sign what will be requested. Nothing is written.
pub fn inspect_authority(zone: &ZoneConfig, file: &Path, now: OffsetDateTime) -> Result<()> {
    read_authority(file, zone, now).map(drop)
}

fn read_authority(file: &Path, zone: &ZoneConfig, now: OffsetDateTime) -> Result<Vec<Certificate>> {
    let certificates = read_certificates(file)?;
    if let Some((first, above)) = certificates.split_first() {
        let above: Vec<&Certificate> = above.iter().collect();
        check_authority(file, first, now)?;
        check(file, first, &above, Part::Root, zone, now)?;
    }
    Ok(certificates)
}

fn refuse_other_authority(paths: &ZonePaths, given: Option<&[Certificate]>) -> Result<()> {
    let Some(given) = given else { return Ok(()) };
    let path = paths.external_authority();
    let present = if path.exists() { read_certificates(&path)? } else { Vec::new() };
    if present == given {
        return Ok(());
    }
    Err(Failure::new(Exit::CannotCreate, "the requests were made for another authority")
        .because(format!("{} is not what is given now", path.shown()))
        .next("leave --ca-cert out, and give the certificates above the plane CAs with --continue"))
}
