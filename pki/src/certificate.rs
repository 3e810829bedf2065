//! A certificate (RFC 5280): its bytes, and the facts that are read out of them once.

pub(crate) mod parser;

use std::fmt;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::SectionKind;
use time::OffsetDateTime;

use crate::constraints::NameConstraints;
use crate::go;
use crate::hex;
use crate::key::sha256;
use crate::name::SubjectAltNames;
use crate::pem;
use crate::spec::Usages;

/// Why there is no certificate to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No bytes, or nothing but white space.
    #[error("it is empty")]
    Empty,
    /// Bytes, but no PEM block begins in them.
    #[error("it holds no PEM block")]
    NoPem,
    /// A private key stands where the certificate should be; most often the two paths are swapped.
    #[error("it holds a private key where a certificate should be")]
    PrivateKey,
    /// Another PEM block. etcd refuses a trust file with one in it.
    #[error("it holds a {label:?} block where only certificates may be")]
    OtherBlock {
        /// The label of the block.
        label: String,
    },
    /// The encoding is cut short or inconsistent.
    #[error("the certificate is truncated or damaged: {reason}")]
    Damaged {
        /// What the parser says.
        reason: String,
    },
    /// Others read it, and Go does not: etcd would not start with it, or refuse the peer that presents it.
    #[error("the certificate {rule}")]
    NotForGo {
        /// What Go refuses.
        rule: go::Rule,
    },
}

/// A distinguished name in DER, such as TLS names the authorities by that a server trusts, written as a
/// [`subject`](Certificate::subject). None if it is not one.
pub fn name_for_people(der: &[u8]) -> Option<String> {
    parser::name_for_people(der)
}

/// A certificate, read and sound in form. Whether to trust it is another matter: see [`crate::check`].
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    facts: parser::Facts,
}

