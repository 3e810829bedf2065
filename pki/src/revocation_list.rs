//! A revocation list that is there (RFC 5280, section 5), read as etcd reads it and verified as etcd does
//! not.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use webpki::EndEntityCert;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::{CertificateRevocationList, RevokedCertificate};

use crate::certificate::Certificate;
use crate::certificate::parser::for_people;
use crate::der::whole_sequence;
use crate::revocation::{RevocationReason, Revoked};
use crate::signature_cache::algorithms;

/// A revocation list in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    der: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
    issuer: String,
    issuer_der: Vec<u8>,
    next_update: Option<OffsetDateTime>,
    number: Option<u64>,
    serials: BTreeSet<Vec<u8>>,
    revoked: Vec<Revoked>,
}

/// Why a revocation list is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevocationListError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is PEM. etcd 3.6 and later read DER alone.
    #[error("it is PEM, and etcd reads DER alone")]
    Pem,
    /// It is not a revocation list in DER.
    #[error("it is not a revocation list in DER: {0}")]
    Damaged(String),
    /// Another authority issued it.
    #[error("it is not of {authority}, but of {issuer}")]
    OtherIssuer {
        /// The authority whose list it is, as it says.
        issuer: String,
        /// The authority whose list it should be.
        authority: String,
    },
    /// Its signature is not by the authority's key.
    #[error("its signature is not by the key of {authority}")]
    BadSignature {
        /// The authority whose list it should be.
        authority: String,
    },
}

impl RevocationList {
    /// Reads a list, from the first byte to the last.
    ///
    /// # Errors
    /// [`RevocationListError::Empty`], [`RevocationListError::Pem`], [`RevocationListError::Damaged`].
    pub fn from_der(der: &[u8]) -> Result<Self, RevocationListError> {
        if der.is_empty() {
            return Err(RevocationListError::Empty);
        }
        if der.starts_with(b"-----BEGIN") {
            return Err(RevocationListError::Pem);
        }
        let (rest, list) = CertificateRevocationList::from_der(der)
            .map_err(|error| RevocationListError::Damaged(error.to_string()))?;
        if !rest.is_empty() {
            return Err(RevocationListError::Damaged(format!("{} bytes follow it", rest.len())));
        }
        // The parser does not look at the class of the tag; etcd does.
        if whole_sequence(der).is_none() {
            return Err(RevocationListError::Damaged("it is not a sequence".to_owned()));
        }
        let revoked: Vec<Revoked> = list.iter_revoked_certificates().map(revoked).collect();
        Ok(Self {
            signed: list.tbs_cert_list.as_ref().to_vec(),
            signature: list.signature_value.data.to_vec(),
            issuer: for_people(list.issuer()),
            issuer_der: list.issuer().as_raw().to_vec(),
            next_update: list.next_update().map(|instant| instant.to_datetime()),
            number: list.crl_number().and_then(|number| number.try_into().ok()),
            serials: revoked.iter().map(|entry| entry.serial.clone()).collect(),
            revoked,
            der: der.to_vec(),
        })
    }

    /// Its bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// When the next list was to come, if it says so. etcd does not look at it.
    pub fn next_update(&self) -> Option<OffsetDateTime> {
        self.next_update
    }

    /// Its number, which grows from one list to the next (RFC 5280, 5.2.3); none if it has none that fits.
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// What it lists, in its order.
    pub fn entries(&self) -> &[Revoked] {
        &self.revoked
    }

    /// How many certificates it lists.
    pub fn len(&self) -> usize {
        self.serials.len()
    }

    /// Whether it lists none.
    pub fn is_empty(&self) -> bool {
        self.serials.is_empty()
    }

    /// Whether it lists this serial number. etcd compares nothing else (`checkCRL` in
    /// `client/pkg/transport/listener_tls.go`), so a list of another authority counts as well.
    pub fn lists(&self, certificate: &Certificate) -> bool {
        self.lists_serial(certificate.serial())
    }

    /// As [`lists`](Self::lists), for the serial number alone, big endian.
    pub fn lists_serial(&self, serial: &[u8]) -> bool {
        self.serials.contains(without_sign(serial))
    }

    /// What another one lists and this one does not.
    pub fn missing_of<'o>(&self, other: &'o Self) -> impl Iterator<Item = &'o Revoked> {
        other.revoked.iter().filter(|entry| !self.lists_serial(&entry.serial))
    }

    /// Whether it says that `authority` issued it. Its signature is not looked at.
    pub fn names_issuer(&self, authority: &Certificate) -> bool {
        self.issuer_der == authority.subject_der()
    }

    /// Verifies that one of `authorities` issued it: those that a plane trusts, which are two while one takes
    /// the place of the other.
    ///
    /// # Errors
    /// [`RevocationListError::OtherIssuer`], [`RevocationListError::BadSignature`].
    pub fn verify<'a>(
        &self,
        authorities: impl IntoIterator<Item = &'a Certificate>,
    ) -> Result<(), RevocationListError> {
        let mut subjects = Vec::new();
        let mut is_named = false;
        for authority in authorities {
            if self.names_issuer(authority) {
                if self.is_signed_by(authority) {
                    return Ok(());
                }
                is_named = true;
            }
            subjects.push(authority.subject());
        }
        let authority = subjects.join(" or ");
        Err(match is_named {
            true => RevocationListError::BadSignature { authority: self.issuer.clone() },
            false => RevocationListError::OtherIssuer { issuer: self.issuer.clone(), authority },
        })
    }

    /// Each algorithm takes keys of its own kind only.
    fn is_signed_by(&self, authority: &Certificate) -> bool {
        EndEntityCert::try_from(authority.tls_der()).is_ok_and(|certificate| {
            let verifies =
                |algorithm| certificate.verify_signature(algorithm, &self.signed, &self.signature).is_ok();
            algorithms().iter().any(|algorithm| verifies(*algorithm))
        })
    }
}

fn revoked(entry: &RevokedCertificate<'_>) -> Revoked {
    let reason = entry.reason_code().map(|(_, code)| code).unwrap_or_default();
    Revoked {
        serial: without_sign(entry.raw_serial()).to_vec(),
        at: entry.revocation_date.to_datetime(),
        reason: RevocationReason::from_code(reason.0),
    }
}

/// A serial number without the zero bytes that DER may put first, as Go's `big.Int.Bytes` has it.
fn without_sign(serial: &[u8]) -> &[u8] {
    let start = serial.iter().position(|byte| *byte != 0).unwrap_or(serial.len());
    &serial[start..]
}
