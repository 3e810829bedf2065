//! A certificate authority, and what it issues.

pub(crate) mod parameters;

use std::fmt;

use rcgen::{CertificateParams, Issuer, PublicKeyData};
use time::{OffsetDateTime, UtcOffset};

use crate::certificate::{Certificate, CertificateError};
use crate::key::{KeyError, PrivateKey};
use crate::name::NameError;
use crate::request::{CertificateRequest, RequestError};
use crate::rules::Fault;
use crate::signer::{Certified, Signer};
use crate::spec::{AuthoritySpec, LeafSpec, SubjectError};

/// Why a certificate or a revocation list was not issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The subject cannot be encoded.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A subject alternative name or a permitted name is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A leaf without a usage would be accepted for none, or, by a lenient verifier, for all.
    #[error("the certificate has neither server nor client usage")]
    NoUsage,
    /// The validity is not positive, or an instant lies outside the years 1950 to 9999.
    #[error("the validity is not positive, or an instant lies outside the years 1950 to 9999")]
    Validity,
    /// The authority's own certificate has ended, or has not begun.
    #[error("the authority {0}")]
    Invalid(Fault),
    /// RFC 5280, 4.2.1.9: the authority may not have one under it, or not one with that path length.
    #[error("the authority has path length {path_length}, which does not allow the one to be issued")]
    PathLength {
        /// The authority's own.
        path_length: u32,
    },
    /// The issuer that was written is not byte for byte the authority's subject: no verifier would find the
    /// way up.
    #[error("the issuer in the certificate differs from the subject of the authority")]
    IssuerName,
    /// The authority's keyUsage lacks cRLSign (RFC 5280, 4.2.1.3).
    #[error("the authority may not sign revocation lists")]
    NoRevocationSigning,
    /// RFC 5280, 5.1.2.5: a revocation list names a later instant for the next one.
    #[error("the next update of the revocation list is not after this one")]
    NextUpdate,
    /// The key could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The request is not proven.
    #[error("the request: {0}")]
    Request(#[from] RequestError),
    /// What was written cannot be read back.
    #[error("the certificate cannot be read back: {0}")]
    Unreadable(#[from] CertificateError),
    /// The encoder failed for a reason that the checks before it do not cover.
    #[error("the certificate cannot be encoded: {0}")]
    Encoding(String),
}

/// An authority: its certificate and its key, ready to sign.
pub struct Authority {
    certificate: Certificate,
    key: PrivateKey,
    issuer: Issuer<'static, Signer>,
}

impl Authority {
    /// Makes a self-signed root.
    ///
    /// # Errors
    /// [`IssueError::Subject`], [`IssueError::Name`] and [`IssueError::Validity`] for a bad specification.
    pub fn generate(spec: &AuthoritySpec, now: OffsetDateTime) -> Result<Self, IssueError> {
        Self::with_key(spec, PrivateKey::generate(spec.key)?, now)
    }

    /// The same with a key that is there, so that the subject can tell it.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn with_key(spec: &AuthoritySpec, key: PrivateKey, now: OffsetDateTime) -> Result<Self, IssueError> {
        let parameters = parameters::authority(spec, now, None)?;
        let certificate = parameters.self_signed(&Signer(key.pair()?)).map_err(encoding)?;
        Self::assemble(Certificate::from_owned(certificate.into())?, key)
    }

    /// Issues an authority under this one.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), and [`IssueError::PathLength`], [`IssueError::Invalid`]
    /// where this authority does not allow it.
    pub fn issue_authority(&self, spec: &AuthoritySpec, now: OffsetDateTime) -> Result<Self, IssueError> {
        self.issue_authority_with_key(spec, PrivateKey::generate(spec.key)?, now)
    }

    /// The same with a key that is there, so that the subject can tell it.
    ///
    /// # Errors
    /// As [`issue_authority`](Self::issue_authority).
    pub fn issue_authority_with_key(
        &self,
        spec: &AuthoritySpec,
        key: PrivateKey,
        now: OffsetDateTime,
    ) -> Result<Self, IssueError> {
        if let Some(path_length) = self.certificate.path_length()
            && u32::from(spec.path_length) >= path_length
        {
            return Err(IssueError::PathLength { path_length });
        }
        let parameters = parameters::authority(spec, now, Some(&self.certificate))?;
        Self::assemble(self.sign(&parameters, &Certified(&key))?, key)
    }

    /// Issues a certificate, with a new key, for a TLS server or client.
    ///
    /// `notBefore` is five minutes before `now`, for clocks that are behind (etcd tolerates none), but no
    /// more than a tenth of the validity and not before the authority's own; `notAfter` is `now` and the
    /// validity, but not after the authority's own. The serial number is random. Key usage is
    /// digitalSignature only: TLS 1.3 and the forward-secret suites of 1.2 need no other.
    ///
    /// # Errors
    /// As [`IssueError`] says.
    pub fn issue(&self, spec: &LeafSpec, now: OffsetDateTime) -> Result<Issued, IssueError> {
        let parameters = parameters::leaf(spec, now, &self.certificate)?;
        let key = PrivateKey::generate(spec.key)?;
        let certificate = self.sign(&parameters, &Certified(&key))?;
        Ok(Issued { certificate, key })
    }

    /// Certifies the key of a request, which is elsewhere. What the certificate says comes from `spec`
    /// alone; of the request nothing but its key is taken, and only if it proves that it has it. `spec.key`
    /// does not matter.
    ///
    /// # Errors
    /// As [`issue`](Self::issue), and [`IssueError::Request`] for a request without proof of possession.
    pub fn issue_for(
        &self,
        spec: &LeafSpec,
        request: &CertificateRequest,
        now: OffsetDateTime,
    ) -> Result<Certificate, IssueError> {
        request.verify()?;
        let parameters = parameters::leaf(spec, now, &self.certificate)?;
        let certificate = self.sign(&parameters, request.public_key())?;
        // An algorithm identifier in a form that the encoder does not write would make it another key to
        // those who compare.
        if certificate.subject_public_key_info() != request.subject_public_key_info() {
            return Err(IssueError::Encoding("the public key cannot be written as it is".to_owned()));
        }
        Ok(certificate)
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The authority's key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// What rcgen signs with.
    pub(crate) fn issuer(&self) -> &Issuer<'static, Signer> {
        &self.issuer
    }

    /// Puts certificate and key together. The caller has made sure that they belong together.
    pub(crate) fn assemble(certificate: Certificate, key: PrivateKey) -> Result<Self, IssueError> {
        let signer = Signer(key.pair()?);
        let issuer = Issuer::from_ca_cert_der(certificate.tls_der(), signer).map_err(encoding)?;
        Ok(Self { certificate, key, issuer })
    }

    /// Certifies `key`, and makes sure that the result leads back to this authority.
    pub(crate) fn sign(
        &self,
        parameters: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<Certificate, IssueError> {
        let certificate = parameters.signed_by(key, &self.issuer).map_err(encoding)?;
        let certificate = Certificate::from_owned(certificate.into())?;
        if certificate.issuer_der() != self.certificate.subject_der() {
            return Err(IssueError::IssuerName);
        }
        Ok(certificate)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authority").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// A certificate with the key that was made for it.
#[derive(Debug)]
pub struct Issued {
    certificate: Certificate,
    key: PrivateKey,
}

impl Issued {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The two, apart.
    pub fn into_parts(self) -> (Certificate, PrivateKey) {
        (self.certificate, self.key)
    }

    /// The PEM of the certificate and of its issuer after it: leaf first, as a TLS peer sends them (RFC 8446,
    /// 4.4.2).
    pub fn chain_pem(&self, issuer: &Certificate) -> String {
        self.certificate.pem() + &issuer.pem()
    }
}

/// The encoder's errors that have a meaning for the caller were ruled out before; what is left is only
/// reported.
pub(crate) fn encoding(error: rcgen::Error) -> IssueError {
    IssueError::Encoding(error.to_string())
}

/// The instant in UTC. The encoder chooses between the two forms of a date by the year as it is written, and
/// panics at the turn from 2049 to 2050 if that is not the year in UTC.
pub(crate) fn utc(instant: OffsetDateTime) -> Result<OffsetDateTime, IssueError> {
    let instant = instant.checked_to_offset(UtcOffset::UTC);
    instant.filter(|instant| instant.year() >= 1950).ok_or(IssueError::Validity)
}
