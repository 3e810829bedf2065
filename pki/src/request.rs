//! Requests for certificates (PKCS#10, RFC 2986): made here for an authority elsewhere, and read from those
//! who hold their keys themselves.

mod parser;

use std::fmt;

use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::SectionKind;
use webpki::{ALL_VERIFICATION_ALGS, Error, RawPublicKeyEntity};

use crate::authority::{IssueError, encoding, parameters};
use crate::key::{KeyError, PrivateKey, PublicKey, sha256};
use crate::name::SubjectAltNames;
use crate::pem;
use crate::signer::Signer;
use crate::spec::{AuthoritySpec, Subject, Usages};

/// Why there is no request to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No bytes, or nothing but white space.
    #[error("it is empty")]
    Empty,
    /// Bytes, but no PEM block begins in them.
    #[error("it holds no PEM block")]
    NoPem,
    /// A private key: it must not leave its machine, and is not wanted here.
    #[error("it holds a private key where a certificate request should be")]
    PrivateKey,
    /// Another PEM block.
    #[error("it holds a {label:?} block where only certificate requests may be")]
    OtherBlock {
        /// The label of the block.
        label: String,
    },
    /// More than one request where one is wanted.
    #[error("it holds more than one certificate request")]
    Several,
    /// The encoding is cut short or inconsistent.
    #[error("the certificate request is truncated or damaged: {reason}")]
    Damaged {
        /// What the parser says.
        reason: String,
    },
    /// A name in it would do something to a terminal.
    #[error("the certificate request has U+{:04X}, a control character, in a name", u32::from(*character))]
    ControlCharacter {
        /// The character.
        character: char,
    },
    /// The public key is of a kind that is not certified here, or too weak.
    #[error("the key of the certificate request: {0}")]
    Key(#[source] KeyError),
    /// The signature is of a kind that proves nothing, such as one over SHA-1, or does not fit the key.
    #[error("the certificate request is signed with an algorithm that is not accepted for its key")]
    SignatureAlgorithm,
    /// There is no proof of possession of the private key.
    #[error("the certificate request is not signed by the key that it is for")]
    BadSignature,
}

/// A request for a certificate, sound in form. Whether its maker has the key is told by
/// [`verify`](Self::verify), and what it asks for is a wish.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    der: Vec<u8>,
    facts: parser::Facts,
}

impl CertificateRequest {
    /// Asks for a certificate for a TLS server or client.
    ///
    /// # Errors
    /// [`IssueError::Subject`], [`IssueError::Name`], [`IssueError::NoUsage`], [`IssueError::Key`].
    pub fn make_leaf(
        key: &PrivateKey,
        subject: &Subject,
        names: &SubjectAltNames,
        usages: Usages,
    ) -> Result<Self, IssueError> {
        Self::make(key, &parameters::leaf_request(subject, names, usages)?)
    }

    /// Asks for an authority: CA:TRUE with the path length, keyCertSign and cRLSign, and the name
    /// constraints. How long it is valid is the issuer's to say, and `spec.key` does not matter.
    ///
    /// # Errors
    /// [`IssueError::Subject`], [`IssueError::Name`], [`IssueError::Key`].
    pub fn make_authority(key: &PrivateKey, spec: &AuthoritySpec) -> Result<Self, IssueError> {
        Self::make(key, &parameters::authority_request(spec)?)
    }

    fn make(key: &PrivateKey, parameters: &rcgen::CertificateParams) -> Result<Self, IssueError> {
        let request = parameters.serialize_request(&Signer(key.pair()?)).map_err(encoding)?;
        Ok(Self::from_der(request.der())?)
    }

