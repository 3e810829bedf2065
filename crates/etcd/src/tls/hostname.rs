//! The host of a URL.

/// The host of `https://HOST:PORT`, without brackets.
pub fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let rest = rest.split('/').next()?;
    let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
    Some(host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host))
}
