//! /etc/resolv.conf and /etc/hosts, read as Go's resolver reads them (`net/dnsconfig_unix.go`,
//! `net/hosts.go`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::time::Duration;

use zone_pki::regular_file;

/// Where name servers are listed.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Where names have addresses on this host.
pub const HOSTS: &str = "/etc/hosts";
/// In bytes. Block lists are some MiB.
const SIZE_AT_MOST: u64 = 64 << 20;
/// Go asks no more.
const SERVERS_AT_MOST: usize = 3;
const DNS_PORT: u16 = 53;
/// As resolv.conf(5) has it.
const ATTEMPTS_AT_MOST: u32 = 5;

/// The name servers of this host, and how they are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverConfig {
    pub servers: Vec<SocketAddr>,
    pub timeout: Duration,
    /// From 1 to 5.
    pub attempts: u32,
}

impl ResolverConfig {
    /// Reads /etc/resolv.conf. Without the file, or without a server in it, those on this host are asked.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn load() -> io::Result<Self> {
        Ok(Self::parse(&read(RESOLV_CONF)?))
    }

    /// The text of the file.
    pub fn parse(text: &str) -> Self {
        let mut config = Self { servers: Vec::new(), timeout: Duration::from_secs(5), attempts: 2 };
        for line in text.lines().filter(|line| !line.starts_with([';', '#'])) {
            let mut words = line.split_ascii_whitespace();
            match (words.next(), words.next()) {
                (Some("nameserver"), Some(address)) if config.servers.len() < SERVERS_AT_MOST => {
                    config.servers.extend(server(address));
                }
                (Some("options"), Some(first)) => {
                    std::iter::once(first).chain(words).for_each(|option| config.take(option));
                }
                _ => {}
            }
        }
        if config.servers.is_empty() {
            let local: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            config.servers = local.map(|address| SocketAddr::new(address, DNS_PORT)).into();
        }
        config
    }

    fn take(&mut self, option: &str) {
        let number = |name: &str| option.strip_prefix(name)?.parse::<u32>().ok().map(|number| number.max(1));
        if let Some(seconds) = number("timeout:") {
            self.timeout = Duration::from_secs(seconds.into());
        }
        if let Some(attempts) = number("attempts:") {
            self.attempts = attempts.min(ATTEMPTS_AT_MOST);
        }
    }
}

/// An address, which for IPv6 may have the interface it is on, by name or number.
fn server(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, DNS_PORT));
    }
    let (address, interface) = text.split_once('%')?;
    let scope = interface.parse().ok().or_else(|| nix::net::if_::if_nametoindex(interface).ok())?;
    Some(SocketAddrV6::new(address.parse().ok()?, DNS_PORT, 0, scope).into())
}

/// The addresses that names have on this host before DNS is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    entries: Vec<(String, IpAddr)>,
}

impl Hosts {
    /// Reads /etc/hosts.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn load() -> io::Result<Self> {
        Ok(Self::parse(&read(HOSTS)?))
    }

    /// The text of the file.
    pub fn parse(text: &str) -> Self {
        let mut entries = Vec::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            let Some(Ok(address)) = words.next().map(str::parse::<IpAddr>) else { continue };
            entries.extend(words.map(|name| (bare(name), address)));
        }
        Self { entries }
    }

    /// The addresses of a name, in the order of the file.
    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let name = bare(name);
        self.entries.iter().filter(|(known, _)| *known == name).map(|(_, address)| *address).collect()
    }
}

fn bare(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The text of a file; of one that is not there, none.
fn read(path: &str) -> io::Result<String> {
    match regular_file::read_at_most(Path::new(path), SIZE_AT_MOST) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}
