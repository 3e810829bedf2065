//! The plane CAs as an authority elsewhere has certified them: from the requests to CAs that can be used.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::{Authority, Certificate, PrivateKey, ShowPath, key_matches, regular_file};

use super::check::{Part, check, warn};
use super::read::{load, read_certificates};
use super::requests::{is_pending, read_key};
use super::{GivenPlanes, beside, chain_above, shared_key, tidy};
use crate::zone_directory::authorities::authority_files::check_directory;
use crate::zone_directory::authorities::certificates::{AuthorityCertificates, ROOT};
use crate::zone_directory::authorities::create_authorities::{create, first_revocations, stage, sync};
use crate::zone_directory::authorities::transition_cas::TransitionCas;
use crate::zone_directory::trial::try_out;
use crate::zone_directory::{CaPassphrase, ZoneLock};
use model::config::ZoneConfig;
use model::error::{Exit, Failure, Result};
use model::plan::{Plane, ZonePaths};
use model::report;
use model::report::shell_quoted_path;

/// A plane's CA, certified elsewhere.
struct Certified {
    plane: Plane,
    file: PathBuf,
    authority: Authority,
}

/// Takes the certificates that were issued for the zone's requests, and those above them, from any number of
/// files in any order. Returns whether anything was written: the same certificates may be given again, also
/// after an interruption.
pub fn complete(
    paths: &ZonePaths,
    zone: &ZoneConfig,
    files: &[PathBuf],
    passphrase: &CaPassphrase,
    now: OffsetDateTime,
    _held: &ZoneLock,
) -> Result<bool> {
    check_directory(&paths.authorities())?;
    if let Some(plane) = Plane::ALL.into_iter().find(|plane| !paths.authority_request(plane.name()).exists())
    {
        return Err(Failure::new(
            Exit::MissingInput,
            format!("there is no {}", paths.authority_request(plane.name()).shown()),
        )
        .because("only what was asked for with --external can be continued")
        .next("for a CA whose key is at hand: --ca-cert FILE --ca-key FILE"));
    }
    let given = read_all(paths, files)?;
    let others = |not: &Certificate| -> Vec<&Certificate> {
        given.iter().map(|(_, certificate)| certificate).filter(|other| *other != not).collect()
    };
    let mut planes = Vec::new();
    for plane in Plane::ALL {
        let certified = find(paths, plane, &given, passphrase, now)?;
        let certificate = certified.authority.certificate();
        let above = chain_above(certificate, &others(certificate));
        let above: Vec<&Certificate> = above.iter().collect();
        if above.is_empty() {
            return Err(issuer_missing(&certified.file, certificate));
        }
        check(&certified.file, certificate, &above, Part::Plane(plane), zone, now)?;
        planes.push(certified);
    }
    let [peer, client] = &planes[..] else {
        return Err(Failure::internal("a plane without a CA"));
    };
    if peer.authority.certificate().subject_public_key_info()
        == client.authority.certificate().subject_public_key_info()
    {
        return Err(shared_key(&peer.file, &client.file));
    }
    let authorities = assemble(peer, client, &others);
    for certified in &planes {
        try_out(&authorities, certified.plane, &certified.authority, zone, now)?;
    }
    refuse_others(paths, &authorities)?;
    if !is_pending(paths) {
        return Ok(false);
    }
    for certified in &planes {
        let certificate = certified.authority.certificate();
        warn(&certified.file, certificate, &chain_above(certificate, &others(certificate)), zone, now);
        warn_of_freedom(certified);
    }
    warn_of_unused(&given, &authorities);
    write(paths, &authorities, &planes, now)?;
    Ok(true)
}

/// The root is the top of what was imported: its key is not here.
fn assemble<'c>(
    peer: &Certified,
    client: &Certified,
    others: &impl Fn(&Certificate) -> Vec<&'c Certificate>,
) -> AuthorityCertificates {
    let mut record = GivenPlanes::default();
    let mut chain = Vec::new();
    let mut root = peer.authority.certificate().clone();
    for certified in [client, peer] {
        let certificate = certified.authority.certificate();
        record.note(certified.plane, certificate);
        let above = chain_above(certificate, &others(certificate));
        if let Some(top) = above.last() {
            root = top.clone();
        }
        chain.extend(above);
    }
    tidy(&mut chain, &root);
    AuthorityCertificates {
        beside: TransitionCas::default(),
        pinned_token: None,
        restored: None,
        root,
        peer: peer.authority.certificate().clone(),
        client: client.authority.certificate().clone(),
        chain,
        given: record,
    }
}

/// Every certificate that is known, each with its file: those that are given, and those that came with
/// `--external`.
fn read_all(paths: &ZonePaths, files: &[PathBuf]) -> Result<Vec<(PathBuf, Certificate)>> {
    let external = Some(paths.external_authority()).filter(|path| path.exists());
    let mut found: Vec<(PathBuf, Certificate)> = Vec::new();
    for file in files.iter().chain(&external) {
        for certificate in read_certificates(file)? {
            if !found.iter().any(|(_, known)| *known == certificate) {
                found.push((file.clone(), certificate));
            }
        }
    }
    Ok(found)
}

