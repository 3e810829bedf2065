//! The extensions of a certificate: `processExtensions`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::der::{BOOLEAN, Der, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, constructed, context, small};
use super::name_constraints::{self, NameConstraints};
use super::{Rule, parser, text, uri};

/// What the extensions say.
#[derive(Debug, Default)]
pub(super) struct Extensions<'d> {
    /// basicConstraints, if it is there.
    pub(super) basic: Option<Basic>,
    /// The bits of keyUsage; all are zero without it.
    pub(super) may_sign: bool,
    /// Whether a bit of keyUsage is set.
    pub(super) has_key_usage: bool,
    pub(super) usages: Option<ExtendedUsages>,
    /// The subject alternative name as it stands.
    pub(super) alternative_name: Option<&'d [u8]>,
    pub(super) names: Names<'d>,
    pub(super) constraints: Option<NameConstraints<'d>>,
    pub(super) policies: Vec<&'d [u8]>,
    pub(super) has_policy_mappings: bool,
    /// Whether anyPolicy is mapped, which is forbidden (RFC 5280, 4.2.1.5).
    pub(super) maps_any_policy: bool,
    pub(super) inhibits_any_policy: bool,
    /// requireExplicitPolicy of policyConstraints.
    pub(super) explicit_policy: Option<u64>,
    /// Those that are critical and that Go does not handle, as numbers with dots.
    pub(super) unhandled: Vec<String>,
}

/// basicConstraints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Basic {
    pub(super) is_authority: bool,
    pub(super) path_length: Option<u64>,
}

/// extendedKeyUsage.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExtendedUsages {
    pub(super) any: bool,
    pub(super) server: bool,
    pub(super) client: bool,
    /// An extension without a usage is like none.
    pub(super) is_empty: bool,
}

/// The names that a certificate is for.
#[derive(Debug, Default)]
pub(super) struct Names<'d> {
    pub(super) dns: Vec<&'d str>,
    pub(super) mailboxes: Vec<&'d str>,
    pub(super) addresses: Vec<IpAddr>,
    /// Each with its host.
    pub(super) uris: Vec<(&'d str, String)>,
}

struct Extension<'d> {
    number: &'d [u8],
    is_critical: bool,
    value: Der<'d>,
}

const AGAIN: &str = "have it issued again without that extension, or with a sound one";
/// anyPolicy (RFC 5280, 4.2.1.4).
pub(super) const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0];
/// authorityInfoAccess (RFC 5280, 4.2.2.1).
const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];

