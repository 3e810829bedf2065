//! The files of a CA that was made elsewhere, as they come: nothing in them is taken for granted.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;
use zone_pki::{
    Authority, Certificate, CertificateError, Fault, KeyError, LoadError, PrivateFileError, PrivateKey, Rule,
    ShowPath, encrypted_key, key_matches, private_file, regular_file,
};

use crate::zone_directory::CaPassphrase;
use crate::zone_directory::failures::{private_failure, validity_failure};
use model::error::{Exit, Failure, Result};
use model::report;

#[derive(Clone, Debug)]
pub struct GivenFiles {
    /// The certificate, and the chain above it if that is known.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A CA that can sign, with what stands above it, the nearest first.
#[derive(Debug)]
pub(super) struct GivenAuthority {
    pub(super) file: PathBuf,
    pub(super) authority: Authority,
    pub(super) above: Vec<Certificate>,
    /// Whether its key is under a passphrase.
    pub(super) came_locked: bool,
}

impl GivenAuthority {
    pub(super) fn read(files: &GivenFiles, passphrase: &CaPassphrase, now: OffsetDateTime) -> Result<Self> {
        let mut certificates = read_certificates(&files.certificate)?;
        if let Some(own) = certificates.first()
            && let Some(fault) = own.fault(&[Rule::Strong])
        {
            // Its key would be told to be of an unknown kind.
            return Err(unusable(&files.certificate, own, &LoadError::Unfit(fault), now));
        }
        let (key, came_locked) = read_key(&files.key, passphrase)?;
        let place = certificates.iter().position(|certificate| key_matches(certificate, &key));
        match place {
            Some(0) => {}
            Some(place) => return Err(out_of_place(files, place, &certificates)),
            None => return Err(foreign_key(files, &certificates)),
        }
        let certificate = certificates.remove(0);
        let authority = load(&files.certificate, &certificate, &key, now)?;
        Ok(Self { file: files.certificate.clone(), authority, above: certificates, came_locked })
    }
}

/// Puts a certificate and its key together, with every reason why it may not sign.
pub(super) fn load(
    file: &Path,
    certificate: &Certificate,
    key: &PrivateKey,
    now: OffsetDateTime,
) -> Result<Authority> {
    Authority::load(certificate.pem().as_bytes(), key.to_pem().as_bytes(), now)
        .map_err(|error| unusable(file, certificate, &error, now))
}

pub(super) fn read_certificates(file: &Path) -> Result<Vec<Certificate>> {
    let text = regular_file::read(file).map_err(|error| Failure::read(file, &error))?;
    Certificate::chain_from_pem(without_mark(&text)).map_err(|error| {
        let failure = Failure::bad_input(format!("{} holds no certificate to use", file.shown()));
        let shown = quoted(file);
        match error {
            CertificateError::NoPem if is_der(&text) => failure
                .because("it is DER, and PEM is wanted")
                .next(format!("openssl x509 -inform DER -in {shown} -out {shown}.pem")),
            CertificateError::PrivateKey => failure
                .because(&error)
                .next("give the file of the certificate; the key has an option of its own"),
            error => failure
                .because(&error)
                .next("have the file written again by the authority, certificates in PEM and nothing else"),
        }
    })
}

/// The key, and whether it is under a passphrase.
fn read_key(file: &Path, passphrase: &CaPassphrase) -> Result<(PrivateKey, bool)> {
    let text: Zeroizing<Vec<u8>> = private_file::read(file).map_err(|error| match error {
        PrivateFileError::NotFound => {
            Failure::new(Exit::MissingInput, format!("there is no {}", file.shown()))
                .next("check the path; for an authority that keeps its key to itself: --external")
        }
        error => private_failure(file, &error),
    })?;
    let text = without_mark(&text);
    if encrypted_key::is_encrypted(text) {
        return Ok((passphrase.open(file, text)?, true));
    }
    let key = PrivateKey::from_pem(text).map_err(|error| {
        let failure = Failure::bad_input(format!("{} holds no key to use", file.shown()));
        let shown = quoted(file);
        match error {
            KeyError::NoPem if is_der(text) => failure
                .because("it is DER, and PEM is wanted")
                .next(format!("(umask 077; openssl pkey -inform DER -in {shown} -out {shown}.pem)")),
            KeyError::Several => failure.because(&error).next("leave the CA's own key in it alone"),
            KeyError::Unsupported { .. } => {
                failure.because(&error).next("let that CA issue one with an ECDSA P-256 key, and give that")
            }
            error => failure.because(&error).next("give the file of the CA's private key, in PEM"),
        }
    })?;
    Ok((key, false))
}

fn out_of_place(files: &GivenFiles, place: usize, certificates: &[Certificate]) -> Failure {
    Failure::bad_input(format!("{} is out of order", files.certificate.shown()))
        .because(format!(
            "{} is the key of certificate {} in it, {}",
            files.key.shown(),
            place + 1,
            certificates[place].subject()
        ))
        .next("put the CA's own certificate first, and after each the one that issued it")
}

fn foreign_key(files: &GivenFiles, certificates: &[Certificate]) -> Failure {
    let subjects: Vec<&str> = certificates.iter().map(Certificate::subject).collect();
    Failure::bad_input(format!("{} is the key of another certificate", files.key.shown()))
        .because(format!("{} holds {}", files.certificate.shown(), subjects.join("; ")))
        .next("give the certificate and the key of one CA")
}

/// What keeps a CA from signing, and what to ask its owner for.
fn unusable(file: &Path, certificate: &Certificate, error: &LoadError, now: OffsetDateTime) -> Failure {
    let failure = Failure::bad_input(format!("{} cannot be a CA of the zone", file.shown())).because(error);
    match error {
        LoadError::Unfit(fault) => validity_failure(file, fault, now).unwrap_or_else(|| {
            failure.next(match fault {
                Fault::NotAnAuthority => {
                    "give the certificate of a CA: basicConstraints CA:TRUE, keyUsage keyCertSign"
                }
                Fault::NoCertificateSigning => {
                    "have it issued again with keyCertSign and cRLSign in its keyUsage"
                }
                _ => "have it issued again: ECDSA P-256, or RSA of 2048 bits and more, signed with SHA-256",
            })
        }),
        LoadError::RepeatedAttribute { .. } | LoadError::SubjectEncoding { .. } => failure.next(format!(
            "let it sign requests instead: zone-etcd init --external --ca-cert {}",
            quoted(file)
        )),
        _ => failure.next(format!("look at it: openssl x509 -noout -text -in {}", quoted(file))),
    }
    .because(format!("the certificate is {}", certificate.subject()))
}

/// A file as an argument of a command that can be typed.
pub(super) fn quoted(file: &Path) -> String {
    report::shell_quoted_path(file)
}

/// Some editors write a byte order mark first.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Whether it begins as certificates and keys do: with a `SEQUENCE`, whose length takes one byte only in the
/// shortest keys.
fn is_der(bytes: &[u8]) -> bool {
    match bytes {
        [0x30, 0x81..=0x83, ..] => true,
        [0x30, length, contents @ ..] => contents.len() == usize::from(*length),
        _ => false,
    }
}
