//! Verification by rustls-webpki, another implementation than the one that issues, and by the rules of Go,
//! which etcd goes by.

mod path;

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::go::Refusal;
use crate::key::PrivateKey;
use crate::name::{SubjectAltName, SubjectAltNames};
use crate::rules::{Fault, Rule};
use crate::spec::Usages;

/// Why a certificate does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// One of the certificates breaks a rule that it is judged by alone.
    #[error("{subject} {fault}")]
    Unfit {
        /// Which.
        subject: String,
        /// How.
        fault: Fault,
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

/// Verifies that `leaf` chains to `anchor`, possibly through `intermediates`, at `now`; that it may be used
/// for `usages` and for nothing else; and that it covers every one of `names`.
///
/// Each certificate's signature is verified once, whatever the number of usages and names. The anchor's own
/// signature is not, but all else that Go looks at in an anchor is. A wildcard in `names` has to be in the
/// certificate as such.
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
        abide(certificate, &[Rule::Valid(now)])?;
    }
    abide(leaf, &[Rule::Allows(usages), Rule::AllowsOnly(usages)])?;
    check_issuer(leaf, intermediates, anchor)?;
    path::verify(leaf, intermediates, anchor, usages, now)?;
    path::verify_names(leaf, names)
}

/// Whether the key is the one that the certificate certifies.
pub fn key_matches(certificate: &Certificate, key: &PrivateKey) -> bool {
    certificate.subject_public_key_info() == key.subject_public_key_info()
}

/// Whether a certificate breaks none of these rules.
fn abide(certificate: &Certificate, rules: &[Rule]) -> Result<(), CheckError> {
    let unfit = |fault| Err(CheckError::Unfit { subject: certificate.subject().to_owned(), fault });
    certificate.fault(rules).map_or(Ok(()), unfit)
}

/// Names are compared byte by byte, as Go and webpki do.
fn check_issuer(
    leaf: &Certificate,
    intermediates: &[&Certificate],
    anchor: &Certificate,
) -> Result<(), CheckError> {
    let mut above = intermediates.iter().copied().chain([anchor]);
    match above.find(|certificate| certificate.subject_der() == leaf.issuer_der()) {
        Some(issuer) => abide(issuer, &[Rule::Authority]),
        None => Err(CheckError::UnknownIssuer {
            subject: leaf.subject().to_owned(),
            issuer: leaf.issuer().to_owned(),
        }),
    }
}
