//! Whether a zone document is signed by a key that is trusted.

use time::OffsetDateTime;
use zone_pki::{Certificate, DetachedJws};

use super::document_refusal::DocumentRefusal;
use crate::config::ZoneDocument;

/// CAs whose keys are tried. There are two while one takes the place of another.
const KEYS_AT_MOST: usize = 8;

/// The CAs of which one has to have signed. Only these count, whatever the document names.
#[derive(Clone, Debug)]
pub struct DocumentSigners(Vec<Certificate>);

/// Why certificates cannot be those of signers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignersFault {
    /// None.
    #[error("it holds no certificate")]
    None,
    /// More than are tried.
    #[error("it holds {0} certificates, of which at most {KEYS_AT_MOST} are tried")]
    TooMany(usize),
    /// A certificate that may sign nothing in the name of the zone.
    #[error("the certificate of {0} in it is not that of a CA")]
    Leaf(String),
}

/// A document whose signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedZoneDocument {
    document: ZoneDocument,
    /// When it was signed.
    iat: OffsetDateTime,
    /// From when on it does not count any more.
    exp: OffsetDateTime,
    signer: Certificate,
}

impl DocumentSigners {
    /// The certificates of CAs that are trusted to sign.
    ///
    /// # Errors
    /// As [`SignersFault`] says.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, SignersFault> {
        match certificates.len() {
            0 => return Err(SignersFault::None),
            count if count > KEYS_AT_MOST => return Err(SignersFault::TooMany(count)),
            _ => {}
        }
        match certificates.iter().find(|certificate| !certificate.is_authority()) {
            Some(leaf) => Err(SignersFault::Leaf(leaf.subject().to_owned())),
            None => Ok(Self(certificates)),
        }
    }

    /// Verifies the signature of a document. The key that its header names is a hint that is not needed:
    /// every key is tried.
    ///
    /// # Errors
    /// [`DocumentRefusal::Unsigned`], [`DocumentRefusal::Signature`], [`DocumentRefusal::Header`],
    /// [`DocumentRefusal::OtherKey`].
    pub fn verify(&self, document: ZoneDocument) -> Result<SignedZoneDocument, DocumentRefusal> {
        let Some(sign) = &document.sign else { return Err(DocumentRefusal::Unsigned) };
        let signature = DetachedJws::parse(sign)?;
        let verifies = |signer: &&Certificate| {
            signature.verify(document.canonical(), signer.subject_public_key_info()).is_ok()
        };
        let Some(signer) = self.0.iter().find(verifies) else {
            return Err(DocumentRefusal::OtherKey { tried: self.0.len() });
        };
        let (iat, exp) = times(&signature)?;
        Ok(SignedZoneDocument { iat, exp, signer: signer.clone(), document })
    }
}

/// When it was signed, and from when on it does not count.
fn times(signature: &DetachedJws) -> Result<(OffsetDateTime, OffsetDateTime), DocumentRefusal> {
    let header = signature.header();
    if header.typ.as_deref() != Some(ZoneDocument::SIGNATURE_TYPE) {
        return Err(DocumentRefusal::Header { lacks: "\"typ\":\"zone+jws\"" });
    }
    let instant = |seconds: Option<i64>, lacks| {
        let seconds = seconds.filter(|seconds| *seconds >= 0);
        let instant = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        instant.ok_or(DocumentRefusal::Header { lacks })
    };
    let (iat, exp) = (instant(header.iat, "a time in `iat`")?, instant(header.exp, "a time in `exp`")?);
    if exp <= iat {
        return Err(DocumentRefusal::Header { lacks: "a time in `exp` that is after `iat`" });
    }
    Ok((iat, exp))
}

impl SignedZoneDocument {
    /// What was signed.
    pub fn document(&self) -> &ZoneDocument {
        &self.document
    }

    /// When it was signed, which tells it from those before.
    pub fn iat(&self) -> OffsetDateTime {
        self.iat
    }

    /// From when on it does not count any more.
    pub fn exp(&self) -> OffsetDateTime {
        self.exp
    }

    /// The CA that has signed it.
    pub fn signer(&self) -> &Certificate {
        &self.signer
    }
}

/// The document that a node has accepted last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastDocument {
    document: ZoneDocument,
    iat: OffsetDateTime,
}

impl LastDocument {
    /// One that a node has kept. Its signature was verified when it was accepted, maybe with a CA that is not
    /// trusted any more.
    ///
    /// # Errors
    /// Its signature has not the form of one.
    pub fn kept(document: ZoneDocument) -> Result<Self, DocumentRefusal> {
        let Some(sign) = &document.sign else { return Err(DocumentRefusal::Unsigned) };
        let (iat, _) = times(&DetachedJws::parse(sign)?)?;
        Ok(Self { document, iat })
    }

    /// What it says.
    pub fn document(&self) -> &ZoneDocument {
        &self.document
    }

    /// When it was signed.
    pub fn iat(&self) -> OffsetDateTime {
        self.iat
    }
}

impl From<&SignedZoneDocument> for LastDocument {
    fn from(signed: &SignedZoneDocument) -> Self {
        Self { document: signed.document.clone(), iat: signed.iat }
    }
}
