//! The files of `ca/`, read one by one: each fault is told with the file that has it.

use std::io;
use std::path::Path;

use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::private_file::{self, PrivateFileError};
use zone_pki::{Authority, Certificate, Rule, ShowPath, encrypted_key, regular_file};

use crate::zone_directory::CaPassphrase;
use crate::zone_directory::failures::{
    certificate_failure, load_failure, private_zone_failure, validity_failure,
};
use model::error::{Exit, Failure, Result};
use model::plan::ZonePaths;
use model::report::shell_quoted_path;

/// Reads a CA with its key, to sign with it.
pub fn load_authority(
    paths: &ZonePaths,
    stem: &str,
    passphrase: &CaPassphrase,
    now: OffsetDateTime,
) -> Result<Authority> {
    let (certificate_path, key_path) = (paths.authority_certificate(stem), paths.authority_key(stem));
    check_directory(&paths.authorities())?;
    let certificate = read_public(&certificate_path)?;
    let key = private_file::read(&key_path).map_err(|error| private_zone_failure(&key_path, &error))?;
    let key = if encrypted_key::is_encrypted(&key) {
        Zeroizing::new(passphrase.open(&key_path, &key)?.to_pem().as_bytes().to_vec())
    } else {
        key
    };
    Authority::load(&certificate, &key, now)
        .map_err(|error| load_failure(&certificate_path, &key_path, &error, now))
}

/// New CAs in a zone that has issued certificates would shut out every member and client that has one.
pub(in crate::zone_directory) fn refuse_if_lost(paths: &ZonePaths) -> Result<()> {
    let log = paths.issuance_log();
    if !log.try_exists().map_err(|error| Failure::read(&log, &error))? {
        return Ok(());
    }
    Err(Failure::new(Exit::MissingInput, format!("{} is gone", paths.authorities().shown()))
        .because(format!("{} says that the zone has issued certificates", log.shown()))
        .next("put the directory back from your copy; a new CA would shut out every member and client"))
}

pub(in crate::zone_directory) fn check_directory(directory: &Path) -> Result<()> {
    private_file::check_directory(directory).map_err(|error| match error {
        PrivateFileError::NotFound => {
            Failure::new(Exit::MissingInput, format!("there is no {}", directory.shown())).next(format!(
                "make the zone's CAs: zone-etcd init --zone {}",
                shell_quoted_path(directory.parent().unwrap_or(directory))
            ))
        }
        error => private_zone_failure(directory, &error),
    })
}

fn read_public(path: &Path) -> Result<Vec<u8>> {
    regular_file::read(path).map_err(|error| {
        let failure = Failure::read(path, &error);
        if error.kind() == io::ErrorKind::NotFound {
            failure.next("put the file back from your copy of the zone directory")
        } else {
            failure
        }
    })
}

pub(in crate::zone_directory) fn read_certificate(paths: &ZonePaths, stem: &str) -> Result<Certificate> {
    let path = paths.authority_certificate(stem);
    parse_authority(&path, &paths.authority_key(stem), &read_public(&path)?)
}

/// The certificate of a CA from the text of its file.
pub(in crate::zone_directory) fn parse_authority(
    path: &Path,
    key: &Path,
    text: &[u8],
) -> Result<Certificate> {
    let certificate = Certificate::from_pem(text).map_err(|error| certificate_failure(path, key, &error))?;
    if certificate.is_authority() {
        return Ok(certificate);
    }
    Err(Failure::bad_input(format!("{} is not a CA certificate", path.shown()))
        .because(format!(
            "{} may not sign certificates (no CA:TRUE, or no keyCertSign)",
            certificate.subject()
        ))
        .next("put the CA's own certificate there, not one that it issued"))
}

/// What stands above the zone's CAs beside the root; usually nothing.
pub(in crate::zone_directory) fn read_chain(paths: &ZonePaths) -> Result<Vec<Certificate>> {
    let path = paths.authority_chain();
    let text = match regular_file::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::read(&path, &error)),
    };
    Certificate::chain_from_pem(&text).map_err(|error| certificate_failure(&path, &path, &error))
}

/// The token that the zone's cluster was bootstrapped with, where a root has taken the place of the one that
/// it follows from.
pub(in crate::zone_directory) fn read_token(paths: &ZonePaths) -> Result<Option<String>> {
    let path = paths.pinned_token();
    match regular_file::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::read(&path, &error)),
    }
}

pub(in crate::zone_directory) fn check_usable(
    path: &Path,
    certificate: &Certificate,
    now: OffsetDateTime,
) -> Result<()> {
    let fault = certificate.fault(&[Rule::Valid(now)]);
    fault.and_then(|fault| validity_failure(path, &fault, now)).map_or(Ok(()), Err)
}
