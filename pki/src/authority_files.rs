//! An authority from files that someone else may have written.

use rcgen::CertificateParams;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::{Oid, Tag};
use x509_parser::prelude::FromDer;
use x509_parser::x509::AttributeTypeAndValue;

use crate::authority::{Authority, IssueError};
use crate::certificate::{Certificate, CertificateError};
use crate::check::key_matches;
use crate::key::{KeyError, PrivateKey};
use crate::rules::{Fault, Rule};
use crate::signer::Certified;

/// Why an authority cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The certificate is missing, damaged, or something else.
    #[error("the certificate of the authority: {0}")]
    Certificate(#[source] CertificateError),
    /// The key is missing, damaged, encrypted, or something else.
    #[error("the key of the authority: {0}")]
    Key(#[source] KeyError),
    /// Both are sound, but do not belong together.
    #[error("the key is not the key of the certificate")]
    KeyMismatch,
    /// It breaks a rule that every authority is judged by.
    #[error("the certificate {0}")]
    Unfit(Fault),
    /// An attribute occurs more than once in its subject (`DC=com, DC=example`), or several share one part of
    /// it. The encoder keeps only the last, so that nothing it issues would lead back to the authority.
    #[error(
        "the subject {subject:?} of the authority repeats an attribute: what it issues could not be verified"
    )]
    RepeatedAttribute {
        /// Its subject.
        subject: String,
    },
    /// Its subject is encoded in a way that comes out differently when written as an issuer.
    #[error(
        "the subject {subject:?} of the authority cannot be written again as it is: what it issues could not \
         be verified"
    )]
    SubjectEncoding {
        /// Its subject.
        subject: String,
    },
}

impl Authority {
    /// Takes a certificate authority that exists: the first certificate in `certificate_pem`, and its key.
    ///
    /// An authority without the keyUsage extension is taken: `openssl req -x509` writes none.
    ///
    /// # Errors
    /// As [`LoadError`] says, one variant for each thing that can be wrong.
    pub fn load(certificate_pem: &[u8], key_pem: &[u8], now: OffsetDateTime) -> Result<Self, LoadError> {
        let certificate = Certificate::from_pem(certificate_pem).map_err(LoadError::Certificate)?;
        // Before the key is read: it has the same weakness, and "too short" says more than "not supported".
        abide(&certificate, &[Rule::Strong])?;
        let key = PrivateKey::from_pem(key_pem).map_err(LoadError::Key)?;
        if !key_matches(&certificate, &key) {
            return Err(LoadError::KeyMismatch);
        }
        abide(&certificate, &[Rule::Authority, Rule::Valid(now)])?;
        check_subject(&certificate)?;
        assemble(certificate, key)
    }
}

fn abide(certificate: &Certificate, rules: &[Rule]) -> Result<(), LoadError> {
    certificate.fault(rules).map_or(Ok(()), |fault| Err(LoadError::Unfit(fault)))
}

/// rcgen holds a subject as a map from attribute to value. Whatever does not survive that is refused here.
fn check_subject(certificate: &Certificate) -> Result<(), LoadError> {
    let subject = certificate.subject().to_owned();
    let Ok((_, parsed)) = X509Certificate::from_der(certificate.der()) else {
        return Err(LoadError::SubjectEncoding { subject });
    };
    let mut seen: Vec<&Oid<'_>> = Vec::new();
    for part in parsed.subject().iter_rdn() {
        let attributes: Vec<&AttributeTypeAndValue<'_>> = part.iter().collect();
        match attributes.as_slice() {
            [attribute] if !can_be_written(attribute) => return Err(LoadError::SubjectEncoding { subject }),
            [attribute] if !seen.contains(&attribute.attr_type()) => seen.push(attribute.attr_type()),
            // A part without an attribute makes rcgen panic.
            [] => return Err(LoadError::SubjectEncoding { subject }),
            _ => return Err(LoadError::RepeatedAttribute { subject }),
        }
    }
    if seen.is_empty() {
        return Err(LoadError::SubjectEncoding { subject });
    }
    Ok(())
}

/// Whether the encoder can write this attribute; it panics where it cannot.
///
/// Of an identifier it takes the first byte for the first two numbers, of which the first is at most 2
/// (X.690, 8.19.4), and the last number has to have an end. Of the characters of a PrintableString (X.680,
/// 41.4) it lacks the question mark.
fn can_be_written(attribute: &AttributeTypeAndValue<'_>) -> bool {
    let kind = attribute.attr_type().as_bytes();
    let value = attribute.attr_value();
    matches!(kind, [0..120, ..])
        && kind.last().is_some_and(|last| *last < 0x80)
        && !(value.tag() == Tag::PrintableString && value.data.contains(&b'?'))
}

/// Puts the two together, and issues one certificate for no holder: the only sure way to see what the subject
/// becomes when it is written as an issuer.
fn assemble(certificate: Certificate, key: PrivateKey) -> Result<Authority, LoadError> {
    let subject = certificate.subject().to_owned();
    let as_load_error = |error| match error {
        IssueError::Key(error) => LoadError::Key(error),
        _ => LoadError::SubjectEncoding { subject: subject.clone() },
    };
    let authority = Authority::assemble(certificate, key).map_err(as_load_error)?;
    authority.sign(&probe(), &Certified(authority.key())).map_err(as_load_error)?;
    Ok(authority)
}

fn probe() -> CertificateParams {
    let mut probe = CertificateParams::default();
    probe.serial_number = Some(1.into());
    probe
}
