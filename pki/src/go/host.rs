//! Whether a certificate is for the host that was dialled: `VerifyHostname`.

use std::net::IpAddr;

use super::parser::Parsed;
use super::{Refusal, Rule};

/// Refuses a certificate that is for other hosts.
pub(super) fn verify(leaf: &Parsed<'_>, host: &str) -> Result<(), Refusal> {
    if covers(leaf, host) {
        return Ok(());
    }
    let rule = Rule::new(
        format!("is not for {host}"),
        "VerifyHostname; RFC 6125, 6.4",
        "have it made with subjectAltName for the host that is dialled",
    );
    Err(rule.of(leaf.certificate))
}

pub(super) fn covers(leaf: &Parsed<'_>, host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => leaf.names.addresses.iter().any(|name| name.to_canonical() == address.to_canonical()),
        Err(_) => leaf.names.dns.iter().any(|name| stands_for(name, host)),
    }
}

fn stands_for(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    let dialled = host.strip_suffix('.').unwrap_or(&host);
    if !(is_host(dialled, false) && is_host(&name, true)) {
        return !matches!(name.as_str(), "" | ".") && name == host;
    }
    match name.strip_prefix("*.") {
        Some(rest) => dialled.split_once('.').is_some_and(|(_, below)| below == rest),
        None => name == dialled,
    }
}

/// `validHostname`.
fn is_host(name: &str, is_pattern: bool) -> bool {
    let is_label = |label: &str| {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && !label.starts_with('-') && label.bytes().all(is_sound)
    };
    let labels = name.strip_prefix("*.").filter(|_| is_pattern).unwrap_or(name);
    labels.split('.').all(is_label)
}
