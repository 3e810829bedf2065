//! URIs among the names of a certificate, as `net/url` parses them (`url.go`).

/// The host of a URI, with its port; empty without one. Nothing if Go cannot parse it.
pub(super) fn host(uri: &str) -> Option<String> {
    let (uri, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    if uri.bytes().any(|byte| byte < b' ' || byte == 0x7f) || !escapes_are_sound(fragment) {
        return None;
    }
    if uri == "*" {
        return Some(String::new());
    }
    let (scheme, rest) = scheme(uri)?;
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    if !rest.starts_with('/') {
        let is_relative = scheme.is_empty();
        let first = rest.split('/').next().unwrap_or_default();
        return (!is_relative || (!first.contains(':') && escapes_are_sound(rest))).then(String::new);
    }
    let authority = rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///"));
    let Some(authority) = authority else { return escapes_are_sound(rest).then(String::new) };
    let (authority, path) = match authority.find('/') {
        Some(at) => authority.split_at(at),
        None => (authority, ""),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !user.bytes().all(is_user) || !escapes_are_sound(user) || !escapes_are_sound(path) {
        return None;
    }
    host_and_port(&scheme.to_ascii_lowercase(), host)
}

/// `getScheme`: what stands before the first colon, if it can be a scheme, and what follows.
fn scheme(uri: &str) -> Option<(&str, &str)> {
    for (index, byte) in uri.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return None,
            b':' => return Some((&uri[..index], &uri[index + 1..])),
            _ => break,
        }
    }
    Some(("", uri))
}

/// `parseHost`.
fn host_and_port(scheme: &str, host: &str) -> Option<String> {
    match host.rfind('[') {
        Some(0) => {
            let (address, port) = host[1..].rsplit_once(']')?;
            let address = address.split_once("%25").map_or(address, |(address, _)| address);
            let is_sound = is_port(port) && address.parse::<std::net::Ipv6Addr>().is_ok();
            return is_sound.then(|| host.to_owned());
        }
        Some(_) => return None,
        None => {}
    }
    let colon = if matches!(scheme, "http" | "https") { host.find(':') } else { host.rfind(':') };
    if colon.is_some_and(|colon| !is_port(&host[colon..])) || !escapes_are_sound(host) {
        return None;
    }
    // In a host, only bytes beyond ASCII are escaped.
    let is_host =
        |byte: u8| byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]<>\"%".contains(&byte);
    let beyond_ascii =
        |escape: &str| escape.starts_with("25") || escape.bytes().next().is_some_and(|digit| digit > b'7');
    (host.bytes().all(is_host) && host.split('%').skip(1).all(beyond_ascii)).then(|| host.to_owned())
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn escapes_are_sound(text: &str) -> bool {
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let mut parts = text.split('%').map(str::as_bytes).skip(1);
    parts.all(|part| is_hex(part.first()) && is_hex(part.get(1)))
}
