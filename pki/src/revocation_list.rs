//! A revocation list that is there (RFC 5280, section 5), read as etcd reads it and verified as etcd does not.

use std::collections::BTreeSet;
use std::time::Duration;

use rustls_pki_types::UnixTime;
use time::OffsetDateTime;
use webpki::{
    ALL_VERIFICATION_ALGS, BorrowedCertRevocationList, CertRevocationList, EndEntityCert, Error, KeyUsage,
    RevocationCheckDepth, RevocationOptionsBuilder, anchor_from_trusted_cert,
};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::{CertificateRevocationList, RevokedCertificate};

use crate::certificate::Certificate;
use crate::der::whole_sequence;
use crate::revocation::{RevocationReason, Revoked};
use crate::spec::Usage;

/// A revocation list in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    der: Vec<u8>,
    issuer_der: Vec<u8>,
    next_update: Option<OffsetDateTime>,
    number: Option<u64>,
    serials: BTreeSet<Vec<u8>>,
    revoked: Vec<Revoked>,
}

/// Why a revocation list is none to rely on.
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
    #[error("it is not of {authority}")]
    OtherIssuer {
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
            issuer_der: list.issuer().as_raw().to_vec(),
            next_update: list.next_update().map(|instant| instant.to_datetime()),
            number: list.crl_number().and_then(|number| number.try_into().ok()),
            serials: revoked.iter().map(|entry| entry.serial.clone()).collect(),
            revoked,
            der: der.to_vec(),
        })
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

    /// Whether it lists this serial number. etcd compares nothing else (`checkCRL` in `client/pkg/transport/listener_tls.go`),
    /// so a list of another authority counts as well.
    pub fn lists(&self, certificate: &Certificate) -> bool {
        self.lists_serial(certificate.serial())
    }

    /// As [`lists`](Self::lists), for the serial number alone, big endian.
    pub fn lists_serial(&self, serial: &[u8]) -> bool {
        self.serials.contains(without_sign(serial))
    }

    /// Whether it says that `authority` issued it. Its signature is not looked at.
    pub fn names_issuer(&self, authority: &Certificate) -> bool {
        self.issuer_der == authority.subject_der()
    }

    /// Verifies that `authority` signed it. `leaf` is any certificate that the authority issued, whose validity does not matter:
    /// webpki verifies a list only on the way from one.
    ///
    /// # Errors
    /// [`RevocationListError::OtherIssuer`], [`RevocationListError::BadSignature`].
    pub fn verify(&self, authority: &Certificate, leaf: &Certificate) -> Result<(), RevocationListError> {
        let name = || authority.subject().to_owned();
        if !self.names_issuer(authority) {
            return Err(RevocationListError::OtherIssuer { authority: name() });
        }
        match self.walk(authority, leaf) {
            Err(
                Error::InvalidCrlSignatureForPublicKey
                | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_),
            ) => Err(RevocationListError::BadSignature { authority: name() }),
            Err(Error::UnknownRevocationStatus) => {
                Err(RevocationListError::OtherIssuer { authority: name() })
            }
            // That a certificate is listed, or is not the authority's, is not the list's fault.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn walk(&self, authority: &Certificate, leaf: &Certificate) -> Result<(), Error> {
        let list: CertRevocationList<'_> = BorrowedCertRevocationList::from_der(&self.der)?.into();
        let lists = [&list];
        let Ok(builder) = RevocationOptionsBuilder::new(&lists) else { return Ok(()) };
        let options = builder.with_depth(RevocationCheckDepth::EndEntity).build();
        let end_entity = EndEntityCert::try_from(leaf.tls_der())?;
        let anchors = [anchor_from_trusted_cert(authority.tls_der())?];
        let begins = leaf.not_before().max(authority.not_before()).unix_timestamp();
        let instant = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(begins).unwrap_or(0)));
        let usage = if leaf.usages().contains(Usage::Client) {
            KeyUsage::client_auth()
        } else {
            KeyUsage::server_auth()
        };
        end_entity
            .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, &[], instant, usage, Some(options), None)
            .map(|_| ())
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