impl Certificate {
    /// Reads one certificate in DER, from the first byte to the last.
    ///
    /// # Errors
    /// [`CertificateError::Damaged`], also for an extension that occurs twice or cannot be read;
    /// [`CertificateError::NotForGo`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        Self::from_owned(der.to_vec().into())
    }

    /// As [`from_der`](Self::from_der), for bytes that are given away.
    pub(crate) fn from_owned(der: CertificateDer<'static>) -> Result<Self, CertificateError> {
        let facts = parser::facts(&der).map_err(|reason| CertificateError::Damaged { reason })?;
        go::readable(&der).map_err(|rule| CertificateError::NotForGo { rule })?;
        Ok(Self { der, facts })
    }

    /// The first certificate of a PEM file, all of which has to be sound.
    ///
    /// # Errors
    /// As [`chain_from_pem`](Self::chain_from_pem).
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        Self::chain_from_pem(text)?.into_iter().next().ok_or(CertificateError::NoPem)
    }

    /// All certificates of a PEM file, in the order of the file; at least one. Text between the blocks is
    /// passed over.
    ///
    /// # Errors
    /// As [`CertificateError`] says, one variant for each thing that can be wrong.
    pub fn chain_from_pem(text: &[u8]) -> Result<Vec<Self>, CertificateError> {
        if text.trim_ascii().is_empty() {
            return Err(CertificateError::Empty);
        }
        let mut found = false;
        for label in pem::labels(text) {
            found = true;
            if label.ends_with("PRIVATE KEY") || label == "EC PARAMETERS" {
                return Err(CertificateError::PrivateKey);
            }
            if label != "CERTIFICATE" {
                return Err(CertificateError::OtherBlock { label });
            }
        }
        if !found {
            return Err(CertificateError::NoPem);
        }
        let sections = pem::decode(text).map_err(|reason| CertificateError::Damaged { reason })?;
        let certificates = sections.iter().filter(|(kind, _)| *kind == SectionKind::Certificate);
        certificates.map(|(_, der)| Self::from_der(der)).collect()
    }

    /// The bytes of the certificate.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The bytes as the type that TLS libraries take.
    pub(crate) fn tls_der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// The certificate in PEM, with a final line feed.
    pub fn pem(&self) -> String {
        std::mem::take(&mut *pem::encode("CERTIFICATE", &self.der))
    }

    /// The serial number, big endian, without the sign byte that DER may put first.
    pub fn serial(&self) -> &[u8] {
        &self.facts.serial
    }

    /// The serial number in lower-case hexadecimal without separators.
    pub fn serial_hex(&self) -> String {
        hex::encode(&self.facts.serial)
    }

    /// The subject for people, as in RFC 4514 but with a space after the comma: `CN=node1, O=example.zone`.
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// The issuer, written as the [`subject`](Self::subject).
    pub fn issuer(&self) -> &str {
        &self.facts.issuer
    }

    /// The DER of the subject, tag and length included.
    pub fn subject_der(&self) -> &[u8] {
        &self.der[self.facts.subject_der.clone()]
    }

    /// The DER of the issuer, tag and length included.
    pub fn issuer_der(&self) -> &[u8] {
        &self.der[self.facts.issuer_der.clone()]
    }

    /// The first common name of the subject.
    pub fn common_name(&self) -> Option<&str> {
        self.facts.common_name.as_deref()
    }

    /// The DNS names and addresses. Other kinds (URI, e-mail) are left out; DNS names are taken as they
    /// stand, in lower case, even where [`SubjectAltNames::insert_dns`] would refuse them.
    pub fn names(&self) -> &SubjectAltNames {
        &self.facts.names
    }

    /// The first instant of validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.facts.not_before
    }

    /// The last instant of validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.facts.not_after
    }

    /// What a TLS stack lets it be used for. Without the extension, or with anyExtendedKeyUsage in it, that
    /// is both (RFC 5280, 4.2.1.12).
    pub fn usages(&self) -> Usages {
        self.facts.usages
    }

    /// Whether it may sign certificates: basicConstraints says CA, and keyUsage, where there is one, says
    /// keyCertSign.
    pub fn is_authority(&self) -> bool {
        self.facts.authority && self.facts.may_sign_certificates
    }

    /// Whether basicConstraints says CA, whatever keyUsage says.
    pub(crate) fn has_authority_constraint(&self) -> bool {
        self.facts.authority
    }

    /// Whether it is a CA, or of a version that does not say.
    pub(crate) fn may_be_anchor(&self) -> bool {
        self.facts.authority || self.facts.version < 3
    }

    /// pathLenConstraint; none if it is absent, or if this is no authority.
    pub fn path_length(&self) -> Option<u32> {
        self.facts.path_length
    }

    /// The permitted DNS subtrees of its name constraints, in lower case.
    pub fn permitted_dns(&self) -> &[String] {
        &self.facts.constraints.permitted_dns
    }

    /// Its name constraints on DNS names and addresses.
    pub fn name_constraints(&self) -> &NameConstraints {
        &self.facts.constraints
    }

    /// Whether it names itself as its issuer: a root, as far as the names tell.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der() == self.issuer_der()
    }

    /// Whether it names `issuer` as its issuer. Of several with one subject the key identifier tells which
    /// (RFC 5280, 4.2.1.1).
    pub fn names_issuer(&self, issuer: &Self) -> bool {
        let is_identified = match (self.authority_key_identifier(), issuer.subject_key_identifier()) {
            (Some(wanted), Some(identifier)) => wanted == identifier,
            _ => true,
        };
        self.issuer_der() == issuer.subject_der() && is_identified
    }

    /// The subject key identifier.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.facts.subject_key_identifier.as_deref()
    }

    /// The key identifier of the issuer's key.
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.facts.authority_key_identifier.as_deref()
    }

    /// The DER of the `SubjectPublicKeyInfo`.
    pub fn subject_public_key_info(&self) -> &[u8] {
        &self.der[self.facts.public_key.clone()]
    }

    /// SHA-256 of [`subject_public_key_info`](Self::subject_public_key_info).
    pub fn subject_public_key_sha256(&self) -> [u8; 32] {
        sha256(self.subject_public_key_info())
    }

    /// The kind of key for people: `ECDSA P-256`, `RSA 2048`, `Ed25519`.
    pub fn key_description(&self) -> &str {
        &self.facts.key_description
    }

    /// The length of the modulus in bits, if the key is an RSA key.
    pub fn rsa_bits(&self) -> Option<usize> {
        self.facts.rsa_bits
    }

    /// The name of the signature algorithm, if it rests on SHA-1 or MD5.
    pub fn weak_signature(&self) -> Option<&'static str> {
        self.facts.weak_signature
    }

    /// SHA-256 of the whole certificate.
    pub fn fingerprint_sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    /// How much of the validity is used up at `now`: 0 at `notBefore` and before, 1 at `notAfter`, more than
    /// 1 after.
    pub fn validity_used(&self, now: OffsetDateTime) -> f64 {
        let whole = (self.not_after() - self.not_before()).as_seconds_f64();
        let used = (now - self.not_before()).as_seconds_f64();
        if whole > 0.0 { (used / whole).max(0.0) } else { f64::INFINITY }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("facts", &self.facts).finish_non_exhaustive()
    }
}
