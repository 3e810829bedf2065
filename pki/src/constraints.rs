//! Name constraints (RFC 5280, 4.2.1.10) on DNS names and addresses: what those who are certified below an
//! authority may be called.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::{self, GeneralName, GeneralSubtree};

use crate::name::SubjectAltName;

/// The name constraints of an authority, as far as they are about DNS names and addresses. Without the
/// extension there are none, and every name may be certified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// The DNS names that may be certified, each with all below it, in lower case. Empty: any.
    pub permitted_dns: Vec<String>,
    /// The DNS names that may not be certified, each with all below it, in lower case.
    pub excluded_dns: Vec<String>,
    /// The addresses that may be certified. Empty: any.
    pub permitted_ip: Vec<Subnet>,
    /// The addresses that may not be certified.
    pub excluded_ip: Vec<Subnet>,
}

/// A range of addresses: those that agree with `address` wherever a bit of `mask` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subnet {
    /// An address in it.
    pub address: IpAddr,
    /// Which of its bits count; of the same family.
    pub mask: IpAddr,
}

/// Why a name may not be certified, with the constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// Names of its kind are permitted, and it is not one of those.
    #[error("only {permitted} is permitted")]
    NotPermitted {
        /// All that is, with commas.
        permitted: String,
    },
    /// It is excluded, whatever is permitted.
    #[error("{excluded} is excluded")]
    Excluded {
        /// What excludes it.
        excluded: String,
    },
}

impl NameConstraints {
    /// Whether a certificate below the authority may have this name.
    ///
    /// # Errors
    /// The constraint that it does not satisfy.
    pub fn check(&self, name: &SubjectAltName) -> Result<(), ConstraintError> {
        match name {
            SubjectAltName::Dns(name) => {
                let within = |base: &String| is_within(name, base);
                judge(&self.permitted_dns, &self.excluded_dns, within)
            }
            SubjectAltName::Ip(address) => {
                let within = |subnet: &Subnet| subnet.contains(*address);
                judge(&self.permitted_ip, &self.excluded_ip, within)
            }
        }
    }

    /// Reads the extension. The error is a reason, for a message.
    pub(crate) fn read(extension: &extensions::NameConstraints<'_>) -> Result<Self, String> {
        let mut constraints = Self::default();
        let Self { permitted_dns, excluded_dns, permitted_ip, excluded_ip } = &mut constraints;
        read_subtrees(extension.permitted_subtrees.as_deref(), permitted_dns, permitted_ip)?;
        read_subtrees(extension.excluded_subtrees.as_deref(), excluded_dns, excluded_ip)?;
        Ok(constraints)
    }
}

impl Subnet {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, self.mask, address) {
            (IpAddr::V4(base), IpAddr::V4(mask), IpAddr::V4(address)) => {
                (base.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
            }
            (IpAddr::V6(base), IpAddr::V6(mask), IpAddr::V6(address)) => {
                (base.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
            }
            // A constraint on addresses of one family permits none of the other, as Go and OpenSSL have it.
            _ => false,
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ones, whole) = match self.mask {
            IpAddr::V4(mask) => (mask.to_bits().leading_ones(), mask.to_bits().count_ones()),
            IpAddr::V6(mask) => (mask.to_bits().leading_ones(), mask.to_bits().count_ones()),
        };
        if ones == whole {
            write!(formatter, "{}/{ones}", self.address)
        } else {
            write!(formatter, "{}/{}", self.address, self.mask)
        }
    }
}

fn judge<T: fmt::Display>(
    permitted: &[T],
    excluded: &[T],
    within: impl Fn(&T) -> bool,
) -> Result<(), ConstraintError> {
    if let Some(excluded) = excluded.iter().find(|subtree| within(subtree)) {
        return Err(ConstraintError::Excluded { excluded: excluded.to_string() });
    }
    if permitted.is_empty() || permitted.iter().any(within) {
        return Ok(());
    }
    let permitted: Vec<String> = permitted.iter().map(ToString::to_string).collect();
    Err(ConstraintError::NotPermitted { permitted: permitted.join(", ") })
}

/// Whether `name` is `base` or lies below it; a wildcard is as wide as what it covers. Some authorities write
/// a dot before the base, which Go and webpki take for "below it, but not itself"; an empty base is every
/// name.
fn is_within(name: &str, base: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    match base.strip_prefix('.') {
        Some(_) => name.ends_with(base),
        None => name
            .strip_suffix(base)
            .is_some_and(|rest| base.is_empty() || rest.is_empty() || rest.ends_with('.')),
    }
}

fn read_subtrees(
    subtrees: Option<&[GeneralSubtree<'_>]>,
    dns: &mut Vec<String>,
    ip: &mut Vec<Subnet>,
) -> Result<(), String> {
    for subtree in subtrees.unwrap_or_default() {
        match &subtree.base {
            GeneralName::DNSName(name) => dns.push(name.to_ascii_lowercase()),
            GeneralName::IPAddress(octets) => {
                let subnet = subnet(octets);
                ip.push(subnet.ok_or("a name constraint on addresses has no mask of the same length")?);
            }
            _ => {}
        }
    }
    Ok(())
}

/// An address and its mask, one after the other.
fn subnet(octets: &[u8]) -> Option<Subnet> {
    let half = |part: &[u8]| -> Option<IpAddr> {
        match part.len() {
            4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(part).ok()?).into()),
            16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(part).ok()?).into()),
            _ => None,
        }
    };
    let (address, mask) = octets.split_at(octets.len() / 2);
    Some(Subnet { address: half(address)?, mask: half(mask)? })
}
