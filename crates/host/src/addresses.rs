//! Addresses of this machine, and what names resolve to, within a bounded time.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::threads::detached;

/// Whether the address is one of this machine's: whether it can be bound.
pub fn is_here(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// The addresses of this machine's interfaces that others may reach it at: neither loopback nor link-local.
pub fn own_addresses() -> BTreeSet<IpAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let addresses = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    });
    addresses
        .filter(|address| match address {
            IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
            IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
        })
        .collect()
}

/// The address from which the kernel sends to `to`, by its routes. Nothing is sent.
pub fn source_towards(to: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    Ok(socket.local_addr()?.ip())
}

/// What names resolve to, all asked at the same time. One that has no answer within `limit` is given up; its
/// look-up is left behind, since getaddrinfo(3) cannot be ended.
pub fn resolve(
    names: impl IntoIterator<Item = String>,
    limit: Duration,
) -> BTreeMap<String, Result<Vec<IpAddr>, String>> {
    let deadline = Instant::now() + limit;
    let (sender, receiver) = mpsc::channel();
    let mut answers: BTreeMap<String, Result<Vec<IpAddr>, String>> = BTreeMap::new();
    let mut awaited = 0;
    for name in names {
        if answers.insert(name.clone(), Err("the name server does not answer in time".to_owned())).is_some() {
            continue;
        }
        let sender = sender.clone();
        let asked = name.clone();
        let begun = detached(move || {
            let answer = (name.as_str(), 0)
                .to_socket_addrs()
                .map(|found| found.map(|socket| socket.ip().to_canonical()).collect::<Vec<_>>())
                .map_err(|error| error.to_string());
            // The receiver is gone once the time is over.
            let _ = sender.send((name, answer));
        });
        match begun {
            Ok(()) => awaited += 1,
            Err(error) => drop(answers.insert(asked, Err(error.to_string()))),
        }
    }
    for _ in 0..awaited {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((name, Ok(mut addresses))) => {
                addresses.sort_unstable();
                addresses.dedup();
                answers.insert(name, Ok(addresses));
            }
            Ok((name, Err(why))) => {
                answers.insert(name, Err(why));
            }
            Err(_) => break,
        }
    }
    answers
}