/// The certificate for the plane's request, which is known by its key: the authority may have changed
/// everything else.
fn find(
    paths: &ZonePaths,
    plane: Plane,
    given: &[(PathBuf, Certificate)],
    passphrase: &CaPassphrase,
    now: OffsetDateTime,
) -> Result<Certified> {
    let key: PrivateKey = read_key(paths, plane, passphrase)?;
    let request = paths.authority_request(plane.name());
    let mut fitting = given.iter().filter(|(_, certificate)| key_matches(certificate, &key));
    let Some((file, certificate)) = fitting.next() else {
        let subjects: Vec<&str> = given.iter().map(|(_, certificate)| certificate.subject()).collect();
        return Err(Failure::new(
            Exit::MissingInput,
            format!("no certificate is for the key of {}", request.shown()),
        )
        .because(format!("given are {}", subjects.join("; ")))
        .next(format!("let the authority sign {} itself, and give what it issued", request.shown())));
    };
    if let Some((other, _)) = fitting.next() {
        return Err(Failure::bad_input(format!("two certificates are for {}", request.shown()))
            .because(format!("one is in {}, the other in {}", file.shown(), other.shown()))
            .next("give the one that is to be used"));
    }
    let authority = load(file, certificate, &key, now)?;
    Ok(Certified { plane, file: file.clone(), authority })
}

fn issuer_missing(file: &Path, certificate: &Certificate) -> Failure {
    Failure::new(Exit::MissingInput, format!("the issuer of {} is not given", file.shown()))
        .because(format!("{} was issued by {}", certificate.subject(), certificate.issuer()))
        .next("give the certificate of that authority as well, and the chain above it")
}

/// What is there of an interrupted call, or of a finished one, has to be the same.
fn refuse_others(paths: &ZonePaths, authorities: &AuthorityCertificates) -> Result<()> {
    for (stem, certificate) in authorities.all() {
        let path = paths.authority_certificate(stem);
        if path.exists() && read_certificates(&path)?.first() != Some(certificate) {
            return Err(Failure::new(Exit::CannotCreate, format!("{} is there already", path.shown()))
                .because(format!("it is not {}, and no CA is ever replaced", certificate.subject()))
                .next("give the same certificates as before"));
        }
    }
    Ok(())
}

/// The certificates of the planes come last: with them the CAs are in use.
fn write(
    paths: &ZonePaths,
    authorities: &AuthorityCertificates,
    planes: &[Certified],
    now: OffsetDateTime,
) -> Result<()> {
    let mut files: Vec<(String, Vec<u8>)> = vec![(format!("{ROOT}.crt"), authorities.root.pem().into())];
    files.extend(beside(paths, authorities)?.into_iter().map(|(name, text)| (name, text.into_bytes())));
    for certified in planes {
        files
            .push((format!("{}.crl", certified.plane.name()), first_revocations(&certified.authority, now)?));
    }
    for certified in planes {
        files.push((
            format!("{}.crt", certified.plane.name()),
            certified.authority.certificate().pem().into(),
        ));
    }
    let staged = stage(paths)?;
    for (name, bytes) in files {
        let target = paths.authorities().join(&name);
        if target.exists() {
            keep_if_same(&target, &bytes)?;
            continue;
        }
        let aside = staged.path().join(&name);
        create(&aside, &bytes, 0o644)?;
        std::fs::rename(&aside, &target).map_err(|error| Failure::write(&target, &error))?;
        sync(&paths.authorities())?;
    }
    Ok(())
}

/// What an interrupted call wrote has to be what would be written now. A revocation list is as good as
/// another: it is empty.
fn keep_if_same(path: &Path, bytes: &[u8]) -> Result<()> {
    let present = regular_file::read(path).map_err(|error| Failure::read(path, &error))?;
    if present == bytes || path.extension().is_some_and(|extension| extension == "crl") {
        return Ok(());
    }
    Err(Failure::new(Exit::CannotCreate, format!("{} is there already", path.shown()))
        .because("it is of an `init --continue` with other certificates that was interrupted")
        .next(format!("give the same certificates as then, or: mv {0} {0}.unused", shell_quoted_path(path))))
}

/// An authority that leaves out the constraints that it was asked for makes a CA that can certify everything.
fn warn_of_freedom(certified: &Certified) {
    if certified.authority.certificate().permitted_dns().is_empty() {
        report::warning(&format!(
            "{} has no name constraints, which the request asked for: its key can certify any name",
            certified.file.shown()
        ));
    }
}

fn warn_of_unused(given: &[(PathBuf, Certificate)], authorities: &AuthorityCertificates) {
    let is_used = |certificate: &Certificate| {
        authorities.all().iter().any(|(_, used)| *used == certificate)
            || authorities.chain.contains(certificate)
    };
    for (file, certificate) in given.iter().filter(|(_, certificate)| !is_used(certificate)) {
        report::warning(&format!(
            "{} in {} stands above neither CA: it is left out",
            certificate.subject(),
            file.shown()
        ));
    }
}
