//! Revocation lists (RFC 5280, section 5).

use std::fmt;
use std::str::FromStr;

use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::authority::{Authority, IssueError, encoding, utc};

/// Why a certificate is no longer good (RFC 5280, 5.3.1). `removeFromCRL` is for delta lists, which are not
/// made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RevocationReason {
    /// No reason is given; the list then carries none.
    #[default]
    Unspecified,
    /// Someone else has the key, or may have it.
    KeyCompromise,
    /// Someone else has the authority's key, or may have it.
    #[serde(rename = "cACompromise")]
    CaCompromise,
    /// A name in it no longer fits.
    AffiliationChanged,
    /// There is a newer one.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// For the time being.
    CertificateHold,
    /// What it allowed is no longer allowed.
    PrivilegeWithdrawn,
}

impl RevocationReason {
    /// Every reason, as RFC 5280 numbers and writes them.
    pub const ALL: [(u8, &'static str, Self); 8] = [
        (0, "unspecified", Self::Unspecified),
        (1, "keyCompromise", Self::KeyCompromise),
        (2, "cACompromise", Self::CaCompromise),
        (3, "affiliationChanged", Self::AffiliationChanged),
        (4, "superseded", Self::Superseded),
        (5, "cessationOfOperation", Self::CessationOfOperation),
        (6, "certificateHold", Self::CertificateHold),
        (9, "privilegeWithdrawn", Self::PrivilegeWithdrawn),
    ];

    /// The reason with this code; unspecified for one that is not known.
    pub(crate) fn from_code(code: u8) -> Self {
        Self::ALL.iter().find(|(known, ..)| *known == code).map_or(Self::Unspecified, |(.., reason)| *reason)
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(.., reason)| reason == self).map(|(_, name, _)| *name);
        formatter.pad(name.unwrap_or_default())
    }
}

/// What is no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}", RevocationReason::ALL.map(|(_, name, _)| name).join(", "))]
pub struct UnknownReason;

impl FromStr for RevocationReason {
    type Err = UnknownReason;

    /// Reads the name that RFC 5280 gives it, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(text));
        named.map(|(.., reason)| *reason).ok_or(UnknownReason)
    }
}

/// An entry of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The serial number, big endian, as [`Certificate::serial`](crate::Certificate::serial) gives it.
    pub serial: Vec<u8>,
    /// When it was revoked.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: RevocationReason,
}

impl Authority {
    /// Signs a revocation list, version 2, in DER: the only form that etcd 3.6 and later reads.
    ///
    /// `number` becomes cRLNumber and has to grow from one list to the next (RFC 5280, 5.2.3). The authority
    /// key identifier is the one of the authority's certificate.
    ///
    /// # Errors
    /// [`IssueError::NextUpdate`] unless `next_update` is after `now`; [`IssueError::NoRevocationSigning`] if
    /// the authority may not sign lists; [`IssueError::Encoding`] for an empty serial number;
    /// [`IssueError::Validity`] for an instant before 1950.
    pub fn revocation_list(
        &self,
        revoked: &[Revoked],
        number: u64,
        now: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, IssueError> {
        if revoked.iter().any(|entry| entry.serial.is_empty()) {
            return Err(IssueError::Encoding("an empty serial number".to_owned()));
        }
        let parameters = CertificateRevocationListParams {
            this_update: utc(now)?,
            next_update: utc(next_update)?,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect::<Result<_, _>>()?,
            // The list's own method decides, not the issuer's: without this it would be a hash of the key,
            // which is not what an authority from elsewhere has in its certificate.
            key_identifier_method: match self.certificate().subject_key_identifier() {
                Some(identifier) => KeyIdMethod::PreSpecified(identifier.to_vec()),
                None => KeyIdMethod::Sha256,
            },
        };
        match parameters.signed_by(self.issuer()) {
            Ok(list) => Ok(list.der().to_vec()),
            Err(rcgen::Error::InvalidCrlNextUpdate) => Err(IssueError::NextUpdate),
            Err(rcgen::Error::IssuerNotCrlSigner) => Err(IssueError::NoRevocationSigning),
            Err(error) => Err(encoding(error)),
        }
    }
}

fn entry(revoked: &Revoked) -> Result<RevokedCertParams, IssueError> {
    Ok(RevokedCertParams {
        serial_number: SerialNumber::from_slice(&revoked.serial),
        revocation_time: utc(revoked.at)?,
        reason_code: reason(revoked.reason),
        invalidity_date: None,
    })
}

fn reason(reason: RevocationReason) -> Option<rcgen::RevocationReason> {
    match reason {
        RevocationReason::Unspecified => None,
        RevocationReason::KeyCompromise => Some(rcgen::RevocationReason::KeyCompromise),
        RevocationReason::CaCompromise => Some(rcgen::RevocationReason::CaCompromise),
        RevocationReason::AffiliationChanged => Some(rcgen::RevocationReason::AffiliationChanged),
        RevocationReason::Superseded => Some(rcgen::RevocationReason::Superseded),
        RevocationReason::CessationOfOperation => Some(rcgen::RevocationReason::CessationOfOperation),
        RevocationReason::CertificateHold => Some(rcgen::RevocationReason::CertificateHold),
        RevocationReason::PrivilegeWithdrawn => Some(rcgen::RevocationReason::PrivilegeWithdrawn),
    }
}
