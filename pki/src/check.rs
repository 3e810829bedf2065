//! Verification by rustls-webpki, another implementation than the one that issues, and by the rules of Go, which etcd goes by.

mod path;

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::go::Refusal;
use crate::instant::instant;
use crate::key::PrivateKey;
use crate::name::{SubjectAltName, SubjectAltNames};
use crate::spec::{Usage, Usages};

/// Why a certificate does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// One of the certificates has ended.
    #[error("{subject} expired at {}", instant(*not_after))]
    Expired {
        /// Which.
        subject: String,
        /// Its last instant.
        not_after: OffsetDateTime,
    },
    /// One of the certificates has not begun.
    #[error("{subject} is not valid before {}", instant(*not_before))]
    NotYetValid {
        /// Which.
        subject: String,
        /// Its first instant.
        not_before: OffsetDateTime,
    },
    /// No way leads from the certificate to the anchor.
    #[error("{subject} was issued by {issuer}, which is not trusted here")]
    UnknownIssuer {
        /// The certificate.
        subject: String,
        /// Its issuer, by name.
        issuer: String,
    },
    /// The names lead to the anchor, but a signature is not by the key of the issuer of that name.
    #[error("a signature between {subject} and its anchor is not by the issuer's key")]
    BadSignature {
        /// The certificate.
        subject: String,
    },
    /// A name is wanted that the certificate does not cover.
    #[error("{subject} does not cover {name}")]
    NameMissing {
        /// The certificate.
        subject: String,
        /// The name.
        name: SubjectAltName,
    },
    /// A usage is wanted that the certificate, or one above it, does not allow.
    #[error("{subject} may not be used for {usage}")]
    UsageMissing {
        /// The certificate.
        subject: String,
        /// The usage.
        usage: Usage,
    },
    /// The certificate allows a usage that its role must not have.
    #[error("{subject} may be used for {usage}, which it must not")]
    UsageExcess {
        /// The certificate.
        subject: String,
        /// The usage.
        usage: Usage,
    },
    /// A name lies outside the name constraints of an authority above (RFC 5280, 4.2.1.10).
    #[error("{subject} covers {names}, not all within the constraints of its authority")]
    OutsideConstraints {
        /// The certificate.
        subject: String,
        /// All its names.
        names: SubjectAltNames,
    },
    /// The certificate to be checked is an authority itself.
    #[error("{subject} is a certificate authority and must not be used as a leaf")]
    LeafIsAuthority {
        /// The certificate.
        subject: String,
    },
    /// The anchor, or what stands between, is no authority.
    #[error("{subject} is not a certificate authority")]
    NotAnAuthority {
        /// Which.
        subject: String,
    },
    /// More authorities in a row than one of them allows (RFC 5280, 4.2.1.9).
    #[error("more authorities stand above {subject} than their path length allows")]
    PathLength {
        /// The certificate.
        subject: String,
    },
    /// Something that Go refuses, and etcd with it.
    #[error("{0}")]
    RefusedByGo(Box<Refusal>),
    /// Something else that the verifier refuses.
    #[error("{subject} is refused: {reason}")]
    Refused {
        /// The certificate.
        subject: String,
        /// The verifier's own word for it.
        reason: String,
    },
}

/// Verifies that `leaf` chains to `anchor`, possibly through `intermediates`, at `now`; that it may be used for `usages`
/// and for nothing else; and that it covers every one of `names`.
///
/// Each certificate's signature is verified once, whatever the number of usages and names. The anchor's own signature
/// is not, but all else that Go looks at in an anchor is. A wildcard in `names` has to be in the certificate as such.
///
/// # Errors
/// The first thing that is wrong, as [`CheckError`] says.
pub fn verify(
    leaf: &Certificate,
    intermediates: &[&Certificate],
    anchor: &Certificate,
    usages: Usages,
    names: &SubjectAltNames,
    now: OffsetDateTime,
) -> Result<(), CheckError> {
    for certificate in std::iter::once(leaf).chain(intermediates.iter().copied()).chain([anchor]) {
        check_validity(certificate, now)?;
    }
    check_usages(leaf, usages)?;
    check_issuer(leaf, intermediates, anchor)?;
    path::verify(leaf, intermediates, anchor, usages, now)?;
    path::verify_names(leaf, names)
}

/// Whether the key is the one that the certificate certifies.
pub fn key_matches(certificate: &Certificate, key: &PrivateKey) -> bool {
    certificate.subject_public_key_info() == key.subject_public_key_info()
}

fn check_validity(certificate: &Certificate, now: OffsetDateTime) -> Result<(), CheckError> {
    let subject = || certificate.subject().to_owned();
    if now > certificate.not_after() {
        return Err(CheckError::Expired { subject: subject(), not_after: certificate.not_after() });
    }
    if now < certificate.not_before() {
        return Err(CheckError::NotYetValid { subject: subject(), not_before: certificate.not_before() });
    }
    Ok(())
}

fn check_usages(leaf: &Certificate, wanted: Usages) -> Result<(), CheckError> {
    for usage in Usages::BOTH.iter() {
        let subject = || leaf.subject().to_owned();
        match (wanted.contains(usage), leaf.usages().contains(usage)) {
            (true, false) => return Err(CheckError::UsageMissing { subject: subject(), usage }),
            (false, true) => return Err(CheckError::UsageExcess { subject: subject(), usage }),
            _ => {}
        }
    }
    Ok(())
}

/// Names are compared byte by byte, as Go and webpki do.
fn check_issuer(
    leaf: &Certificate,
    intermediates: &[&Certificate],
    anchor: &Certificate,
) -> Result<(), CheckError> {
    let mut above = intermediates.iter().copied().chain([anchor]);
    match above.find(|certificate| certificate.subject_der() == leaf.issuer_der()) {
        Some(issuer) if !issuer.is_authority() => {
            Err(CheckError::NotAnAuthority { subject: issuer.subject().to_owned() })
        }
        Some(_) => Ok(()),
        None => Err(CheckError::UnknownIssuer {
            subject: leaf.subject().to_owned(),
            issuer: leaf.issuer().to_owned(),
        }),
    }
}
