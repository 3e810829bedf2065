//! Whether a certificate covers a host, by the rules of Go's `crypto/x509` (`Certificate.VerifyHostname`), which is what etcd
//! and its clients go by: no common name, addresses against addresses alone, a wildcard for one label.

use std::net::IpAddr;

use zone_pki::{Certificate, SubjectAltName};

/// Whether a Go client that dials `host` takes the certificate. IPv6 may be in brackets.
pub fn covers(certificate: &Certificate, host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let address = address.to_canonical();
        return certificate.names().iter().any(|name| *name == SubjectAltName::Ip(address));
    }
    let host = host.to_ascii_lowercase();
    certificate.names().iter().any(|name| match name {
        SubjectAltName::Dns(pattern) => matches(pattern, &host),
        SubjectAltName::Ip(_) => false,
    })
}

/// `matchHostnames` in `crypto/x509/verify.go`: label by label, and `*` as the whole leftmost label stands for any one.
fn matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if pattern.is_empty() || host.is_empty() {
        return false;
    }
    let (wanted, given): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), host.split('.').collect());
    wanted.len() == given.len()
        && wanted
            .iter()
            .zip(&given)
            .enumerate()
            .all(|(index, (wanted, given))| (index == 0 && *wanted == "*") || wanted == given)
}

/// The host of `https://HOST:PORT`, without brackets.
pub fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let rest = rest.split('/').next()?;
    let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
    Some(host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host))
}
