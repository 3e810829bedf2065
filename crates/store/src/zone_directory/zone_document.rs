//! The zone document: signed by the signer of bundles, and kept, since the next one has to be later.

use std::io;

use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, DetachedJws, KeyError, ShowPath, instant, regular_file};

use crate::zone_directory::{
    Authorities, ZoneDirectory, ZoneLock, document_signer, document_signer_certificates,
};
use host::{Durability, write_json};
use model::config::{ServicePlace, ZoneDocument, ZoneDocumentFault};
use model::error::{Exit, Failure, Result};
use model::formats::WrittenZoneDocument;
use model::plan::{
    DOCUMENT_AHEAD_AT_MOST, DocumentRefusal, DocumentSigners, SignedZoneDocument, SignersFault,
};

/// A document that may be handed out: it is on disk.
#[derive(Debug)]
pub struct ZoneDocumentSigned {
    /// The text of the file.
    pub text: Vec<u8>,
    /// What was verified of it.
    pub signed: SignedZoneDocument,
}

/// Signs the document of the zone as `zone.toml` has it. It is later than the last one, and it is on disk
/// before it is returned: no two documents that are handed out have one time.
///
/// # Errors
/// The key cannot be used, the clock is behind the last document, or it cannot be kept.
pub fn sign_zone_document(
    zone: &ZoneDirectory,
    held: &ZoneLock,
    (services, valid): (&[ServicePlace], Duration),
    now: OffsetDateTime,
) -> Result<ZoneDocumentSigned> {
    zone.refuse_unless_issued()?;
    let authorities = held.authorities(now)?;
    let signer = document_signer(zone, &authorities, now)?;
    let iat = time_after_last(zone, now)?;
    let exp = iat.checked_add(valid).filter(|exp| exp.year() < 9999).ok_or_else(|| {
        Failure::new(Exit::Usage, "a document cannot be valid for that long").next("sign it for some days")
    })?;
    let made = |error: &serde_json::Error| Failure::internal("cannot make JSON").because(error);
    let mut written = WrittenZoneDocument::of(&zone.config, services);
    let unsigned = written.encode().map_err(|error| made(&error))?;
    let (document, _) = ZoneDocument::parse(&unsigned).map_err(|fault| not_readable(zone, fault))?;
    let times = (iat.unix_timestamp(), exp.unix_timestamp());
    let jws = DetachedJws::sign(&signer.authority, ZoneDocument::SIGNATURE_TYPE, times, document.canonical());
    let jws = jws.map_err(|error| not_signed(signer.authority.certificate(), &error))?;
    written.sign = Some(jws.to_string());
    let text = written.encode().map_err(|error| made(&error))?;
    // As a node would: what is handed out is read and verified once.
    let (document, _) = ZoneDocument::parse(&text).map_err(|fault| not_readable(zone, fault))?;
    let signers = DocumentSigners::new(vec![signer.authority.certificate().clone()])
        .map_err(|_| Failure::internal("the signer is not a CA"))?;
    let signed = signers.verify(document).map_err(|refusal| refusal.failure("that was made"))?;
    let path = zone.paths.zone_document();
    write_json(&path, &written, Durability::Synced).map_err(|error| Failure::write(&path, &error))?;
    Ok(ZoneDocumentSigned { text, signed })
}

/// The CAs of the zone that may have signed its document: the signer of bundles, and the one that takes its
/// place or did.
///
/// # Errors
/// The CAs cannot be read.
pub fn zone_document_signers(zone: &ZoneDirectory, now: OffsetDateTime) -> Result<DocumentSigners> {
    zone.refuse_unless_issued()?;
    let authorities = Authorities::load_before_their_time(&zone.paths, now)?;
    let certificates = document_signer_certificates(zone, &authorities)?;
    DocumentSigners::new(certificates).map_err(|fault| signers_failure(&zone.paths.authorities(), &fault))
}

/// Certificates from this file cannot be those of signers.
pub fn signers_failure(path: &std::path::Path, fault: &SignersFault) -> Failure {
    Failure::bad_input(format!("{} names no CA that could sign a zone document", path.shown()))
        .because(fault)
        .next("name the certificate of the zone's CA, such as ca/root.crt of the zone directory")
}

/// `max(now, last + 1)`, in whole seconds. A last one that is far ahead was signed by a clock that was.
fn time_after_last(zone: &ZoneDirectory, now: OffsetDateTime) -> Result<OffsetDateTime> {
    let now = zone_pki::whole_seconds(now);
    let Some(last) = last_signed(zone)? else { return Ok(now) };
    if last < now + DOCUMENT_AHEAD_AT_MOST {
        return Ok(now.max(last + Duration::SECOND));
    }
    if zone.clock_is_said_right() {
        return Ok(now);
    }
    Err(Failure::new(Exit::TryAgain, "this machine's clock is behind the last zone document")
        .because(format!("this machine's clock says {}", instant(now)))
        .because(format!("{} was signed at {}", zone.paths.zone_document().shown(), instant(last)))
        .next(
            "set the clock (timedatectl set-ntp true, or chronyc makestep) and run the command again; only \
             if the clock is right and the record is not: run it with --clock-is-right",
        ))
}

/// When the last document was signed; none if there is none. Nothing of it but that is read: it may be of an
/// older `zone.toml`.
fn last_signed(zone: &ZoneDirectory) -> Result<Option<OffsetDateTime>> {
    #[derive(Deserialize)]
    struct Signed {
        sign: String,
    }
    let path = zone.paths.zone_document();
    let text = match regular_file::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, &error)),
    };
    let damaged = |why: String| {
        Failure::bad_input(format!("{} is not the document that was signed last", path.shown()))
            .because(why)
            .next("put the file back from your copy of the zone directory, or the last document in its place")
    };
    let Signed { sign } = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    let jws = DetachedJws::parse(&sign).map_err(|error| damaged(error.to_string()))?;
    let iat = jws.header().iat.and_then(|iat| OffsetDateTime::from_unix_timestamp(iat).ok());
    iat.map(Some).ok_or_else(|| damaged("its signature has no time".to_owned()))
}

fn not_readable(zone: &ZoneDirectory, fault: ZoneDocumentFault) -> Failure {
    DocumentRefusal::from(fault)
        .failure(&format!("of {}", zone.config.name))
        .exit(Exit::Configuration)
        .next("correct zone.toml: a zone document has at most 64 KiB, and what node.json may have")
}

fn not_signed(ca: &Certificate, error: &KeyError) -> Failure {
    Failure::new(Exit::Configuration, format!("the key of {} cannot sign a zone document", ca.subject()))
        .because(error)
        .next("use a CA with a key of P-256, P-384, Ed25519 or RSA")
}
