//! Whether the names of a chain are within the constraints of the CAs above: `checkChainConstraints`.

use std::fmt::Display;
use std::net::IpAddr;

use super::extensions::Names;
use super::name_constraints::NameConstraints;
use super::parser::Parsed;
use super::{Refusal, Rule, text};

const SOURCE: &str = "checkChainConstraints; RFC 5280, 4.2.1.10";

/// Every certificate that has names, against the constraints of all above it, the anchor's too.
pub(super) fn check(chain: &[&Parsed<'_>]) -> Result<(), Refusal> {
    for (index, named) in chain.iter().enumerate().filter(|(_, named)| named.alternative_name.is_some()) {
        let above = chain[index + 1..].iter();
        for (authority, constraints) in
            above.filter_map(|authority| Some((authority, authority.constraints.as_ref()?)))
        {
            within(&named.names, constraints).map_err(|what| {
                let what = format!("has {what} of {}", authority.certificate.subject());
                let remedy =
                    "have it made with names that its CAs may certify, or by a CA without these constraints";
                Rule::new(what, SOURCE, remedy).of(named.certificate)
            })?;
        }
    }
    Ok(())
}

/// The error is the name, and what of a CA it breaks.
fn within(names: &Names<'_>, constraints: &NameConstraints<'_>) -> Result<(), String> {
    let NameConstraints { permitted, excluded, .. } = constraints;
    let unfit = |kind: &str, name: &str| {
        Err(format!("the {kind} {name}, which cannot be held against the name constraints"))
    };
    for address in &names.addresses {
        let is_in = |(base, mask): &(IpAddr, IpAddr)| contains(*base, *mask, *address);
        judge(address, &permitted.addresses, &excluded.addresses, is_in, is_in)?;
    }
    for name in &names.dns {
        if !text::is_domain(name, false) {
            return unfit("DNS name", name);
        }
        domain(name, name, &permitted.dns, &excluded.dns)?;
    }
    for (uri, host) in &names.uris {
        let host =
            host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host.as_str(), |(host, _)| host);
        let is_address = host.parse::<IpAddr>().is_ok() || host.starts_with('[');
        if host.is_empty() || is_address || !text::is_domain(host, false) {
            return unfit("URI", uri);
        }
        domain(uri, host, &permitted.uris, &excluded.uris)?;
    }
    for name in &names.mailboxes {
        let Some((local, host)) = text::mailbox(name) else { return unfit("mailbox", name) };
        let matches = |is_excluded: bool| {
            move |base: &&str| match base.split_once('@') {
                Some((wanted, domain)) => wanted == local && domain.eq_ignore_ascii_case(host),
                None => is_below(host, base, is_excluded),
            }
        };
        judge(name, &permitted.mailboxes, &excluded.mailboxes, matches(false), matches(true))?;
    }
    Ok(())
}

fn domain(shown: &str, name: &str, permitted: &[&str], excluded: &[&str]) -> Result<(), String> {
    let below = |is_excluded| move |base: &&str| is_below(name, base, is_excluded);
    judge(shown, permitted, excluded, below(false), below(true))
}

fn judge<T>(
    name: impl Display,
    permitted: &[T],
    excluded: &[T],
    is_permitted: impl Fn(&T) -> bool,
    is_excluded: impl Fn(&T) -> bool,
) -> Result<(), String> {
    if !permitted.is_empty() && !permitted.iter().any(is_permitted) {
        return Err(format!("the name {name}, which is not among the permitted names"));
    }
    match excluded.iter().any(is_excluded) {
        true => Err(format!("the name {name}, which is among the excluded names")),
        false => Ok(()),
    }
}

/// `dnsHasSuffix`: a base that begins with a dot is what lies below it alone. A wildcard is excluded as well
/// by what it could stand for.
fn is_below(name: &str, base: &str, is_excluded: bool) -> bool {
    let (name, base) = (name.to_ascii_lowercase(), base.to_ascii_lowercase());
    let behind_first = |name: &str| name.find('.').map(|dot| name[dot..].to_owned());
    let is_suffix = name.strip_suffix(&base).is_some_and(|rest| {
        base.is_empty() || base.starts_with('.') || rest.is_empty() || rest.ends_with('.')
    });
    let could_stand_for = || {
        let own = behind_first(&name);
        is_excluded && name.starts_with('*') && own.is_some() && own == behind_first(&base)
    };
    is_suffix || could_stand_for()
}

fn contains(base: IpAddr, mask: IpAddr, address: IpAddr) -> bool {
    match (base, mask, address) {
        (IpAddr::V4(base), IpAddr::V4(mask), IpAddr::V4(address)) => {
            (base.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
        }
        (IpAddr::V6(base), IpAddr::V6(mask), IpAddr::V6(address)) => {
            (base.to_bits() ^ address.to_bits()) & mask.to_bits() == 0
        }
        _ => false,
    }
}
