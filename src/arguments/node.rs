//! `--node NAME=ADDRESS`, for a node that is described on the command line.

use std::net::Ipv6Addr;

use model::config::TemplateNode;
use model::error::{Exit, Failure, Result};

/// `NAME=ADDRESS[:PEER_PORT[:CLIENT_PORT]]`; only what stands between the parts is read here, `zone.toml`'s
/// reader does the rest.
pub fn parse_node(text: &str) -> Result<TemplateNode> {
    let usage = |what: String| {
        Failure::new(Exit::Usage, what)
            .next("write --node NAME=ADDRESS[:PEER_PORT[:CLIENT_PORT]], IPv6 as NAME=[ADDRESS]:PORT")
    };
    let Some((name, place)) = text.split_once('=') else {
        return Err(usage(format!("`--node {text}` has no address")));
    };
    if place.contains("://") {
        return Err(usage(format!("`--node {text}` has a URL for an address")));
    }
    if let Some((address, ports)) = ipv6_with_ports(place) {
        return Err(Failure::new(
            Exit::Usage,
            format!("`--node {text}` needs brackets around its IPv6 address"),
        )
        .because("without them it cannot be told where the address ends and a port begins")
        .next(format!(
            "write --node {name}=[{address}]:{ports}; if all of it is the address: --node {name}=[{place}]"
        )));
    }
    let (address, ports) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, ports)) => (address, ports),
        None if place.parse::<Ipv6Addr>().is_ok() => (place, ""),
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let mut numbers = Vec::new();
    for port in ports.split(':').skip(1) {
        numbers
            .push(port.parse::<u16>().map_err(|_| usage(format!("`{port}` in `--node {text}` is no port")))?);
    }
    if numbers.len() > 2 || (!ports.is_empty() && !ports.starts_with(':')) {
        return Err(usage(format!("`--node {text}` has more than an address and two ports")));
    }
    Ok(TemplateNode {
        name: name.to_owned(),
        address: (!address.is_empty()).then(|| address.to_owned()),
        peer_port: numbers.first().copied(),
        client_port: numbers.get(1).copied(),
        metrics_port: None,
        names: Vec::new(),
    })
}

/// An IPv6 address without brackets, and the one or two ports after it: `fd00::1:2380` is an address as well.
fn ipv6_with_ports(place: &str) -> Option<(&str, &str)> {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    place
        .rmatch_indices(':')
        .take(2)
        .map(|(end, _)| (&place[..end], &place[end + 1..]))
        .filter(|(address, ports)| address.parse::<Ipv6Addr>().is_ok() && ports.split(':').all(is_port))
        .last()
}
