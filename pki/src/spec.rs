//! What to issue: subjects, usages, and the two kinds of specification.

use std::fmt;

use rcgen::{DistinguishedName, DnType};

use crate::hex;
use crate::key::{KeyAlgorithm, sha256};
use crate::name::SubjectAltNames;

/// RFC 5280, appendix A.1: `ub-common-name`, and the same bound for organization and unit. In characters.
const UPPER_BOUND: usize = 64;

/// Whom a certificate is about. It is encoded organization first, common name last, each at most once: an
/// attribute that is repeated would be lost when the certificate is later loaded as an authority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Subject {
    /// `CN`, at most 64 characters; see [`Subject::fit_common_name`].
    pub common_name: Option<String>,
    /// `O`, at most 64 characters.
    pub organization: Option<String>,
    /// `OU`, at most 64 characters.
    pub organizational_unit: Option<String>,
}

/// Why a subject cannot be put into a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// No attribute at all. `openssl verify -x509_strict` refuses an empty subject, and RFC 5280, 4.1.2.6,
    /// for a CA.
    #[error("the subject is empty")]
    Empty,
    /// An attribute without a character in it; X.520 wants one at least.
    #[error("the {attribute} of the subject is empty")]
    EmptyAttribute {
        /// `common name`, `organization` or `organizational unit`.
        attribute: &'static str,
    },
    /// An attribute beyond the bound of RFC 5280, appendix A.1.
    #[error("the {attribute} of the subject has {length} characters, of at most 64")]
    TooLong {
        /// `common name`, `organization` or `organizational unit`.
        attribute: &'static str,
        /// Characters.
        length: usize,
    },
}

impl Subject {
    /// A subject of a common name only.
    pub fn with_common_name(common_name: impl Into<String>) -> Self {
        Self { common_name: Some(common_name.into()), ..Self::default() }
    }

    /// A common name of at most 64 characters for a thing that is called `full`: `full` if it fits, else
    /// `short` if that fits and is not empty, else the first 47 characters of `full`, a hyphen and 16
    /// hexadecimal digits of its SHA-256, so that two long names with a common beginning stay apart.
    pub fn fit_common_name(full: &str, short: &str) -> String {
        let fits = |name: &str| (1..=UPPER_BOUND).contains(&name.chars().count());
        if fits(full) {
            full.to_owned()
        } else if fits(short) {
            short.to_owned()
        } else {
            let hash = hex::encode(&sha256(full.as_bytes())[..8]);
            let beginning: String = full.chars().take(UPPER_BOUND - 1 - hash.len()).collect();
            format!("{beginning}-{hash}")
        }
    }

    /// The subject as rcgen wants it, in the order in which it is encoded.
    pub(crate) fn distinguished_name(&self) -> Result<DistinguishedName, SubjectError> {
        let attributes = [
            (DnType::OrganizationName, "organization", &self.organization),
            (DnType::OrganizationalUnitName, "organizational unit", &self.organizational_unit),
            (DnType::CommonName, "common name", &self.common_name),
        ];
        let mut name = DistinguishedName::new();
        for (kind, attribute, value) in attributes {
            let Some(value) = value else { continue };
            match value.chars().count() {
                0 => return Err(SubjectError::EmptyAttribute { attribute }),
                1..=UPPER_BOUND => name.push(kind, value.as_str()),
                length => return Err(SubjectError::TooLong { attribute, length }),
            }
        }
        if name.iter().next().is_none() { Err(SubjectError::Empty) } else { Ok(name) }
    }
}

/// The attributes, the most specific first (RFC 4514): `CN=node1, O=example.zone`.
impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes =
            [("CN", &self.common_name), ("OU", &self.organizational_unit), ("O", &self.organization)];
        let present = attributes
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")));
        formatter.pad(&present.collect::<Vec<_>>().join(", "))
    }
}

/// One of the two uses of a certificate in TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Usage {
    /// id-kp-serverAuth: the side that listens.
    Server,
    /// id-kp-clientAuth: the side that dials.
    Client,
}

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Server => "server authentication",
            Self::Client => "client authentication",
        })
    }
}

/// `server`, `client`, `server client`, or `none`.
impl fmt::Display for Usages {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match (self.server, self.client) {
            (true, true) => "server client",
            (true, false) => "server",
            (false, true) => "client",
            (false, false) => "none",
        })
    }
}

/// The extended key usages of a certificate (RFC 5280, 4.2.1.12), as far as TLS is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Usages {
    /// id-kp-serverAuth.
    pub server: bool,
    /// id-kp-clientAuth.
    pub client: bool,
}

impl Usages {
    /// Only for the side that listens.
    pub const SERVER: Self = Self { server: true, client: false };
    /// Only for the side that dials.
    pub const CLIENT: Self = Self { server: false, client: true };
    /// For both sides, as etcd's peers need it.
    pub const BOTH: Self = Self { server: true, client: true };
    /// For neither.
    pub const NONE: Self = Self { server: false, client: false };

    /// Whether this usage is among them.
    pub const fn contains(self, usage: Usage) -> bool {
        match usage {
            Usage::Server => self.server,
            Usage::Client => self.client,
        }
    }

    /// Those that are not among others.
    pub const fn without(self, others: Self) -> Self {
        Self { server: self.server && !others.server, client: self.client && !others.client }
    }

    /// `server authentication and client authentication`.
    pub fn in_words(self) -> String {
        self.iter().map(|usage| usage.to_string()).collect::<Vec<_>>().join(" and ")
    }

    /// The usages that are set, server first.
    pub fn iter(self) -> impl Iterator<Item = Usage> {
        [Usage::Server, Usage::Client].into_iter().filter(move |usage| self.contains(*usage))
    }
}

/// A certificate for a TLS server or client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafSpec {
    /// Whom it is about.
    pub subject: Subject,
    /// The hosts that it covers. A client needs none.
    pub names: SubjectAltNames,
    /// What it may be used for: one or both.
    pub usages: Usages,
    /// From the instant of issue to `notAfter`; the authority's own end cuts it short.
    pub validity: time::Duration,
    /// The kind of its key.
    pub key: KeyAlgorithm,
}

/// A certificate authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthoritySpec {
    /// Whom it is about.
    pub subject: Subject,
    /// How many authorities may stand between it and a leaf (RFC 5280, 4.2.1.9); 0 if it issues leaves only.
    pub path_length: u8,
    /// The DNS names, each with all names under it, that certificates below may carry (RFC 5280, 4.2.1.10).
    /// Empty: no constraint. Addresses are not constrained.
    pub permitted_dns: Vec<String>,
    /// From the instant of issue to `notAfter`; the issuing authority's own end cuts it short.
    pub validity: time::Duration,
    /// The kind of its key.
    pub key: KeyAlgorithm,
}
