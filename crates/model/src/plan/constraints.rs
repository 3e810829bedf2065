//! Name constraints: what the plane CAs of a zone may certify at all.

use zone_pki::SubjectAltName;

use crate::config::{Address, ZoneConfig};

/// A zone with more nodes has no short names in its certificates. Each of them is a constraint of its own,
/// which every certificate file and every handshake carries with the CA and every verifier compares with
/// every name.
const SHORT_NAMES_AT_MOST: usize = 64;

/// The DNS names that the plane CAs of a zone may certify: everything below the zone's name, what the
/// configuration names outside it, and `localhost`.
pub fn permitted_dns(zone: &ZoneConfig) -> Vec<String> {
    let mut permitted = vec![zone.name.as_str().to_owned(), "localhost".to_owned()];
    let mut permit = |name: &str| {
        let name = name.strip_prefix("*.").unwrap_or(name).to_owned();
        if !is_permitted(&name, &permitted) {
            permitted.push(name);
        }
    };
    for node in &zone.nodes {
        // One with a dot could be a domain of someone else.
        if zone.nodes.len() <= SHORT_NAMES_AT_MOST && !node.name.short().contains('.') {
            permit(node.name.short());
        }
        if let Address::Name(name) = &node.address {
            permit(name.as_str());
        }
    }
    for name in zone.nodes.iter().flat_map(|node| &node.names).chain(&zone.pki.server_names) {
        if let SubjectAltName::Dns(name) = name {
            permit(name);
        }
    }
    permitted
}

/// Whether a CA with these constraints may certify `name` (RFC 5280 section 4.2.1.10): it is one of them or
/// lies below one.
pub fn is_permitted(name: &str, permitted: &[String]) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    permitted.is_empty()
        || permitted.iter().any(|base| {
            name.strip_suffix(base.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}