/// Reads what follows the public key.
pub(super) fn read(body: Der<'_>) -> Result<Extensions<'_>, Rule> {
    let unreadable =
        || Rule::new("has extensions that cannot be read", "x509.ParseCertificate; RFC 5280, 4.1.2.9", AGAIN);
    let mut read = Extensions::default();
    let mut seen: Vec<&[u8]> = Vec::new();
    for extension in split(body).ok_or_else(unreadable)? {
        if seen.contains(&extension.number) {
            let what = format!("has the extension {} twice", dotted(extension.number));
            return Err(Rule::new(what, "x509.ParseCertificate; RFC 5280, 4.2", AGAIN));
        }
        seen.push(extension.number);
        process(&mut read, &extension)?;
    }
    Ok(read)
}

fn split(mut body: Der<'_>) -> Option<Vec<Extension<'_>>> {
    parser::unique_identifiers(&mut body)?;
    let mut list = Vec::new();
    let Some(mut wrapped) = body.optional(constructed(3))? else { return Some(list) };
    let mut all = wrapped.take(SEQUENCE)?;
    while !all.is_empty() {
        let mut one = all.take(SEQUENCE)?;
        let number = one.identifier()?;
        let is_critical = if one.peek(BOOLEAN) { one.boolean()? } else { false };
        list.push(Extension { number, is_critical, value: one.take(OCTET_STRING)? });
    }
    Some(list)
}

fn process<'d>(read: &mut Extensions<'d>, extension: &Extension<'d>) -> Result<(), Rule> {
    let value = extension.value;
    let malformed = |name: &str, source| {
        let what = format!("has a malformed extension {name}");
        move || Rule::new(what, source, AGAIN)
    };
    let never_critical = |name: &str, source| match extension.is_critical {
        true => Err(Rule::new(format!("marks its {name} critical"), source, AGAIN)),
        false => Ok(()),
    };
    let mut is_handled = true;
    match *extension.number {
        [0x55, 0x1d, 14] => {
            never_critical("subject key identifier", "processExtensions; RFC 5280, 4.2.1.2")?;
            let mut value = value;
            value
                .take(OCTET_STRING)
                .ok_or_else(malformed("subjectKeyIdentifier", "processExtensions; RFC 5280, 4.2.1.2"))?;
        }
        [0x55, 0x1d, 15] => {
            let mut value = value;
            let bits = value
                .bits()
                .ok_or_else(malformed("keyUsage", "parseKeyUsageExtension; RFC 5280, 4.2.1.3"))?;
            // Nine bits are known; keyCertSign is the sixth.
            read.may_sign = bits.first().is_some_and(|first| first & 0x04 != 0);
            read.has_key_usage = bits.first().is_some_and(|first| *first != 0)
                || bits.get(1).is_some_and(|next| next & 0x80 != 0);
        }
        [0x55, 0x1d, 17] => {
            read.alternative_name = Some(value.0);
            read.names = names(value)?;
            let names = &read.names;
            is_handled = !(names.dns.is_empty()
                && names.mailboxes.is_empty()
                && names.addresses.is_empty()
                && names.uris.is_empty());
        }
        [0x55, 0x1d, 19] => {
            let basic = basic(value);
            read.basic = Some(basic.ok_or_else(malformed(
                "basicConstraints",
                "parseBasicConstraintsExtension; RFC 5280, 4.2.1.9",
            ))?);
        }
        [0x55, 0x1d, 30] => {
            let constraints = name_constraints::read(value)?;
            is_handled = constraints.is_handled;
            read.constraints = Some(constraints);
        }
        [0x55, 0x1d, 31] => {
            distribution_points(value)
                .ok_or_else(malformed("cRLDistributionPoints", "processExtensions; RFC 5280, 4.2.1.13"))?;
        }
        [0x55, 0x1d, 32] => {
            let policies = policies(value);
            read.policies = policies.ok_or_else(malformed(
                "certificatePolicies",
                "parseCertificatePoliciesExtension; RFC 5280, 4.2.1.4",
            ))?;
        }
        [0x55, 0x1d, 33] => {
            let maps_any = policy_mappings(value);
            read.maps_any_policy =
                maps_any.ok_or_else(malformed("policyMappings", "processExtensions; RFC 5280, 4.2.1.5"))?;
            read.has_policy_mappings = true;
        }
        [0x55, 0x1d, 35] => {
            never_critical("authority key identifier", "parseAuthorityKeyIdentifier; RFC 5280, 4.2.1.1")?;
            let mut value = value;
            let identifier = value.take(SEQUENCE).and_then(|mut inside| inside.optional(context(0)));
            identifier.ok_or_else(malformed(
                "authorityKeyIdentifier",
                "parseAuthorityKeyIdentifier; RFC 5280, 4.2.1.1",
            ))?;
        }
        [0x55, 0x1d, 36] => {
            let explicit = policy_constraints(value);
            read.explicit_policy = explicit
                .ok_or_else(malformed("policyConstraints", "processExtensions; RFC 5280, 4.2.1.11"))?;
        }
        [0x55, 0x1d, 37] => {
            let usages = extended_usages(value);
            read.usages = Some(usages.ok_or_else(malformed(
                "extendedKeyUsage",
                "parseExtKeyUsageExtension; RFC 5280, 4.2.1.12",
            ))?);
        }
        [0x55, 0x1d, 54] => {
            let mut value = value;
            read.inhibits_any_policy = true;
            let skipped = value.integer().and_then(small);
            skipped.ok_or_else(malformed("inhibitAnyPolicy", "processExtensions; RFC 5280, 4.2.1.14"))?;
        }
        _ if extension.number == AUTHORITY_INFO_ACCESS => {
            never_critical("authority information access", "processExtensions; RFC 5280, 4.2.2.1")?;
            information_access(value)
                .ok_or_else(malformed("authorityInfoAccess", "processExtensions; RFC 5280, 4.2.2.1"))?;
        }
        _ => is_handled = false,
    }
    if extension.is_critical && !is_handled {
        read.unhandled.push(dotted(extension.number));
    }
    Ok(())
}

/// `parseSANExtension`.
fn names(mut value: Der<'_>) -> Result<Names<'_>, Rule> {
    const SOURCE: &str = "parseSANExtension; RFC 5280, 4.2.1.6";
    let refused =
        |what: String| Rule::new(what, SOURCE, "have it made with subject alternative names that are sound");
    let unreadable = || refused("has subject alternative names that cannot be read".to_owned());
    let mut list = value.take(SEQUENCE).ok_or_else(unreadable)?;
    let mut names = Names::default();
    while !list.is_empty() {
        let (tag, bytes) = list.any().ok_or_else(unreadable)?;
        let ascii = |kind: &str| {
            let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
            text.ok_or_else(|| {
                refused(format!("has a {kind} among its subject alternative names that is not ASCII"))
            })
        };
        match tag {
            0x81 => names.mailboxes.push(ascii("mailbox")?),
            0x82 => names.dns.push(ascii("DNS name")?),
            0x86 => {
                let text = ascii("URI")?;
                let host = uri::host(text).filter(|host| host.is_empty() || text::is_domain(host, false));
                let host = host.ok_or_else(|| {
                    refused(format!(
                        "has the URI {text} among its subject alternative names, which is not one"
                    ))
                })?;
                names.uris.push((text, host));
            }
            0x87 => {
                let address = address(bytes);
                let what = || {
                    format!(
                        "has an IP address of {} bytes among its subject alternative names, of 4 or 16",
                        bytes.len()
                    )
                };
                names.addresses.push(address.ok_or_else(|| refused(what()))?);
            }
            _ => {}
        }
    }
    Ok(names)
}

/// 4 or 16 bytes.
pub(super) fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|octets| IpAddr::from(Ipv4Addr::from(octets)));
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|octets| IpAddr::from(Ipv6Addr::from(octets)))).ok()
}

