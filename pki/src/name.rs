//! Subject alternative names (RFC 5280, 4.2.1.6): DNS names and addresses, in one spelling each.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::printable::Visible;

/// A host that a certificate covers. DNS names sort before addresses.
///
/// [`FromStr`] gives a valid one in its canonical spelling. One that is put together by hand is made
/// canonical by [`SubjectAltNames`], and checked when a certificate is issued.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum SubjectAltName {
    /// A DNS name, lower case, without a final dot; the leftmost label may be `*`.
    Dns(String),
    /// An address. An IPv4-mapped IPv6 address is held as IPv4.
    Ip(IpAddr),
}

/// Why a string is not a DNS name that a certificate can carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or only a dot.
    #[error("the name is empty")]
    Empty,
    /// More than 253 characters (RFC 1035, 2.3.4, without the root label).
    #[error("the name has {length} characters, of at most 253")]
    TooLong {
        /// Characters, the final dot not counted.
        length: usize,
    },
    /// A character beyond ASCII. Certificates carry the ASCII form of such names (RFC 5280, 7.2).
    #[error("{name:?} is not ASCII: write its xn-- form (RFC 5891)")]
    NotAscii {
        /// The name as given.
        name: String,
    },
    /// A label that is empty, longer than 63 characters, begins or ends with a hyphen, or has a character
    /// that is neither a letter, a digit nor a hyphen (RFC 1123, 2.1).
    #[error("{label:?} in {name:?} is not a label: 1 to 63 letters, digits and inner hyphens")]
    Label {
        /// The label.
        label: String,
        /// The whole name.
        name: String,
    },
    /// A `*` that is not the whole leftmost label, or is followed by fewer than two labels: verifiers refuse
    /// both (RFC 6125, 6.4.3).
    #[error("the wildcard in {name:?} must be the whole leftmost label, before at least two others")]
    Wildcard {
        /// The whole name.
        name: String,
    },
    /// The last label is a number: it is an address with a mistake in it, and verifiers refuse it as a DNS
    /// name.
    #[error("{name:?} is neither an address nor a DNS name: its last label is a number")]
    Address {
        /// The whole name.
        name: String,
    },
}

impl SubjectAltName {
    /// A DNS name, checked and canonical.
    ///
    /// # Errors
    /// As [`NameError`] says.
    pub fn dns(name: &str) -> Result<Self, NameError> {
        canonical_dns(name).map(Self::Dns)
    }

    /// An address; IPv4-mapped IPv6 becomes IPv4, because that is what a TLS client compares.
    pub fn ip(address: IpAddr) -> Self {
        Self::Ip(address.to_canonical())
    }

    /// The same name in the spelling that comparisons assume. It does not check.
    fn canonical(self) -> Self {
        match self {
            Self::Dns(name) => Self::Dns(name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase()),
            Self::Ip(address) => Self::ip(address),
        }
    }
}

impl FromStr for SubjectAltName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Self::ip(address)),
            Err(_) => Self::dns(text),
        }
    }
}

impl TryFrom<String> for SubjectAltName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<SubjectAltName> for String {
    fn from(name: SubjectAltName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // That of a certificate may be anything.
            Self::Dns(name) => write!(formatter, "{}", Visible(name)),
            Self::Ip(address) => write!(formatter, "{address}"),
        }
    }
}

/// A set of names: each once, DNS names in alphabetical order and then addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubjectAltNames(BTreeSet<SubjectAltName>);

impl SubjectAltNames {
    /// No names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a DNS name.
    ///
    /// # Errors
    /// As [`NameError`] says; the set is then as before.
    pub fn insert_dns(&mut self, name: &str) -> Result<(), NameError> {
        self.0.insert(SubjectAltName::dns(name)?);
        Ok(())
    }

    /// Adds an address.
    pub fn insert_ip(&mut self, address: IpAddr) {
        self.0.insert(SubjectAltName::ip(address));
    }

    /// Adds a name in its canonical spelling.
    pub fn insert(&mut self, name: SubjectAltName) {
        self.0.insert(name.canonical());
    }

    /// The names, DNS names first.
    pub fn iter(&self) -> impl Iterator<Item = &SubjectAltName> {
        self.0.iter()
    }

    /// Whether this very name is in the set. A wildcard in the set does not cover the names that it covers.
    pub fn contains(&self, name: &SubjectAltName) -> bool {
        self.0.contains(name) || self.0.contains(&name.clone().canonical())
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<SubjectAltName> for SubjectAltNames {
    fn from_iter<I: IntoIterator<Item = SubjectAltName>>(names: I) -> Self {
        Self(names.into_iter().map(SubjectAltName::canonical).collect())
    }
}

impl fmt::Display for SubjectAltNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.iter().enumerate() {
            write!(formatter, "{}{name}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// The one spelling of a DNS name: ASCII, lower case, no final dot, nothing but labels that every verifier
/// accepts.
pub(crate) fn canonical_dns(given: &str) -> Result<String, NameError> {
    let name = given.strip_suffix('.').unwrap_or(given);
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if !name.is_ascii() {
        return Err(NameError::NotAscii { name: given.to_owned() });
    }
    if name.len() > 253 {
        return Err(NameError::TooLong { length: name.len() });
    }
    let rest = match name.strip_prefix("*.") {
        Some(rest) if rest.contains('.') => rest,
        Some(_) => return Err(NameError::Wildcard { name: given.to_owned() }),
        None => name,
    };
    if rest.contains('*') {
        return Err(NameError::Wildcard { name: given.to_owned() });
    }
    if let Some(label) = rest.split('.').find(|label| !is_label(label)) {
        return Err(NameError::Label { label: label.to_owned(), name: given.to_owned() });
    }
    let last = rest.rsplit('.').next().unwrap_or(rest);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NameError::Address { name: given.to_owned() });
    }
    Ok(name.to_ascii_lowercase())
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
