//! The record of what was issued, and of what was revoked of it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::hex;
use crate::record_log::RecordLog;
use crate::revocation::RevocationReason;

/// The log in `issued.jsonl`.
pub type IssuanceLog = RecordLog<LogEntry>;

/// What is recorded of a certificate. It is recorded again when it is revoked, with
/// [`revoked`](Self::revoked).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The serial number, lower-case hexadecimal.
    pub serial: String,
    /// The role it was issued for.
    pub role: String,
    /// The owner: a node's name, a client's name, or the zone's.
    pub node: String,
    /// The subject, as [`Certificate::subject`].
    pub subject: String,
    /// The subject alternative names.
    pub names: Vec<String>,
    /// First instant of validity, RFC 3339.
    #[serde(with = "time::serde::rfc3339")]
    pub not_before: OffsetDateTime,
    /// Last instant of validity, RFC 3339.
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    /// SHA-256 of the `SubjectPublicKeyInfo`, lower-case hexadecimal.
    pub key_sha256: String,
    /// The issuer, as [`Certificate::issuer`].
    pub issuer: String,
    /// When it was issued, RFC 3339.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// That its holder was revoked before, and an operator has said that it is trusted again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reinstated: bool,
    /// That it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<RevocationMark>,
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationMark {
    /// When, RFC 3339.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Why.
    pub reason: RevocationReason,
}

impl LogEntry {
    /// The entry for a certificate, given what it does not say itself.
    pub fn of(certificate: &Certificate, role: &str, node: &str, issued_at: OffsetDateTime) -> Self {
        Self {
            serial: certificate.serial_hex(),
            role: role.to_owned(),
            node: node.to_owned(),
            subject: certificate.subject().to_owned(),
            names: certificate.names().iter().map(ToString::to_string).collect(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            key_sha256: hex::encode(&certificate.subject_public_key_sha256()),
            issuer: certificate.issuer().to_owned(),
            issued_at,
            reinstated: false,
            revoked: None,
        }
    }
}
