//! Where a node is reached: addresses, ports and the protocol between members.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use super::names::{DnsName, NameFault, NodeName, ZoneName};

/// The host part of a member's URLs, the same bytes on every node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IP address.
    Ip(IpAddr),
    /// A host name that every node can resolve.
    Name(DnsName),
}

impl Address {
    /// Reads an IP address (IPv6 with or without brackets) or a host name.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let fault = |what: String, instead: &str| Err(NameFault { what, instead: instead.to_owned() });
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if text.contains("://") || text.contains('/') {
            return fault(
                format!("`{text}` is a URL, not an address"),
                "write the host alone; ports have keys of their own",
            );
        }
        if bare.contains('%') {
            return fault(
                format!("`{text}` has an IPv6 scope, which other machines cannot use"),
                "write an address that is the same on every node",
            );
        }
        if let Ok(ip) = bare.parse::<IpAddr>() {
            if ip.is_ipv4() && bare != text {
                return fault(format!("`{text}` has brackets, which only IPv6 has"), &format!("write {ip}"));
            }
            return Self::from_ip(ip, text);
        }
        if bare.contains(':') {
            return fault(
                format!("`{text}` is neither an IPv6 address nor a host name"),
                "write the host alone; ports have keys of their own",
            );
        }
        let name = DnsName::parse("address", text)?;
        if name.as_str() == "localhost" || name.as_str().ends_with(".localhost") {
            return fault(
                format!("`{text}` means another machine on every machine, and 127.0.0.1 or ::1 by chance"),
                "write the address at which the other nodes reach this one; for a zone on one machine, \
                 127.0.0.1",
            );
        }
        Ok(Self::Name(name))
    }

    fn from_ip(ip: IpAddr, text: &str) -> Result<Self, NameFault> {
        let fault = |why: &str, instead: String| Err(NameFault { what: format!("`{text}` {why}"), instead });
        let canonical = ip.to_canonical();
        if canonical != ip {
            return fault("is an IPv4 address written as IPv6", format!("write {canonical}"));
        }
        if ip.is_unspecified() {
            return fault(
                "is no address that another node can dial",
                "write the address of this node".to_owned(),
            );
        }
        if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return fault("is a multicast or broadcast address", "write the address of this node".to_owned());
        }
        if let IpAddr::V6(ip) = ip
            && ip.is_unicast_link_local()
        {
            return fault(
                "is link-local: without a scope, which other machines cannot use, it cannot be dialled",
                "write an address that is the same on every node".to_owned(),
            );
        }
        if let IpAddr::V4(ip) = ip
            && (ip.octets()[0] == 0 || ip.octets()[0] >= 240)
        {
            return fault("is in a reserved range", "write the address of this node".to_owned());
        }
        Ok(Self::Ip(ip))
    }

    /// Whether it is a loopback address, which only the same machine can dial.
    pub fn is_loopback(&self) -> bool {
        matches!(self, Self::Ip(ip) if ip.is_loopback())
    }

    /// The address as the host part of a URL: IPv6 in brackets (RFC 3986 section 3.2.2).
    pub fn url_host(&self) -> String {
        match self {
            Self::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
            Self::Ip(ip) => ip.to_string(),
            Self::Name(name) => name.to_string(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// A TCP port, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(std::num::NonZeroU16);

impl Port {
    /// etcd's registered port for members among themselves.
    pub const PEER: Self = Self::known(2380);
    /// etcd's registered port for clients.
    pub const CLIENT: Self = Self::known(2379);
    /// Where the nameservice of a zone answers.
    pub const NAMESERVICE: Self = Self::known(3456);

    const fn known(number: u16) -> Self {
        match std::num::NonZeroU16::new(number) {
            Some(port) => Self(port),
            None => panic!("port 0"),
        }
    }

    /// Reads a number as a port.
    pub fn from_number(number: i64) -> Result<Self, NameFault> {
        u16::try_from(number).ok().and_then(std::num::NonZeroU16::new).map(Self).ok_or_else(|| NameFault {
            what: format!("{number} is no port"),
            instead: "write a number from 1 to 65535".to_owned(),
        })
    }

    /// The number.
    pub fn number(self) -> u16 {
        self.0.get()
    }

    /// The next port, unless this one is the last.
    pub fn following(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How the members reach a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// TLS over TCP, directly.
    #[default]
    Https,
    /// TLS over TCP through a cyfs gateway on the same machine: the member listens on loopback alone, and its
    /// source address as others see it is not its own.
    Cyfs,
}

impl Protocol {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Cyfs => "cyfs",
        }
    }

    /// Reads a protocol's name.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        match text {
            "https" => Ok(Self::Https),
            "cyfs" => Ok(Self::Cyfs),
            _ => Err(NameFault {
                what: format!("`{text}` is no protocol"),
                instead: "write \"https\" or \"cyfs\"".to_owned(),
            }),
        }
    }
}

impl NodeName {
    /// The name for a node of which no more is known than its address: the address itself where that is a
    /// name in the zone, else a label that is made of it.
    ///
    /// # Errors
    /// The address is longer than a label.
    pub fn of_address(address: &Address, zone: &ZoneName) -> Result<Self, NameFault> {
        match address {
            Address::Name(name) if name.is_within(zone.dns()) => Self::parse(name.as_str(), zone),
            address => Self::parse(&address.to_string().replace(['.', ':'], "-"), zone),
        }
    }
}
