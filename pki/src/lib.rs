//! The certificates of a zone: issuing, checking, and keeping them on disk.
//!
//! The crate is given resolved specifications (*what* to issue) and an instant (*when*), and knows how: it
//! has no opinion on roles, file layouts above a generation, command lines or printing. Given the same
//! arguments it does the same thing; only keys and serial numbers are random.
//!
//! | module | what it holds |
//! |---|---|
//! | [`key`] | private keys: generated, read from PEM, written as PKCS#8 |
//! | [`encrypted_key`] | private keys under a passphrase |
//! | [`name`], [`spec`] | subject alternative names, subjects, and the specifications to issue from |
//! | [`certificate`], [`constraints`] | a certificate, and the facts read out of it |
//! | [`authority`], [`authority_files`] | an authority: made here, or read from files, and what it issues |
//! | [`request`] | requests for certificates: made, and read |
//! | [`revocation`], [`revocation_list`] | revocation lists: made, and read |
//! | [`document`] | documents that an authority signs |
//! | [`jws`] | detached JSON Web Signatures, for documents that others verify too |
//! | [`check`] | verification by another implementation than the one that issues |
//! | [`rules`] | what is asked of one certificate by itself, and where each rule comes from |
//! | [`go`] | whether Go, and etcd with it, would accept a chain |
//! | [`private_file`], [`regular_file`], [`store`] | private files, public files, and generations of them |
//! | [`record_log`], [`issuance_log`] | append-only records, and that of what was issued |
//!
//! Invariants: nothing is overwritten in place; a private file has its mode from creation; a secret is wiped
//! when dropped and never printed; no certificate leaves [`authority`] whose issuer differs from its
//! authority's subject.

#![warn(missing_docs)]

pub mod authority;
pub mod authority_files;
pub mod certificate;
pub mod check;
pub mod constraints;
mod der;
pub mod document;
pub mod encrypted_key;
pub mod go;
pub mod hex;
mod instant;
pub mod issuance_log;
pub mod jws;
pub mod key;
pub mod name;
mod pem;
pub mod printable;
pub mod private_file;
pub mod record_log;
pub mod regular_file;
pub mod request;
pub mod revocation;
pub mod revocation_list;
pub mod rules;
mod signature_cache;
mod signer;
pub mod spec;
pub mod store;

pub use authority::{Authority, IssueError, Issued};
pub use authority_files::LoadError;
pub use certificate::{Certificate, CertificateError};
pub use check::{CheckError, key_matches, verify};
pub use constraints::{ConstraintError, NameConstraints, Subnet};
pub use document::DocumentError;
pub use encrypted_key::DecryptError;
pub use instant::{instant, whole_seconds};
pub use issuance_log::{IssuanceLog, LogEntry, RevocationMark};
pub use jws::{DetachedJws, JwsError, JwsHeader};
pub use key::{KeyAlgorithm, KeyError, PrivateKey};
pub use name::{NameError, SubjectAltName, SubjectAltNames};
pub use pem::refuse_unlike_go;
pub use printable::{ShowPath, Visible};
pub use private_file::PrivateFileError;
pub use record_log::{LogError, LogLine, LogPlace, RecordLog};
pub use request::{CertificateRequest, RequestError};
pub use revocation::{RevocationReason, Revoked};
pub use revocation_list::{RevocationList, RevocationListError};
pub use rules::{Fault, Rule};
pub use signature_cache::once;
pub use spec::{AuthoritySpec, LeafSpec, Subject, SubjectError, Usage, Usages};
pub use store::{FileKind, Generation, GenerationStore, Staged, StoreError, commit_all};
