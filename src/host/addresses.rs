//! Addresses of this machine, and what names lead to, within a bounded time.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Whether the address is one of this machine's: whether it can be bound.
pub fn is_here(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
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

/// What names lead to, all asked at the same time. One that has no answer within `limit` is given up; its look-up is left behind,
/// since getaddrinfo(3) cannot be ended.
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
        awaited += 1;
        let sender = sender.clone();
        std::thread::spawn(move || {
            let answer = (name.as_str(), 0)
                .to_socket_addrs()
                .map(|found| found.map(|socket| socket.ip().to_canonical()).collect::<Vec<_>>())
                .map_err(|error| error.to_string());
            // Nobody listens once the time is over.
            let _ = sender.send((name, answer));
        });
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