fn basic(mut value: Der<'_>) -> Option<Basic> {
    let mut inside = value.take(SEQUENCE)?;
    let is_authority = if inside.peek(BOOLEAN) { inside.boolean()? } else { false };
    let path_length = if inside.peek(super::der::INTEGER) { Some(inside.unsigned()?) } else { None };
    Some(Basic { is_authority, path_length })
}

fn extended_usages(mut value: Der<'_>) -> Option<ExtendedUsages> {
    let mut list = value.take(SEQUENCE)?;
    let mut usages = ExtendedUsages { any: false, server: false, client: false, is_empty: list.is_empty() };
    while !list.is_empty() {
        match list.identifier()? {
            [0x55, 0x1d, 37, 0] => usages.any = true,
            [0x2b, 6, 1, 5, 5, 7, 3, 1] => usages.server = true,
            [0x2b, 6, 1, 5, 5, 7, 3, 2] => usages.client = true,
            _ => {}
        }
    }
    Some(usages)
}

fn policies(mut value: Der<'_>) -> Option<Vec<&[u8]>> {
    let mut list = value.take(SEQUENCE)?;
    let mut policies = Vec::new();
    while !list.is_empty() {
        let policy = list.take(SEQUENCE)?.take(OBJECT_IDENTIFIER)?.0;
        let is_new = !policies.contains(&policy) && policy.last().is_some_and(|last| *last < 0x80);
        is_new.then(|| policies.push(policy))?;
    }
    Some(policies)
}

/// Whether one of them is of anyPolicy.
fn policy_mappings(mut value: Der<'_>) -> Option<bool> {
    let mut list = value.take(SEQUENCE)?;
    let mut maps_any = false;
    while !list.is_empty() {
        let mut mapping = list.take(SEQUENCE)?;
        let (from, to) = (mapping.take(OBJECT_IDENTIFIER)?.0, mapping.take(OBJECT_IDENTIFIER)?.0);
        maps_any |= from == ANY_POLICY || to == ANY_POLICY;
    }
    Some(maps_any)
}

/// requireExplicitPolicy, if it is there.
fn policy_constraints(mut value: Der<'_>) -> Option<Option<u64>> {
    let mut inside = value.take(SEQUENCE)?;
    let mut number = |tag| match inside.peek(tag) {
        true => inside.integer_with(tag).and_then(small).map(Some),
        false => Some(None),
    };
    let explicit = number(context(0))?;
    number(context(1))?;
    Some(explicit.and_then(|skipped| u64::try_from(skipped).ok()))
}

fn distribution_points(mut value: Der<'_>) -> Option<()> {
    let mut list = value.take(SEQUENCE)?;
    while !list.is_empty() {
        let mut point = list.take(SEQUENCE)?;
        let Some(mut name) = point.optional(constructed(0))? else { continue };
        let mut full = name.take(constructed(0))?;
        while full.peek(context(6)) {
            full.take(context(6))?;
        }
    }
    Some(())
}

fn information_access(mut value: Der<'_>) -> Option<()> {
    let mut list = value.take(SEQUENCE)?;
    while !list.is_empty() {
        let mut one = list.take(SEQUENCE)?;
        one.identifier()?;
        if one.peek(context(6)) {
            one.take(context(6))?;
        }
    }
    Some(())
}

fn dotted(number: &[u8]) -> String {
    crate::key::dotted(number)
}