    /// Reads one request in DER, from the first byte to the last.
    ///
    /// # Errors
    /// [`RequestError::Damaged`], [`RequestError::Key`].
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        Ok(Self { facts: parser::facts(der)?, der: der.to_vec() })
    }

    /// The one request in a PEM file.
    ///
    /// # Errors
    /// As [`all_from_pem`](Self::all_from_pem), and [`RequestError::Several`].
    pub fn from_pem(text: &[u8]) -> Result<Self, RequestError> {
        let mut requests = Self::all_from_pem(text)?;
        if requests.len() > 1 {
            return Err(RequestError::Several);
        }
        requests.pop().ok_or(RequestError::NoPem)
    }

    /// All requests of a PEM file, in the order of the file; at least one. Text between the blocks is passed
    /// over.
    ///
    /// # Errors
    /// As [`RequestError`] says, one variant for each thing that can be wrong.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, RequestError> {
        if text.trim_ascii().is_empty() {
            return Err(RequestError::Empty);
        }
        let labels: Vec<String> = pem::labels(text).collect();
        if labels.is_empty() {
            return Err(RequestError::NoPem);
        }
        for label in labels {
            if label.ends_with("PRIVATE KEY") || label == "EC PARAMETERS" {
                return Err(RequestError::PrivateKey);
            }
            if label != "CERTIFICATE REQUEST" {
                return Err(RequestError::OtherBlock { label });
            }
        }
        let sections = pem::decode(text).map_err(|reason| RequestError::Damaged { reason })?;
        let requests = sections.iter().filter(|(kind, _)| *kind == SectionKind::Csr);
        requests.map(|(_, der)| Self::from_der(der)).collect()
    }

    /// Whether the request is signed by the key that it is for (RFC 2986, section 3): proof that its maker
    /// has the private key.
    ///
    /// # Errors
    /// [`RequestError::SignatureAlgorithm`], [`RequestError::BadSignature`].
    pub fn verify(&self) -> Result<(), RequestError> {
        let info = SubjectPublicKeyInfoDer::from(self.subject_public_key_info());
        let entity = RawPublicKeyEntity::try_from(&info).map_err(|_| RequestError::BadSignature)?;
        let (message, signature) =
            (&self.der[self.facts.signed.clone()], &self.der[self.facts.signature.clone()]);
        let named = &self.der[self.facts.signature_algorithm.clone()];
        for algorithm in ALL_VERIFICATION_ALGS {
            if algorithm.signature_alg_id().as_ref() != named {
                continue;
            }
            match entity.verify_signature(*algorithm, message, signature) {
                // The same signature algorithm is listed once for each curve.
                Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
                Err(_) => return Err(RequestError::BadSignature),
                Ok(()) => return Ok(()),
            }
        }
        Err(RequestError::SignatureAlgorithm)
    }

    /// The bytes of the request.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The request in PEM, with a final line feed.
    pub fn pem(&self) -> String {
        std::mem::take(&mut *pem::encode("CERTIFICATE REQUEST", &self.der))
    }

    /// The subject that it asks for, for people, as [`Certificate::subject`](crate::Certificate::subject) has
    /// it. May be empty.
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// The first common name of the subject.
    pub fn common_name(&self) -> Option<&str> {
        self.facts.common_name.as_deref()
    }

    /// The DNS names and addresses that it asks for. Other kinds are left out.
    pub fn names(&self) -> &SubjectAltNames {
        &self.facts.names
    }

    /// The usages that it asks for; none if it leaves that to the authority.
    pub fn usages(&self) -> Usages {
        self.facts.usages
    }

    /// Whether it asks for an authority.
    pub fn asks_for_authority(&self) -> bool {
        self.facts.authority
    }

    /// The DER of the `SubjectPublicKeyInfo`.
    pub fn subject_public_key_info(&self) -> &[u8] {
        &self.der[self.facts.public_key_info.clone()]
    }

    /// SHA-256 of [`subject_public_key_info`](Self::subject_public_key_info).
    pub fn subject_public_key_sha256(&self) -> [u8; 32] {
        sha256(self.subject_public_key_info())
    }

    /// The kind of key for people: `ECDSA P-256`, `RSA 2048`, `Ed25519`.
    pub fn key_description(&self) -> &str {
        &self.facts.key_description
    }

    /// The key, to be certified.
    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.facts.public_key
    }
}

impl fmt::Debug for CertificateRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CertificateRequest").field("facts", &self.facts).finish_non_exhaustive()
    }
}
